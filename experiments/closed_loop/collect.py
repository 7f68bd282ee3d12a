#!/usr/bin/env python3
"""Sets both ways of feedback side by side, period by period, and writes the file that tables.py reads.

  experiments/closed_loop/collect.py RECORDS FOLDER

periods.csv: expected clicks per page of the newcomers of every period before anything of them was learned from: the encoder fed by pages of its own
(own) and by pages of popularity (shared), popularity, random; paired differences, whose t intervals take seeds and users as samples (two-way
layout, Satterthwaite's degrees of freedom), and the smallest difference that would be found with 80 % power. Last: the mean over all periods.
"""
import csv
import json
import pathlib
import re
import sys

import h5py
import numpy as np
from scipy import stats

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from crossed import crossed  # noqa: E402

ALPHA, POWER = 0.05, 0.8
DIFFERENCES = [("own", "shared"), ("own", "popularity"), ("shared", "popularity")]


def rates(path):
    """Expected clicks per page of every user under every policy."""
    out = {}
    with h5py.File(path) as file:
        assert json.loads(file["summary/bytes"][:].tobytes())["complete"], path
        for number in file["policies"]:
            policy = file["policies"][number]
            name = policy.attrs["name"]
            out[name.decode() if isinstance(name, bytes) else str(name)] = policy["expected"][:] / policy["pages"][:]
    return out


def difference(table, name):
    if not table.any():  # what both met before either had fed itself
        return {name: 0.0, f"{name}_low": 0.0, f"{name}_high": 0.0, f"{name}_detectable": 0.0}
    mean, error, degrees = (float(value) for value in crossed(table))
    t = stats.t(degrees)
    reach = t.ppf(1 - ALPHA / 2) * error
    return {name: mean, f"{name}_low": mean - reach, f"{name}_high": mean + reach,
            f"{name}_detectable": float((t.ppf(1 - ALPHA / 2) + t.ppf(POWER)) * error)}


def main():
    records, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    found = {match: path for path in records.glob("*.h5") if (match := re.fullmatch(r"(own|shared)-(\d+)-(\d+)", path.stem))}
    seeds = sorted({int(match[2]) for match in found})
    periods = sorted({int(match[3]) for match in found})
    values = {}  # (policy, period): [seeds, users]
    for match, path in found.items():
        name, seed, period = match[1], seeds.index(int(match[2])), int(match[3])
        policies = rates(path)
        for policy, of in ((name, policies[path.stem]), ("popularity", policies["popularity"]), ("random", policies["random"])):
            values.setdefault((policy, period), np.zeros((len(seeds), len(of))))[seed] = of
    for policy in ("own", "shared", "popularity", "random"):
        values[policy, "mean"] = np.mean([values[policy, period] for period in periods], axis=0)
    lines = []
    for period in [*periods, "mean"]:
        line = {"period": period if period == "mean" else period + 1}
        line |= {policy: float(values[policy, period].mean()) for policy in ("own", "shared", "popularity", "random")}
        for first, second in DIFFERENCES:
            line |= difference(values[first, period] - values[second, period], f"{first}_minus_{second}")
        lines.append(line)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "periods.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in line.items()} for line in lines)


if __name__ == "__main__":
    main()
