"""BERT encoders of any width with random weights, written without any library beyond Python's own."""

import json
import pathlib
import random
import shutil
import struct
from array import array

POSITIONS = 512
BLOCK = 1 << 16


def tensor_shapes(width: int, layers: int, vocabulary: int) -> dict[str, tuple[int, ...]]:
    inner = 4 * width
    shapes = {
        "embeddings.word_embeddings.weight": (vocabulary, width),
        "embeddings.position_embeddings.weight": (POSITIONS, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    for layer in range(layers):
        path = f"encoder.layer.{layer}."
        for name, (out, into) in {
            "attention.self.query": (width, width),
            "attention.self.key": (width, width),
            "attention.self.value": (width, width),
            "attention.output.dense": (width, width),
            "intermediate.dense": (inner, width),
            "output.dense": (width, inner),
        }.items():
            shapes[path + name + ".weight"] = (out, into)
            shapes[path + name + ".bias"] = (out,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[path + name + ".weight"] = (width,)
            shapes[path + name + ".bias"] = (width,)
    return shapes


def elements(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def write_weights(path: pathlib.Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """safetensors: length of the header, header, data. One block of draws serves all matrices: speed does not ask for more."""
    draw = random.Random(1)
    block = array("f", (draw.gauss(0, 0.02) for _ in range(BLOCK))).tobytes()
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4 * elements(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            size = 4 * elements(shape)
            if name.endswith("LayerNorm.weight"):
                file.write(array("f", [1.0]).tobytes() * elements(shape))
            elif name.endswith(".bias"):
                file.write(bytes(size))
            else:
                file.write(block * (size // len(block)) + block[: size % len(block)])


def write_encoder(folder: pathlib.Path, like: pathlib.Path, width: int, layers: int, head: int = 32) -> pathlib.Path:
    """An encoder of this shape with heads of `head` columns and the tokenizer of `like`; kept when it is already there."""
    if (folder / "model.safetensors").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((like / "config.json").read_text())
    config |= {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": width // head, "intermediate_size": 4 * width}
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(like / name, folder / name)
    part = folder / "model.safetensors.part"
    write_weights(part, tensor_shapes(width, layers, config["vocab_size"]))
    part.rename(folder / "model.safetensors")
    return folder
