#!/usr/bin/env python3
"""Judges every difference in every condition and writes the CSV files that tables.py reads.

  experiments/newcomers/collect.py RECORDS FOLDER

conditions.csv: one line per world kind, lambda, user model and difference: expected clicks on the page, mean over training seeds and
worlds. Two verdicts: `checkpoints` about these five (worlds with their newcomers are the sample), `strategy` about LoRA so trained (seeds and
worlds are; empty for policies without seeds). Each with standard error, Satterthwaite's degrees of freedom, t interval, p against the smallest
effect, Holm over all its lines, and the smallest difference that would be found.
levels.csv: expected clicks on the page of every policy.
"""
import csv
import json
import pathlib
import sys

import h5py
import numpy as np
from scipy import stats

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from crossed import crossed  # noqa: E402

SMALLEST_EFFECT = 0.01
ALPHA = 0.05
POWER = 0.8
DIFFERENCES = [("lora + item prior", "popularity"), ("lora", "popularity"), ("attribute_popularity", "popularity")]
KINDS, LAMBDAS, MODELS = ["softmax", "topics", "chain"], ["1", "0.5", "0"], ["mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"]
WORLDS, SEEDS = range(1, 11), range(1, 6)


def rates(path):
    """Mean expected clicks per page of every policy of a record; those of files by (name, seed)."""
    out = {}
    with h5py.File(path) as file:
        summary = json.loads(file["summary/bytes"][:].tobytes())
        assert summary["complete"], path
        for number in file["policies"]:
            policy = file["policies"][number]
            name = policy.attrs["name"]
            name = name.decode() if isinstance(name, bytes) else str(name)
            rate = float(np.mean(policy["expected"][:] / policy["pages"][:]))
            if name.startswith("file:"):
                stem, _, seed = pathlib.Path(name).stem.rpartition("-")
                out[stem.replace("--prior", " + item prior"), int(seed)] = rate
            else:
                out[name] = rate
    return out


def table_of(records, policy, against):
    """[seeds, worlds]; one row for a policy without seeds."""
    if policy in records[0]:
        return np.array([[record[policy] - record[against] for record in records]])
    return np.array([[record[policy, seed] - record[against] for record in records] for seed in SEEDS])


def judged(table):
    difference, error, degrees = (float(value) for value in crossed(table))
    t = stats.t(degrees)
    reach, inside = t.ppf(1 - ALPHA / 2) * error, t.ppf(1 - ALPHA) * error  # the latter for two one-sided tests
    return {"difference": difference, "low": float(difference - reach), "high": float(difference + reach), "standard_error": error,
            "degrees": degrees, "p": float(min(1.0, 2 * t.sf((abs(difference) - SMALLEST_EFFECT) / error))),
            "detectable": float((t.ppf(1 - ALPHA / 2) + t.ppf(POWER)) * error),
            "equivalent": abs(difference) + inside < SMALLEST_EFFECT}


def holm(lines):
    largest = 0.0
    ordered = sorted(lines, key=lambda line: line["p"])
    for place, line in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - place) * line["p"]))
        line["holm_p"] = largest
        if largest <= ALPHA:
            line["verdict"] = "better" if line["difference"] > 0 else "worse"
        else:
            line["verdict"] = "equivalent" if line["equivalent"] else "undecided"


def write(path, header, lines):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in line.items()} for line in lines)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    lines, levels = [], []
    for kind in KINDS:
        for weight in LAMBDAS:
            for model in MODELS:
                condition = {"world": kind, "lambda": weight, "user_model": model}
                records = [rates(folder / f"{kind}-{world}-{weight}-{model}.h5") for world in WORLDS]
                mean = {name: np.mean([record[name] for record in records]) for name in records[0]}
                levels.append(condition | {name: float(mean[name]) for name in mean if isinstance(name, str)} |
                              {name: float(np.mean([mean[name, seed] for seed in SEEDS])) for name in ("lora", "lora + item prior")})
                for policy, against in DIFFERENCES:
                    table = table_of(records, policy, against)
                    lines.append(condition | {"policy": policy, "against": against, "difference": float(table.mean()),
                                              "checkpoints": judged(table.mean(axis=0, keepdims=True)),
                                              "strategy": judged(table) if len(table) > 1 else None})
    numbers = ["low", "high", "standard_error", "degrees", "p", "holm_p", "detectable", "verdict"]
    for claim in ("checkpoints", "strategy"):
        holm([line[claim] for line in lines if line[claim]])
        for line in lines:
            line |= {f"{claim}_{number}": line[claim][number] if line[claim] else "" for number in numbers}
    write(out / "conditions.csv", ["world", "lambda", "user_model", "policy", "against", "difference"] +
          [f"{claim}_{number}" for claim in ("checkpoints", "strategy") for number in numbers], lines)
    write(out / "levels.csv", list(levels[0]), levels)


if __name__ == "__main__":
    main()
