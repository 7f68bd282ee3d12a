#!/usr/bin/env python3
"""Prints the tables of docs/studies/movielens.md from the result files that `coldframe compare` wrote.

  experiments/movielens/tables.py [FOLDER]        default: docs/studies/movielens

FOLDER holds report-*.csv; FOLDER/recompose those of the same encoders with `evaluation.user_vector = recompose`.
"""
import csv
import pathlib
import sys

SHOTS = ["k0", "k1", "k3", "k5", "k10"]


def rows(folder, name):
    with open(folder / f"report-{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def markdown(header, body):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in body])


def cell(row, shot, digits):
    if not row[shot]:
        return "-"
    return f"{float(row[shot]):.{digits}f} [{float(row[shot + '_low']):.{digits}f}, {float(row[shot + '_high']):.{digits}f}]"


def quality(folder, metric):
    header = [metric.upper().replace("RECALL", "Recall")] + [f"k = {shot[1:]}" for shot in SHOTS]
    return markdown(header, [[row["scorer"]] + [cell(row, shot, 3) for shot in SHOTS]
                             for row in rows(folder, f"quality-{metric}")])


def ratios(folder, title):
    header = [title, "metric"] + [f"k = {shot[1:]}" for shot in SHOTS]
    return markdown(header, [[row["strategy"], row["metric"]] + [cell(row, shot, 2) for shot in SHOTS]
                             for row in rows(folder, "ratio-to-popularity") if row["metric"] != "mrr@10"])


def cost(folder):
    header = ["run", "steps", "ranks x threads", "seconds in steps", "weight of the item prior", "parameter digest"]
    return markdown(header, [[f"{row['variant']}, fold {row['fold']}", row["steps"], f"{row['ranks']} x {row['threads']}",
                              f"{float(row['seconds']):.0f}", row["prior"], f"`{row['digest']}`"]
                             for row in rows(folder, "runs")])


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/studies/movielens")
    tables = [quality(folder, "ndcg@10"), quality(folder, "recall@20"), ratios(folder, "over popularity"),
              ratios(folder / "recompose", "over popularity, recomposed"), cost(folder)]
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
