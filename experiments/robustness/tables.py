#!/usr/bin/env python3
"""Prints the tables of docs/studies/robustness.md from its result files, and draws its picture.

    experiments/robustness/tables.py [FOLDER] [--plot PICTURE.svg]        default: docs/studies/robustness

FOLDER holds the CSV files that run.sh leaves there. The picture needs matplotlib (Debian: python3-matplotlib).
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import interval, markdown, print_study, rows  # noqa: E402

VARIANTS = ["plain", "typos", "r_drop", "freelb"]
NOISE = ["typos", "truncation", "missing_fields"]  # casing changes nothing: the tokenizer lowers letters
ATTACKS = [(attack, size) for attack in ("bandwagon", "segment") for size in ("0.01", "0.05")]
PRIOR = " + item prior"
MILD = "freelb_mild"  # trained and asked after the others, in a call of its own with `plain`


def variant(scorer: str) -> str:
    """`plain` of `plain (runs/robustness/plain/fold-0/seed-1)`, with what is said of the prior."""
    return scorer.partition(" (")[0]


def verdict(text: str) -> str:
    """`not shown, > .0050` of `not shown (a mean of 0.0050 would have been found)`: larger effects would have been found."""
    word, found, rest = text.partition(" (a mean of ")
    return f"{word} (> {rest.split()[0].removeprefix('0')})" if found else text


class Study:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.noise = rows(folder / "noise-robustness.csv")
        self.radius = rows(folder / "noise-robustness-radius.csv")
        self.mild = rows(folder / "mild-robustness.csv")
        self.mild_differences = rows(folder / "mild-robustness-differences.csv")
        self.differences = rows(folder / "noise-robustness-differences.csv")

    def row(self, scorer: str, kind: str, severity: float, shots: int) -> dict:
        return next(row for row in self.noise if variant(row["scorer"]) == scorer and row["kind"] == kind
                    and float(row["severity"]) == severity and int(row["shots"]) == shots)

    def noisy(self, shots: int, scorers: list[str]) -> str:
        body = []
        for scorer in scorers:
            for kind in NOISE:
                mild, strong = (self.row(scorer, kind, severity, shots) for severity in (0.1, 0.3))
                body.append([scorer, kind.replace("_", " "), f"{float(mild['clean']):.3f}", interval(mild, "loss", 4), interval(strong, "loss", 4),
                             f"{float(strong['jaccard']):.2f}", f"{float(strong['rbo']):.2f}", verdict(strong["verdict"])])
        return markdown([f"k = {shots}", "noise", "clean", "loss at .1", "loss at .3", "Jaccard at .3", "RBO at .3", "verdict at .3"], body)

    def mildly(self) -> str:
        body = [[variant(row["scorer"]), row["kind"].replace("_", " "), f"{float(row['clean']):.3f}", interval(row, "loss", 4), f"{float(row['jaccard']):.2f}",
                 verdict(row["verdict"])] for row in self.mild if variant(row["scorer"]).removesuffix(PRIOR) == MILD]
        return markdown(["k = 0, severity .3", "noise", "clean", "loss", "Jaccard", "verdict"], body)

    def items(self) -> str:
        body = [[variant(row["scorer"]), row["kind"].removeprefix("item_").replace("_", " "), row["severity"], f"{float(row['changed']):.2f}",
                 f"{float(row['clean']):.3f}", interval(row, "loss", 4), f"{float(row['jaccard']):.2f}", verdict(row["verdict"])]
                for row in rows(self.folder / "items-robustness.csv") if int(row["shots"]) == 0]
        return markdown(["k = 0, texts of items", "noise", "severity", "texts changed", "clean", "loss", "Jaccard", "verdict"], body)

    def trained(self) -> str:
        body = [[variant(row["scorer"]), row["kind"].replace("_", " "), interval(row, "loss", 4), f"{float(row['holm_p']):.3f}", verdict(row["verdict"])]
                for row in self.differences + self.mild_differences if int(row["shots"]) == 0 and float(row["severity"]) == 0.3
                and row["kind"] in NOISE and variant(row["scorer"]) in VARIANTS[1:] + [MILD] and variant(row["against"]) == "plain"]
        return markdown(["k = 0, severity .3", "noise", "loss - loss of plain", "p after Holm", "verdict"], body)

    def radii(self) -> str:
        body = [[variant(row["scorer"]), f"{float(row['set_50']):.4f}", f"{float(row['shift_50']):.3f}", interval(row, "change", 2),
                 interval(row, "mean_loss", 4), interval(row, "worst_loss", 4)] for row in self.radius if int(row["shots"]) == 0]
        return markdown(["k = 0", "certified radius of the top 10, median", "shift by one typo, median", "typos that change the list",
                         "loss, mean typo", "loss, worst typo"], body)

    def attacks(self) -> str:
        body = []
        for attack, size in ATTACKS:
            for row in rows(self.folder / f"plain-{attack}-{size}-poisoning.csv"):
                if row["scorer"] != "random":
                    body.append([attack, f"{100 * float(size):g} %", row["scorer"], interval(row, "hits_gain"), f"{float(row['place_clean']):.0f}",
                                 f"{float(row['place_poisoned']):.0f}", interval(row, "loss"), verdict(row["pushed"]), verdict(row["verdict"])])
        return markdown(["attack", "fake users", "scorer", "gain of hits@10", "place, clean", "poisoned", "loss of NDCG@10", "targets", "lists"], body)

    def labels(self) -> str:
        body = [["cross-entropy" if defence == "plain" else "robust_q = 0.5" if row["scorer"].startswith("robust") else "baseline", row["scorer"],
                 f"{float(row['utility_clean']):.3f}", f"{float(row['utility_poisoned']):.3f}", interval(row, "loss"), verdict(row["verdict"])]
                for defence in ("plain", "robust") for row in rows(self.folder / f"{defence}-flip-poisoning.csv")
                if row["scorer"] != "random" and (defence == "plain" or row["scorer"].startswith("robust"))]
        for cells in body:
            if not cells[1].startswith(("plain", "robust")):
                cells[0] = "baseline"
        return markdown(["a fifth of the likes flipped", "scorer", "clean", "flipped", "loss of NDCG@10", "verdict"], body)

    def plot(self, path: pathlib.Path) -> None:
        import matplotlib
        matplotlib.use("svg")
        matplotlib.rcParams.update({"svg.hashsalt": "coldframe", "font.size": 9})
        from matplotlib import pyplot
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
        colours = ("#1f5fa8", "#b3541e", "#4a7a3c", "#7a4a8c")
        for place, (scorer, colour) in enumerate(zip(VARIANTS[:-1] + [MILD], colours)):
            for y, kind in enumerate(reversed(NOISE)):
                row = self.row(scorer, kind, 0.3, 0) if scorer != MILD else next(
                    mild for mild in self.mild if variant(mild["scorer"]) == MILD and mild["kind"] == kind)
                x = float(row["loss"])
                left.errorbar(x, y + 0.15 * (1.5 - place), xerr=[[x - float(row["loss_low"])], [float(row["loss_high"]) - x]], fmt="o", ms=4,
                              lw=0.8, color=colour, label=scorer if y == 0 else None)
        left.set_yticks(range(len(NOISE)), [kind.replace("_", " ") for kind in reversed(NOISE)])
        left.axvline(0, color="#888", lw=0.8, ls="--")
        left.set_xlabel("loss of NDCG@10 at severity .3, k = 0")
        left.legend(fontsize=8)
        labels = []
        for y, (attack, size) in enumerate(reversed(ATTACKS)):
            labels.append(f"{attack}, {100 * float(size):g} %")
            found = {row["scorer"]: row for row in rows(self.folder / f"plain-{attack}-{size}-poisoning.csv")}
            for place, (scorer, colour) in enumerate((("plain", "#1f5fa8"), ("plain" + PRIOR, "#b3541e"), ("popularity", "#666"))):
                at = y + 0.2 * (1 - place)
                clean, poisoned = (float(found[scorer][key]) for key in ("place_clean", "place_poisoned"))
                right.annotate("", (poisoned, at), (clean, at), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1})
                right.plot(clean, at, "o", ms=4, color=colour, label=scorer if y == 0 else None)
        right.set_yticks(range(len(labels)), labels)
        right.set_xlim(1000, 0)
        right.set_xlabel("mean place of pushed items among 1,682, before and after")
        right.legend(fontsize=8, loc="upper right")
        for panel in (left, right):
            panel.grid(alpha=0.25)
        figure.savefig(path, metadata={"Date": None})

    def tables(self) -> list[str]:
        return [self.noisy(0, VARIANTS + ["plain" + PRIOR]), self.noisy(3, VARIANTS), self.mildly(), self.trained(), self.items(), self.radii(), self.attacks(), self.labels()]


if __name__ == "__main__":
    print_study(__doc__, "docs/studies/robustness", lambda folder: Study(folder).tables(), lambda folder, path: Study(folder).plot(path))
