#!/usr/bin/env python3
"""Prints the table of docs/studies/closed_loop.md from the file that collect.py wrote, and with --plot draws its picture.

  experiments/closed_loop/tables.py [FOLDER] [--plot FILE.svg]        default: docs/studies/closed_loop
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import interval, markdown, print_study, rows  # noqa: E402


def tables(folder: pathlib.Path) -> list[str]:
    body = [[row["period"]] + [f"{float(row[name]):.3f}" for name in ("own", "shared", "popularity", "random")] +
            [interval(row, name) for name in ("own_minus_shared", "own_minus_popularity", "shared_minus_popularity")]
            for row in rows(folder / "periods.csv")]
    return [markdown(["period", "own", "shared", "popularity", "random", "own - shared", "own - popularity", "shared - popularity"], body)]


def plot(folder: pathlib.Path, path: pathlib.Path) -> None:
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "coldframe", "font.size": 9})
    from matplotlib import pyplot
    table = [row for row in rows(folder / "periods.csv") if row["period"] != "mean"]
    figure, panel = pyplot.subplots(figsize=(6, 3.4), layout="constrained")
    x = [int(row["period"]) for row in table]
    for name, colour, style in (("own", "#1f5fa8", "-o"), ("shared", "#b3541e", "-s"), ("popularity", "#888", "--"), ("random", "#bbb", ":")):
        panel.plot(x, [float(row[name]) for row in table], style, color=colour, ms=4, lw=1.2, label=name)
    panel.set_xticks(x)
    panel.set_xlabel("period whose newcomers are met", fontsize=9)
    panel.set_ylabel("expected clicks per page", fontsize=9)
    panel.legend(fontsize=8, frameon=False)
    panel.grid(alpha=0.25)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    print_study(__doc__, "docs/studies/closed_loop", tables, plot)
