#!/usr/bin/env python3
"""Prints the tables of docs/studies/continual.md from its result files, and draws its picture.

    experiments/continual/tables.py [FOLDER] [--plot PICTURE.svg]        default: docs/studies/continual

FOLDER holds report-*.csv as `coldframe compare` wrote them. The picture needs matplotlib (Debian: python3-matplotlib).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import interval, markdown, print_study, rows  # noqa: E402

NUMBERS = {"next": "next task's people", "next_minus_popularity": "minus popularity", "average": "ACC", "backward_transfer": "BWT",
           "forward_transfer": "FWT"}


def strategies(folder: pathlib.Path) -> str:
    return markdown(["NDCG@10, k = 0"] + list(NUMBERS.values()),
                    [[row["strategy"]] + [interval(row, key) for key in NUMBERS] for row in rows(folder / "report-stream-strategies.csv")])


def rates(folder: pathlib.Path) -> str:
    tried: dict[str, list[str]] = {}
    for row in rows(folder / "rates.csv"):
        bold = "**" if row["chosen"] == "yes" else ""
        tried.setdefault(row["strategy"], []).append(f"{bold}{float(row['next_of_V']):.3f} at {row['rate']}{bold}")
    return markdown(["next task's people of role V", "low", "middle", "high"], [[name, *cells] for name, cells in tried.items()])


def speaks_of_one_thing(comparison: str) -> bool:
    """Two methods of one strategy, two strategies under one method, or something against popularity."""
    first, second = (name.split("-") for name in comparison.partition(",")[0].split(" - "))
    return len(second) == 1 or first[0] == second[0] or first[1] == second[1]


def verdicts(folder: pathlib.Path, words: tuple[str, ...]) -> str:
    body = [[row["comparison"], interval(row, "difference"), f"{float(row['holm_p']):.3f}", f"{float(row['detectable']):.3f}", row["verdict"]]
            for row in rows(folder / "report-verdict-streams.csv")
            if any(row["comparison"].endswith(word) for word in words) and speaks_of_one_thing(row["comparison"])]
    return markdown(["first - second", "difference [95 %]", "p after Holm", "would be found", "verdict"], body)


def plot(folder: pathlib.Path, path: pathlib.Path) -> None:
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "coldframe", "font.size": 9})
    from matplotlib import pyplot
    table = rows(folder / "report-stream-strategies.csv")
    figure, panels = pyplot.subplots(1, 3, figsize=(10, 3.4), layout="constrained", sharey=True)
    for panel, key in zip(panels, ("next", "average", "backward_transfer")):
        for y, row in enumerate(reversed(table)):
            x = float(row[key])
            panel.errorbar(x, y, xerr=[[x - float(row[key + "_low"])], [float(row[key + "_high"]) - x]], fmt="o", ms=4, lw=0.8,
                           color="#1f5fa8" if row["strategy"].startswith("full") else "#b3541e")
        if key == "next":
            popularity = float(table[0]["next"]) - float(table[0]["next_minus_popularity"])
            panel.axvline(popularity, color="#888", lw=0.8, ls="--")
            panel.annotate("popularity", (popularity, 0), xytext=(-4, 0), textcoords="offset points", ha="right", color="#666", fontsize=8)
        if key == "backward_transfer":
            panel.axvline(0, color="#888", lw=0.8, ls="--")
        panel.set_title(NUMBERS[key], fontsize=9)
        panel.grid(alpha=0.25)
    panels[0].set_yticks(range(len(table)), [row["strategy"] for row in reversed(table)])
    figure.supxlabel("NDCG@10, nothing known of a person", fontsize=9)
    figure.savefig(path, metadata={"Date": None})


def tables(folder: pathlib.Path) -> list[str]:
    return [rates(folder), strategies(folder), verdicts(folder, (", next",)), verdicts(folder, (", average", ", backward_transfer"))]


if __name__ == "__main__":
    print_study(__doc__, "docs/studies/continual", tables, plot)
