#!/usr/bin/env python3
"""Writes what prefixes and prompts compute on the tiny encoders, in double precision.

    .deps/venv-interop/bin/python tests/golden/make_prompt_goldens.py

makes tests/golden/model_prompts.json: per case projections of the embeddings, and per trained tensor the norm and four
projections of the gradient of sum(c * embedding). Prompts, and prefixes that shift positions, are PEFT's; BERT with
positions that stay is transformers with cached keys and explicit positions; MPNet in transformers takes no cached keys, so
there the formula is written out.
"""

import torch
from golden_numbers import project, uniform
from make_model_goldens import TINY as BERT
from make_model_goldens import load, texts_of, vocabulary, write
from make_mpnet_goldens import PADDING, TINY as MPNET
from make_mpnet_goldens import tokens as mpnet_tokens
from peft_forms import attached
from transformers import DynamicCache

LAYERS, WIDTH, HEADS, LENGTH, INNER = 2, 64, 4, 5, 16
SCALE = 0.5


def parameter(name, *shape):
    count = 1
    for size in shape:
        count *= size
    values = torch.from_numpy(SCALE * uniform(name, count)).reshape(shape)
    return torch.nn.Parameter(values.float().double())


def flat_parameters():
    return {f"p_tuning_v2.layer.{layer}.{part}": parameter(f"p_tuning_v2.layer.{layer}.{part}", LENGTH, WIDTH)
            for layer in range(LAYERS) for part in ("keys", "values")}


def prefix_parameters():
    named = {"prefix.tokens": parameter("prefix.tokens", LENGTH, WIDTH),
             "prefix.inner.weight": parameter("prefix.inner.weight", INNER, WIDTH),
             "prefix.inner.bias": parameter("prefix.inner.bias", INNER)}
    for layer in range(LAYERS):
        for part in ("keys", "values"):
            stem = f"prefix.layer.{layer}.{part}"
            named[stem + ".weight"] = parameter(stem + ".weight", WIDTH, INNER)
            named[stem + ".bias"] = parameter(stem + ".bias", WIDTH)
    return named


def heads(rows):
    return rows.reshape(LENGTH, HEADS, WIDTH // HEADS).transpose(0, 1)[None]


def pooled(hidden, text):
    return torch.nn.functional.normalize(hidden[0, -len(text):].mean(0), dim=0)


def through_peft(form, folder, assign):
    """`assign` puts our parameters in the places of PEFT's, which are tensors computed from ours from then on."""
    model = attached(form, load(folder, torch.float32)).double().eval()
    named = assign(model)
    return named, lambda text: pooled(model(input_ids=torch.tensor([text])).last_hidden_state, text)


def replace(module, name, value):
    del module._parameters[name]
    setattr(module, name, value)


def assign_flat(model):
    named = flat_parameters()
    replace(model.prompt_encoder["default"].embedding, "weight", torch.cat(list(named.values()), 1))
    return named


def assign_prefix(model):
    named = prefix_parameters()
    encoder = model.prompt_encoder["default"]
    replace(encoder.embedding, "weight", named["prefix.tokens"])
    replace(encoder.transform[0], "weight", named["prefix.inner.weight"])
    replace(encoder.transform[0], "bias", named["prefix.inner.bias"])
    for part in ("weight", "bias"):
        outer = [value for name, value in named.items() if ".layer." in name and name.endswith(part)]
        replace(encoder.transform[2], part, torch.cat(outer))
    return named


def assign_prompt(model):
    named = {"prompt.tokens": parameter("prompt.tokens", LENGTH, WIDTH)}
    replace(model.prompt_encoder["default"].embedding, "weight", named["prompt.tokens"])
    return named


def bert_with_positions_that_stay():
    model = load(BERT, torch.float64)
    named = flat_parameters()

    def embed(text):
        cache = DynamicCache()
        for layer in range(LAYERS):
            cache.update(heads(named[f"p_tuning_v2.layer.{layer}.keys"]), heads(named[f"p_tuning_v2.layer.{layer}.values"]),
                         layer)
        hidden = model(input_ids=torch.tensor([text]), past_key_values=cache,
                       position_ids=torch.arange(len(text))[None]).last_hidden_state
        return pooled(hidden, text)

    return named, embed


def mpnet_by_the_formula():
    model = load(MPNET, torch.float64)
    named = flat_parameters()
    for number, layer in enumerate(model.encoder.layer):
        attention = layer.attention.attn

        def forward(hidden, attention_mask=None, position_bias=None, number=number, attention=attention, **unused):
            split = lambda x: x.view(1, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
            keys = torch.cat([heads(named[f"p_tuning_v2.layer.{number}.keys"]), split(attention.k(hidden))], 2)
            values = torch.cat([heads(named[f"p_tuning_v2.layer.{number}.values"]), split(attention.v(hidden))], 2)
            scores = split(attention.q(hidden)) @ keys.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
            scores = scores + torch.nn.functional.pad(position_bias, (LENGTH, 0))
            mixed = torch.softmax(scores, -1) @ values
            return (attention.o(mixed.transpose(1, 2).reshape(1, -1, WIDTH)),)

        attention.forward = forward
    return named, lambda text: pooled(model(input_ids=torch.tensor([text])).last_hidden_state, text)


def golden(case, texts):
    named, embed = case
    out = torch.stack([embed(text) for text in texts])
    weights = torch.from_numpy(uniform("loss", out.numel())).reshape(out.shape)
    gradients = torch.autograd.grad((out * weights).sum(), list(named.values()))
    return {"projections": [project(f"embedding.{i}", row) for i, row in enumerate(out)],
            "gradients": {name: [float(gradient.norm()), *project(name, gradient)]
                          for name, gradient in zip(named, gradients)}}


def main():
    torch.set_num_threads(1)
    lengths = [1, 2, 3, 5, 8, 13, 21]
    bert, mpnet = texts_of(lengths, len(vocabulary())), texts_of(lengths, len(mpnet_tokens()), PADDING)
    write("model_prompts.json", {"scale": SCALE, "bert": {"texts": bert, "forms": {
        "prefix_shift": golden(through_peft("prefix_shift", BERT, assign_prefix), bert),
        "p_tuning_v2_shift": golden(through_peft("p_tuning_v2_shift", BERT, assign_flat), bert),
        "p_tuning_v2": golden(bert_with_positions_that_stay(), bert),
        "prompt": golden(through_peft("prompt", BERT, assign_prompt), bert),
    }}, "mpnet": {"texts": mpnet, "forms": {
        "p_tuning_v2": golden(mpnet_by_the_formula(), mpnet),
        "prompt": golden(through_peft("prompt", MPNET, assign_prompt), mpnet),
    }}})


if __name__ == "__main__":
    main()
