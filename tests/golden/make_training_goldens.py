#!/usr/bin/env python3
"""Writes training.json beside this file: what sentence-transformers' MultipleNegativesRankingLoss and torch's AdamW do.

    cluster/setup.sh interop
    .deps/venv-interop/bin/python tests/golden/make_training_goldens.py

Inputs come from golden_numbers.py, rounded to float32. Expected values are computed in double precision; the error of
the same library in single precision stands beside them. Per embedding row the file holds four projections of the gradient,
so that a wrong element anywhere shows.

Last made with sentence-transformers 6.2, torch 2.11.
"""

import json
import math
from pathlib import Path

import torch
from golden_numbers import project, uniform
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch.optim import lr_scheduler

HERE = Path(__file__).parent
DIGITS = 12


def rounded(values):
    return [float(f"{value:.{DIGITS}e}") for value in values]


def values_of(name, shape, scale=1.0):
    return torch.from_numpy(scale * uniform(name, math.prod(shape))).reshape(shape).float()


# --- the loss ---

# Each text has one row, however often it occurs: anchors, positives and explicit negatives are lists of rows.
LOSS_CASES = [
    {"name": "one_pair", "width": 8, "rows": 2, "anchors": [0], "columns": [[1]]},
    {"name": "one_pair_three_negatives", "width": 8, "rows": 5, "anchors": [0], "columns": [[1], [2], [3], [4]]},
    {"name": "distinct_pairs", "width": 16, "rows": 12, "anchors": [0, 1, 2, 3, 4, 5],
     "columns": [[6, 7, 8, 9, 10, 11]]},
    {"name": "repeated_texts", "width": 16, "rows": 6, "anchors": [0, 1, 0, 2, 1, 0, 5],
     "columns": [[3, 4, 4, 3, 5, 3, 5]]},
    {"name": "repeated_texts_two_negatives", "width": 24, "rows": 9, "anchors": [0, 1, 0, 2, 1],
     "columns": [[3, 4, 4, 3, 5], [6, 7, 8, 6, 4], [8, 8, 8, 3, 7]]},
    {"name": "wide", "width": 384, "rows": 24, "anchors": [0, 1, 2, 3, 4, 5, 6, 7, 1, 2],
     "columns": [[10, 11, 12, 13, 14, 15, 16, 17, 18, 12]]},
]


def loss_in(case, dtype):
    """Value, and gradient at the embeddings before they are scaled to length 1 (the loss scales them itself)."""
    values = values_of("loss." + case["name"], [case["rows"], case["width"]]).to(dtype).requires_grad_()
    loss = MultipleNegativesRankingLoss(model=None, scale=20.0)
    result = loss.compute_loss_from_embeddings([values[rows] for rows in [case["anchors"], *case["columns"]]], None)
    result.backward()
    gradients = [rounded(project(f"gradient.{row}", gradient)) for row, gradient in enumerate(values.grad)]
    return float(result.detach()), gradients


def loss_golden(case):
    value, gradients = loss_in(case, torch.float64)
    single_value, single_gradients = loss_in(case, torch.float32)
    return {**case, "loss": value, "gradients": gradients, "single_loss": single_value,
            "single_gradients": single_gradients}


# --- the optimizer ---

STEPS, WARMUP, RATE, DECAY, CLIP, FINAL = 40, 8, 3e-2, 0.1, 1.0, 0.1
SCALES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1)  # of the gradient, in turn
KEPT = (1, 8, 20, 40)  # after so many updates the parameters are kept
# The table is one whose gradient is empty outside a few rows. The factor multiplies the rate, as for LoRA+.
PARAMETERS = [
    {"name": "matrix", "shape": [6, 17], "decay": True, "factor": 1.0},
    {"name": "bias", "shape": [17], "decay": False, "factor": 1.0},
    {"name": "table", "shape": [9, 16], "decay": True, "factor": 1.0},
    {"name": "up", "shape": [4, 16], "decay": True, "factor": 16.0},
]


def touched_rows(step):
    return sorted({step % 9, (step * step) % 7, 8})


def gradient_of(parameter, step):
    """Large at some steps, so that clipping acts, and tiny at others, so that epsilon does."""
    gradient = values_of(f"{parameter['name']}.{step}", parameter["shape"], SCALES[step % len(SCALES)])
    if parameter["name"] == "table":
        untouched = [row for row in range(len(gradient)) if row not in touched_rows(step)]
        gradient[untouched] = 0
    return gradient


def schedule_of(optimizer, shape):
    warm = lr_scheduler.LinearLR(optimizer, start_factor=1 / WARMUP, end_factor=1.0, total_iters=WARMUP - 1)
    if shape == "linear":
        fall = lr_scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=FINAL, total_iters=STEPS - WARMUP)
    else:
        fall = lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP, eta_min=FINAL * RATE)
    return lr_scheduler.SequentialLR(optimizer, [warm, fall], milestones=[WARMUP])


def rates_of(shape):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    schedule = schedule_of(optimizer, shape)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def adamw_in(dtype):
    parameters = [torch.nn.Parameter(values_of(p["name"], p["shape"], 0.5).to(dtype)) for p in PARAMETERS]
    groups = [{"params": [value], "weight_decay": DECAY if p["decay"] else 0.0, "lr": RATE * p["factor"]}
              for p, value in zip(PARAMETERS, parameters)]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8)
    schedule = schedule_of(optimizer, "linear")
    norms, kept = [], []
    for step in range(STEPS):
        for p, value in zip(PARAMETERS, parameters):
            value.grad = gradient_of(p, step).to(dtype)
        norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, CLIP)))
        optimizer.step()
        schedule.step()
        if step + 1 in KEPT:
            kept.append({p["name"]: rounded(value.detach().double().flatten().tolist())
                         for p, value in zip(PARAMETERS, parameters)})
    return norms, kept


def adamw_golden():
    norms, kept = adamw_in(torch.float64)
    _, single = adamw_in(torch.float32)
    # The double values are kept; of the single ones, only how far they are off (root of the sum of squares).
    errors = [sum((a - b) ** 2 for name in exact for a, b in zip(exact[name], found[name])) ** 0.5
              for exact, found in zip(kept, single)]
    return {"steps": STEPS, "warmup": WARMUP, "rate": RATE, "scales": SCALES, "weight_decay": DECAY, "clip": CLIP, "final_fraction": FINAL,
            "parameters": PARAMETERS, "rows": [touched_rows(step) for step in range(STEPS)], "norms": norms,
            "rates": {shape: rates_of(shape) for shape in ("linear", "cosine")}, "kept": list(KEPT), "values": kept,
            "single_errors": errors}


def main():
    torch.set_num_threads(1)
    content = {"mnrl": [loss_golden(case) for case in LOSS_CASES], "adamw": adamw_golden()}
    (HERE / "training.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
