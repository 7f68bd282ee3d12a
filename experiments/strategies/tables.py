#!/usr/bin/env python3
"""Prints the tables of docs/studies/strategies.md from its result files, and draws its picture.

    experiments/strategies/tables.py [FOLDER] [--plot PICTURE.svg]        default: docs/studies/strategies

FOLDER holds report-*.csv as `coldframe compare` wrote them, rates.csv and sizes.csv. The picture needs matplotlib
(Debian: python3-matplotlib).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import interval, markdown, print_study, rows  # noqa: E402

SHOTS = ["k0", "k3", "k10"]
PRIOR = " + item prior"


def count(number: float) -> str:
    return f"{number:,.0f}"


class Study:
    def __init__(self, folder: pathlib.Path):
        every = rows(folder / "report-strategies.csv")
        self.pure = [row for row in every if not row["strategy"].endswith(PRIOR)]
        self.pure.sort(key=lambda row: -float(row["k0"]))
        self.with_prior = {row["strategy"].removesuffix(PRIOR): row for row in every if row["strategy"].endswith(PRIOR)}
        self.bytes = {row["strategy"]: int(row["bytes"]) for row in rows(folder / "sizes.csv")}
        self.tried = rows(folder / "rates.csv")
        self.rate = {row["strategy"]: row["rate"] for row in self.tried if row["chosen"] == "yes"}
        self.references = {row["scorer"]: row for row in rows(folder / "report-quality-ndcg@10.csv")}

    def quality(self) -> str:
        header = ["NDCG@10, text alone"] + [f"k = {shot[1:]}" for shot in SHOTS] + ["over popularity, k = 0", f"k = 0{PRIOR}"]
        body = [[row["strategy"]] + [interval(row, shot) for shot in SHOTS]
                + [interval(row, "ratio", 2), interval(self.with_prior[row["strategy"]], "k0")] for row in self.pure]
        for name in ("popularity", "popularity by similar attributes", "frozen encoder"):
            row = self.references[name]
            body.append([f"*{name}*"] + [interval(row, shot) for shot in SHOTS] + ["", ""])
        return markdown(header, body)

    def cost(self) -> str:
        header = ["", "trained parameters", "seconds in 50 steps", "peak memory, MB", "saved, kB", "learning rate"]
        return markdown(header, [[row["strategy"], count(float(row["trainable"])), f"{float(row['seconds']):.1f}",
                                  f"{float(row['memory_mb']):.0f}", count(self.bytes[row["strategy"]] / 1000), self.rate[row["strategy"]]]
                                 for row in self.pure])

    def rates(self) -> str:
        by_name: dict[str, list[dict]] = {}
        for row in self.tried:
            by_name.setdefault(row["strategy"], []).append(row)
        cells = lambda tried: [f"{'**' if row['chosen'] == 'yes' else ''}{float(row['ndcg@10']):.3f} at {row['rate']}"
                               f"{'**' if row['chosen'] == 'yes' else ''}" for row in tried]
        return markdown(["NDCG@10 on role V", "low", "middle", "high"], [[name] + cells(tried) for name, tried in by_name.items()])

    def plot(self, path: pathlib.Path) -> None:
        import matplotlib
        matplotlib.use("svg")
        matplotlib.rcParams.update({"svg.hashsalt": "coldframe", "font.size": 9})
        from matplotlib import pyplot
        figure, panels = pyplot.subplots(1, 2, figsize=(10, 4.6), sharey=True, layout="constrained")
        popularity = float(self.references["popularity"]["k0"])
        for panel, column, label in zip(panels, ("trainable", "seconds"), ("trained parameters", "seconds in 50 steps, two cores")):
            for row in self.pure:
                x, y = float(row[column]), float(row["k0"])
                panel.errorbar(x, y, yerr=[[y - float(row["k0_low"])], [float(row["k0_high"]) - y]], fmt="o", ms=4, lw=0.8, color="#1f5fa8")
                panel.annotate(row["strategy"], (x, y), xytext=(4, 3), textcoords="offset points", fontsize=8)
            panel.axhline(popularity, color="#888", lw=0.8, ls="--")
            panel.set_xlabel(label)
            panel.grid(alpha=0.25)
            panel.margins(x=0.12)
        panels[0].set_xscale("log")
        panels[0].set_ylabel("NDCG@10 of newcomers, nothing known (k = 0)")
        panels[0].annotate("popularity", (panels[0].get_xlim()[0], popularity), xytext=(3, 3), textcoords="offset points", color="#666")
        figure.savefig(path, metadata={"Date": None})

    def tables(self) -> list[str]:
        return [self.quality(), self.cost(), self.rates()]


if __name__ == "__main__":
    print_study(__doc__, "docs/studies/strategies", lambda folder: Study(folder).tables(), lambda folder, path: Study(folder).plot(path))
