#!/usr/bin/env python3
"""Writes the reference values of the model tests, computed in double precision by transformers and peft.

    .deps/venv-interop/bin/python tests/golden/make_model_goldens.py

makes tests/golden/tiny_encoder/ (a random two-layer BERT with tokenizer, in the layout of sentence-transformers) and
tests/golden/model_{tiny,minilm}.json: projections of embeddings with the error of transformers in single precision, and
per trained tensor the norm and four projections of the gradient of sum(c * embedding). Projection vectors and c come from
the counter-based generator of golden_numbers.py.
"""

import json
import math
import shutil
from pathlib import Path

import torch
from golden_numbers import project, uniform
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import AutoConfig, AutoModel, BertConfig, BertModel

HERE = Path(__file__).parent
TINY = HERE / "tiny_encoder"
MINILM = HERE.parent.parent / ".deps" / "encoders" / "all-MiniLM-L6-v2"


def vocabulary():
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = """the a of and in to an on for with user users age years old year male female man woman occupation job lives
        likes liked movie movies film films genre genres title released watched rated item items profile person people who
        from student teacher writer artist doctor engineer lawyer librarian programmer scientist technician salesman
        executive educator entertainment healthcare homemaker marketing retired administrator none other action adventure
        animation children comedy crime documentary drama fantasy noir horror musical mystery romance sci fi thriller war
        western star wars man love night day life death big little city world story house last first blood king queen
        ##s ##ed ##ing ##er ##ly ##es ##al ##ic ##y""".split()
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += list("0123456789.,:;!?()'\"&-/|") + ["##" + digit for digit in "0123456789"]
    tokens += list(letters) + ["##" + letter for letter in letters] + words
    return list(dict.fromkeys(tokens))


