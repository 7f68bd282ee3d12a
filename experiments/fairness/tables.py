#!/usr/bin/env python3
"""Prints the tables of docs/studies/fairness.md from its result files, and draws its picture.

    experiments/fairness/tables.py [FOLDER] [--plot PICTURE.svg]        default: docs/studies/fairness

FOLDER holds the CSV files that run.sh leaves there. The picture needs matplotlib (Debian: python3-matplotlib).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import interval, markdown, print_study, rows  # noqa: E402

VARIANTS = ["plain", "reweight", "gap"]
PRIOR = " + item prior"
REFERENCES = ["popularity", "popularity by similar attributes", "attribute regression"]
SHARES = ["0.1", "0.3"]


def number(row: dict, key: str) -> str:
    return f"{float(row[key]):.3f}" if row.get(key) else "-"


class Study:
    def __init__(self, folder: pathlib.Path):
        read = lambda table: rows(folder / f"tail-{SHARES[0]}-{table}.csv")
        self.groups, self.gaps, self.differences, self.items = (read(table) for table in ("groups", "gaps", "gap-differences", "items"))
        self.reranked = {share: rows(folder / f"tail-{share}-reranking.csv") for share in SHARES}
        self.verdicts = rows(folder / "report-verdict-checkpoints.csv")
        self.scorers = REFERENCES + VARIANTS + [variant + PRIOR for variant in VARIANTS]

    def gap(self, scorer: str, grouping: str) -> dict:
        return next(row for row in self.gaps if row["scorer"] == scorer and row["grouping"] == grouping)

    def group(self, scorer: str, group: str) -> dict:
        return next(row for row in self.groups if row["scorer"] == scorer and row["group"] == group)

    def gender(self) -> str:
        body = []
        for scorer in self.scorers:
            gap = self.gap(scorer, "gender")
            body.append([scorer, number(gap, "mean"), interval(self.group(scorer, "F"), "mean"), interval(self.group(scorer, "M"), "mean"),
                         number(gap, "gap"), number(gap, "null_95"), f"{float(gap['holm_p']):.3f}", f"{float(gap['gini']):.2f}"])
        return markdown(["NDCG@10, k = 0", "all", "244 women", "632 men", "gap", "by chance (95 %)", "p after Holm", "Gini of utility"], body)

    def ages(self) -> str:
        bands = list(dict.fromkeys(row["group"] for row in self.groups if row["grouping"] == "age:25:45"))
        body = []
        for scorer in self.scorers:
            gap = self.gap(scorer, "age:25:45")
            body.append([scorer] + [interval(self.group(scorer, band), "mean") for band in bands]
                        + [number(gap, "gap"), number(gap, "null_95"), f"{float(gap['holm_p']):.3f}"])
        return markdown(["NDCG@10, k = 0"] + bands + ["gap", "by chance (95 %)", "p after Holm"], body)

    def trained_gaps(self) -> str:
        body = [[row["grouping"].replace("*", "\\*"), f"{row['strategy']} - {row['baseline']}", f"{float(row['difference']):+.3f}", f"{float(row['null_95']):.3f}",
                 f"{float(row['p']):.3f}", f"{float(row['holm_p']):.3f}"]
                for row in self.differences if row["strategy"].removesuffix(PRIOR) in VARIANTS and row["baseline"].removesuffix(PRIOR) in VARIANTS]
        return markdown(["grouping", "gap of the first - gap of the second", "difference", "by chance (95 %)", "p", "p after Holm"], body)

    def levels(self) -> str:
        body = [[row["comparison"], interval(row, "difference"), f"{float(row['holm_p']):.3f}", row["verdict"]]
                for row in self.verdicts if all(part in VARIANTS for part in row["comparison"].split(",")[0].split(" - "))]
        return markdown(["first - second", "difference [95 %]", "p after Holm", "verdict"], body)

    def exposure(self) -> str:
        body = []
        for variant in [name + prior for prior in ("", PRIOR) for name in VARIANTS]:
            for share in SHARES:
                row = next(row for row in self.reranked[share] if row["scorer"] == f"{variant} + tail {share}")
                body.append([variant, share, interval(row, "before"), interval(row, "after"), interval(row, "mean"), interval(row, "loss")])
        return markdown(["scorer", "attention asked for", "before", "after", "NDCG@10 after", "loss of NDCG@10"], body)

    def catalogue(self) -> str:
        return markdown(["lists of 10, k = 0", "coverage", "Gini of exposure", "places of the tail", "exposure of the tail over merit"],
                        [[row["scorer"], number(row, "coverage"), interval(row, "gini"), interval(row, "tail_share"), number(row, "tail_treatment")]
                         for name in ["random"] + self.scorers for row in self.items if row["scorer"] == name])

    def plot(self, path: pathlib.Path) -> None:
        import matplotlib
        matplotlib.use("svg")
        matplotlib.rcParams.update({"svg.hashsalt": "coldframe", "font.size": 9})
        from matplotlib import pyplot
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
        for y, scorer in enumerate(reversed(self.scorers)):
            for group, colour in (("F", "#b3541e"), ("M", "#1f5fa8")):
                row = self.group(scorer, group)
                x = float(row["mean"])
                left.errorbar(x, y, xerr=[[x - float(row["mean_low"])], [float(row["mean_high"]) - x]], fmt="o", ms=4, lw=0.8, color=colour,
                              label={"F": "women", "M": "men"}[group] if y == 0 else None)
        left.set_yticks(range(len(self.scorers)), list(reversed(self.scorers)))
        left.set_xlabel("NDCG@10, k = 0")
        left.legend(fontsize=8)
        for variant, colour in zip(VARIANTS, ("#1f5fa8", "#b3541e", "#4a7a3c")):
            for prior, style in (("", "-"), (PRIOR, "--")):
                found = [next(row for row in self.reranked[share] if row["scorer"] == f"{variant}{prior} + tail {share}") for share in SHARES]
                xs = [float(found[0]["before"])] + [float(row["after"]) for row in found]
                ys = [float(found[0]["mean"]) + float(found[0]["loss"])] + [float(row["mean"]) for row in found]
                right.plot(xs, ys, style, marker="o", ms=4, lw=1, color=colour, label=variant + prior)
        right.set_xlabel("attention that the 80 % least liked items get")
        right.set_ylabel("NDCG@10, k = 0")
        right.legend(fontsize=8, loc="center right")
        for panel in (left, right):
            panel.grid(alpha=0.25)
        figure.savefig(path, metadata={"Date": None})

    def tables(self) -> list[str]:
        return [self.gender(), self.levels(), self.trained_gaps(), self.ages(), self.exposure(), self.catalogue()]


if __name__ == "__main__":
    print_study(__doc__, "docs/studies/fairness", lambda folder: Study(folder).tables(), lambda folder, path: Study(folder).plot(path))
