#!/usr/bin/env python3
"""Writes what PEFT computes with adapters of linear maps on the tiny encoders, in double precision.

    .deps/venv-interop/bin/python tests/golden/make_linear_goldens.py

makes tests/golden/model_linear.json and model_linear_mpnet.json: for every form of peft_forms.py how its parameters were set, projections of the
embeddings, and per trained tensor the norm and four projections of the gradient of sum(c * embedding). Run
make_model_goldens.py and make_mpnet_goldens.py first when the tiny encoders change.
"""

import torch
from golden_numbers import project, uniform
from make_model_goldens import TINY, embed, gradients, load, texts_of, vocabulary, write
from make_mpnet_goldens import PADDING, TINY as TINY_MPNET
from make_mpnet_goldens import tokens as mpnet_tokens
from peft_forms import FORMS, attached, shared, trained


def values(name, shape):
    count = 1
    for size in shape:
        count *= size
    return torch.from_numpy(uniform(name, count)).reshape(shape)


def golden(folder, form, texts):
    torch.manual_seed(0)
    model = attached(form, load(folder, torch.float32)).double().eval()
    settings, named = {}, []
    for name, parameter, keep, scale in trained(form, model):
        changed = keep * parameter.data.reshape(-1) + scale * values(name, [parameter.numel()])
        parameter.data = changed.float().double().reshape(parameter.shape)
        settings[name] = [keep, scale]
        named.append((name, parameter))
    for name, tensor, scale in shared(form, model):
        tensor.copy_((scale * values(name, tensor.shape)).float())
        settings[name] = [0, scale]
    with torch.no_grad():
        projections = [project(f"embedding.{i}", row) for i, row in enumerate(embed(model, texts))]
    return {"values": settings, "projections": projections, "gradients": gradients(named, model, texts)}


def main():
    torch.set_num_threads(1)
    lengths = [1, 2, 3, 5, 8, 13, 21]
    for file, folder, texts in (("model_linear.json", TINY, texts_of(lengths, len(vocabulary()))),
                                ("model_linear_mpnet.json", TINY_MPNET, texts_of(lengths, len(mpnet_tokens()), PADDING))):
        write(file, {"texts": texts, "forms": {form: golden(folder, form, texts) for form in FORMS}})


if __name__ == "__main__":
    main()
