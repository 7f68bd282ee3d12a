#!/usr/bin/env python3
"""Writes the reference values of the MPNet tests, computed by transformers, peft and tokenizers.

    .deps/venv-interop/bin/python tests/golden/make_mpnet_goldens.py

makes tests/golden/tiny_mpnet/ (a random two-layer MPNet with tokenizer, in the layout of sentence-transformers),
tests/golden/model_mpnet.json (as make_model_goldens.py makes model_tiny.json) and tests/golden/tokenizer/mpnet.json: of
the lines of make_tokenizer_goldens.py the checksums of their ids, by the small tokenizer and by that of
all-mpnet-base-v2, which `make encoder-mpnet` fetches.
"""

import json
import shutil
from pathlib import Path

import torch
from make_model_goldens import (HERE, embedding_goldens, full_gradients, lora_gradients, pfeiffer_gradients, texts_of,
                                vocabulary, write, write_encoder)
from make_tokenizer_goldens import OUT, checksum, make_lines
from tokenizers import Tokenizer
from transformers import MPNetConfig, MPNetModel, MPNetTokenizer

TINY = HERE / "tiny_mpnet"
BASE = HERE.parent.parent / ".deps" / "encoders" / "all-mpnet-base-v2"
PADDING = 1


def tokens():
    plain = [token for token in vocabulary() if token not in ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")]
    return ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *plain, "<mask>"]


def write_tokenizer(names):
    (TINY / "vocab.txt").write_text("".join(name + "\n" for name in names))
    tokenizer = MPNetTokenizer(vocab={name: i for i, name in enumerate(names)}, model_max_length=512)
    tokenizer.save_pretrained(TINY)


def write_tiny_encoder(names):
    shutil.rmtree(TINY, ignore_errors=True)
    (TINY / "1_Pooling").mkdir(parents=True)
    config = {
        "architectures": ["MPNetForMaskedLM"], "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 64, "initializer_range": 0.02,
        "intermediate_size": 128, "layer_norm_eps": 1e-5, "max_position_embeddings": 258, "model_type": "mpnet",
        "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": PADDING, "relative_attention_num_buckets": 32,
        "vocab_size": len(names),
    }
    write_encoder(TINY, config, MPNetModel(MPNetConfig(**config)))
    write_tokenizer(names)


def tokenizer_checksums(folder, lines):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [checksum(tokenizer.encode(line).ids) for line in lines]


def main():
    torch.set_num_threads(1)
    names = tokens()
    write_tiny_encoder(names)
    # 256 tokens reach all buckets of distances: the widest begins at 91.
    texts = texts_of([1, 1, 2, 3, 5, 8, 9, 13, 17, 34, 55, 64, 128, 256], len(names), PADDING)
    short = [text for text in texts if len(text) <= 128]
    write("model_mpnet.json", {
        "texts": texts,
        "gradient_texts": short,
        "embeddings": [
            embedding_goldens(TINY, texts),
            embedding_goldens(TINY, texts, {"hidden_act": "relu", "layer_norm_eps": 1e-12}, "cls", True),
            embedding_goldens(TINY, texts, {"hidden_act": "gelu_new"}, "mean", False),
        ],
        "gradients": {"full": full_gradients(TINY, short), "lora": lora_gradients(TINY, short, ("q", "v")),
                      "pfeiffer": pfeiffer_gradients(TINY, short)},
    })
    lines = make_lines()
    sums = {"tiny": tokenizer_checksums(TINY, lines)}
    if BASE.exists():
        sums["base"] = tokenizer_checksums(BASE, lines)
    (OUT / "mpnet.json").write_text(json.dumps(sums, indent=0) + "\n")


if __name__ == "__main__":
    main()
