"""Inputs and projections that the golden scripts share with tests/model/golden.h: numbers by name, nothing stored."""

import numpy as np

PROJECTIONS = 4
MASK = (1 << 64) - 1


def uniform(name, count):
    """`count` doubles in [-1, 1): SplitMix64 (Steele et al., OOPSLA 2014) of FNV-1a(name) + i * golden ratio."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def project(name, tensor):
    flat = tensor.detach().double().numpy().ravel()
    return [float(uniform(f"{name}#{k}", flat.size) @ flat) for k in range(PROJECTIONS)]