def write_tokenizer(tokens):
    (TINY / "vocab.txt").write_text("".join(token + "\n" for token in tokens))
    tokenizer = BertWordPieceTokenizer({token: i for i, token in enumerate(tokens)}, lowercase=True)
    tokenizer.save(str(TINY / "tokenizer.json"), pretty=False)
    names = {"cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    (TINY / "special_tokens_map.json").write_text(json.dumps(names) + "\n")
    extra = {"do_lower_case": True, "model_max_length": 64, "strip_accents": None, "tokenize_chinese_chars": True}
    (TINY / "tokenizer_config.json").write_text(json.dumps({**names, **extra, "tokenizer_class": "BertTokenizer"}) + "\n")


def write_tiny_encoder():
    shutil.rmtree(TINY, ignore_errors=True)
    (TINY / "1_Pooling").mkdir(parents=True)
    tokens = vocabulary()
    config = {
        "architectures": ["BertModel"], "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "hidden_size": 64, "initializer_range": 0.02, "intermediate_size": 128,
        "layer_norm_eps": 1e-12, "max_position_embeddings": 128, "model_type": "bert", "num_attention_heads": 4,
        "num_hidden_layers": 2, "pad_token_id": 0, "position_embedding_type": "absolute", "type_vocab_size": 2,
        "vocab_size": len(tokens),
    }
    write_encoder(TINY, config, BertModel(BertConfig(**config)))
    write_tokenizer(tokens)


def write_encoder(folder, config, model):
    """A folder in the layout of sentence-transformers with random weights; lacks the tokenizer."""
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    weights = {}
    for name, parameter in model.named_parameters():
        values = torch.from_numpy(uniform("tiny." + name, parameter.numel())).reshape(parameter.shape)
        if name.endswith("LayerNorm.weight"):
            values = 1 + 0.2 * values
        elif name.endswith("bias"):
            values = 0.1 * values
        else:
            values = values * (0.3 if "embeddings" in name else 1.5 / math.sqrt(parameter.shape[-1]))
        weights[name] = values.float().contiguous()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
               for i, (path, kind) in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")
    pooling = {"word_embedding_dimension": 64, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
               "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling, indent=2) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}) + "\n")


def texts_of(lengths, vocab_size, padding=0):
    """Token ids, sorted by length as the batch plan does, all beyond that of padding: transformers gives its row no
    gradient."""
    result = []
    for number, length in enumerate(sorted(lengths)):
        values = uniform(f"text.{number}", length)
        result.append([padding + 1 + int((value + 1) / 2 * (vocab_size - padding - 1)) for value in values])
    return result


def load(folder, dtype, **changes):
    config = AutoConfig.from_pretrained(folder, **changes)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    model = AutoModel.from_pretrained(folder, config=config, attn_implementation="eager", add_pooling_layer=False,
                                      dtype=torch.float32)
    return model.to(dtype).eval()


def embed(model, texts, pooling="mean", normalize=True):
    rows = []
    for text in texts:
        hidden = model(input_ids=torch.tensor([text])).last_hidden_state[0]
        row = hidden.mean(0) if pooling == "mean" else hidden[0]
        rows.append(torch.nn.functional.normalize(row, dim=0) if normalize else row)
    return torch.stack(rows)


def embedding_goldens(folder, texts, changes=None, pooling="mean", normalize=True):
    changes = changes or {}
    with torch.no_grad():
        exact = embed(load(folder, torch.float64, **changes), texts, pooling, normalize)
        single = embed(load(folder, torch.float32, **changes), texts, pooling, normalize)
    error = (single.double() - exact).pow(2).mean().sqrt()
    projections = [project(f"embedding.{i}", row) for i, row in enumerate(exact)]
    return {"config": changes, "pooling": pooling, "normalize": normalize, "projections": projections,
            "transformers_projections": [project(f"embedding.{i}", row) for i, row in enumerate(single)],
            "transformers_rms_error": float(error)}


def gradients(named_parameters, model, texts):
    out = embed(model, texts)
    weights = torch.from_numpy(uniform("loss", out.numel())).reshape(out.shape)
    (out * weights).sum().backward()
    return {name: [float(p.grad.norm()), *project(name, p.grad)] for name, p in named_parameters}


def full_gradients(folder, texts):
    model = load(folder, torch.float64)
    return gradients(list(model.named_parameters()), model, texts)


def lora_gradients(folder, texts, targets=("query", "value")):
    model = get_peft_model(load(folder, torch.float64), LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0,
                                                                   target_modules=list(targets)))
    named = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        module = name.removeprefix("base_model.model.").split(".lora_")[0]
        ours = f"lora.{module}.{'A' if '.lora_A.' in name else 'B'}"
        scale = 0.05
        parameter.data = torch.from_numpy(uniform(ours, parameter.numel())).reshape(parameter.shape).float().double() * scale
        parameter.data = parameter.data.float().double()
        named.append((ours, parameter))
    return gradients(named, model, texts)


class PfeifferOutput(torch.nn.Module):
    """BertOutput with the bottleneck of AdapterHub's seq_bn: u = LN(h + f), LN(h + f + up(relu(down(u))))."""

    def __init__(self, output, name, width):
        super().__init__()
        self.output = output
        shapes = {"down.weight": (width // 16, width), "down.bias": (width // 16,), "up.weight": (width, width // 16),
                  "up.bias": (width,)}
        self.values = {}
        for part, shape in shapes.items():
            full = f"pfeiffer.{name}.{part}"
            values = torch.from_numpy(uniform(full, math.prod(shape))).reshape(shape).float()
            self.values[full] = torch.nn.Parameter((values * 0.05).double())
        self.down_weight, self.down_bias, self.up_weight, self.up_bias = self.values.values()

    def forward(self, hidden_states, input_tensor):
        total = self.output.dense(hidden_states) + input_tensor
        u = self.output.LayerNorm(total)
        low = torch.relu(torch.nn.functional.linear(u, self.down_weight, self.down_bias))
        return self.output.LayerNorm(total + torch.nn.functional.linear(low, self.up_weight, self.up_bias))


def pfeiffer_gradients(folder, texts):
    model = load(folder, torch.float64)
    model.requires_grad_(False)
    named = []
    for i, layer in enumerate(model.encoder.layer):
        layer.output = PfeifferOutput(layer.output, f"encoder.layer.{i}.output", model.config.hidden_size)
        named += layer.output.values.items()
    return gradients(named, model, texts)


def write(file, content):
    (HERE / file).write_text(json.dumps(content, separators=(",", ":")) + "\n")


def main():
    torch.set_num_threads(1)
    write_tiny_encoder()
    tiny_texts = texts_of([1, 1, 2, 3, 5, 5, 5, 8, 13, 21, 34, 55, 64, 89, 128], len(vocabulary()))
    short = [text for text in tiny_texts if len(text) <= 34]
    write("model_tiny.json", {
        "texts": tiny_texts,
        "gradient_texts": short,
        "embeddings": [
            embedding_goldens(TINY, tiny_texts),
            embedding_goldens(TINY, tiny_texts, {"hidden_act": "relu", "num_attention_heads": 8}, "cls", True),
            embedding_goldens(TINY, tiny_texts, {"hidden_act": "gelu_new", "layer_norm_eps": 1e-5}, "mean", False),
        ],
        "gradients": {"full": full_gradients(TINY, short), "lora": lora_gradients(TINY, short),
                      "pfeiffer": pfeiffer_gradients(TINY, short)},
    })
    if not MINILM.exists():
        print(f"{MINILM} is missing: model_minilm.json not written")
        return
    texts = texts_of([1, 2, 3, 7, 7, 16, 16, 31, 50, 97, 180, 256], 30522)
    short = [text for text in texts if len(text) <= 31]
    write("model_minilm.json", {
        "texts": texts,
        "gradient_texts": short,
        "embeddings": [embedding_goldens(MINILM, texts)],
        "gradients": {"full": full_gradients(MINILM, short), "lora": lora_gradients(MINILM, short)},
    })


if __name__ == "__main__":
    main()
