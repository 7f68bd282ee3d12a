#!/usr/bin/env python3
"""Prints the tables of docs/studies/movielens.md from the result files that `coldframe compare` wrote.

  experiments/movielens/tables.py [FOLDER]        default: docs/studies/movielens

FOLDER holds report-*.csv; FOLDER/recompose those of the same encoders with `evaluation.user_vector = recompose`.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import interval, markdown, rows  # noqa: E402

SHOTS = ["k0", "k1", "k3", "k5", "k10"]


def quality(folder, metric):
    header = [metric.upper().replace("RECALL", "Recall")] + [f"k = {shot[1:]}" for shot in SHOTS]
    return markdown(header, [[row["scorer"]] + [interval(row, shot, 3) for shot in SHOTS]
                             for row in rows(folder / f"report-quality-{metric}.csv")])


def ratios(folder, title):
    header = [title, "metric"] + [f"k = {shot[1:]}" for shot in SHOTS]
    return markdown(header, [[row["strategy"], row["metric"]] + [interval(row, shot, 2) for shot in SHOTS]
                             for row in rows(folder / "report-ratio-to-popularity.csv") if row["metric"] != "mrr@10"])


def cost(folder):
    header = ["run", "steps", "ranks x threads", "seconds in steps", "weight of the item prior", "parameter digest"]
    return markdown(header, [[f"{row['variant']}, fold {row['fold']}", row["steps"], f"{row['ranks']} x {row['threads']}",
                              f"{float(row['seconds']):.0f}", row["prior"], f"`{row['digest']}`"]
                             for row in rows(folder / "report-runs.csv")])


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/studies/movielens")
    tables = [quality(folder, "ndcg@10"), quality(folder, "recall@20"), ratios(folder, "over popularity"),
              ratios(folder / "recompose", "over popularity, recomposed"), cost(folder)]
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
