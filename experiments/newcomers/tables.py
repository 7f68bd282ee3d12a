#!/usr/bin/env python3
"""Prints the tables of docs/studies/newcomers.md from the files that collect.py wrote.

  experiments/newcomers/tables.py [FOLDER]        default: docs/studies/newcomers
"""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import markdown, rows  # noqa: E402

AXES = ["world", "lambda", "user_model"]
VERDICTS = ["better", "equivalent", "undecided", "worse"]
CLAIMS = ["checkpoints", "strategy"]
SHORT = {"better": "+", "worse": "-", "equivalent": "=", "undecided": "?"}


def unique(lines, key):
    return list(dict.fromkeys(line[key] for line in lines))


def verdict_of(line, claim):
    """About these checkpoints, or the strategy; policies without seeds have one verdict."""
    return line[f"{claim}_verdict"] or line["checkpoints_verdict"]


def map_of_verdicts(lines):
    """Rows: policy, world and lambda; columns: user models; the sign of the verdict about checkpoints, then strategy."""
    models = unique(lines, "user_model")
    cells = {(line["policy"], line["world"], line["lambda"], line["user_model"]): line for line in lines}
    body = []
    for policy in unique(lines, "policy"):
        for world in unique(lines, "world"):
            for weight in unique(lines, "lambda"):
                found = [cells[policy, world, weight, model] for model in models]
                body.append([policy, world, weight] + [f"{float(line['difference']):+.3f} " + "".join(SHORT[line[f"{claim}_verdict"]]
                                                       for claim in CLAIMS if line[f"{claim}_verdict"]) for line in found])
    return markdown(["- popularity", "world", "lambda"] + models, body)


def flips(lines):
    """Along which axis a verdict turns from better to worse while the others stay, and along which it comes or goes."""
    body = []
    for policy in unique(lines, "policy"):
        for claim in CLAIMS:
            mine = [line for line in lines if line["policy"] == policy]
            if not mine[0][f"{claim}_verdict"]:
                continue
            cells = {tuple(line[axis] for axis in AXES): (verdict_of(line, claim), float(line["difference"])) for line in mine}
            for place, axis in enumerate(AXES):
                groups = collections.defaultdict(set)
                for key, (verdict, _) in cells.items():
                    groups[key[:place] + key[place + 1:]].add(verdict)
                turned = sum({"better", "worse"} <= found for found in groups.values())
                faded = sum(len(found) > 1 for found in groups.values()) - turned
                body.append([policy, claim, axis, f"{turned} of {len(groups)}", f"{faded} of {len(groups)}"])
    return markdown(["- popularity", "claim about", "along", "the winner changes", "a verdict comes or goes"], body)


def counts(lines):
    """How often each verdict, and the range of differences and of what would have been found, per policy and lambda."""
    body = []
    for policy in unique(lines, "policy"):
        for weight in unique(lines, "lambda"):
            some = [line for line in lines if line["policy"] == policy and line["lambda"] == weight]
            for claim in CLAIMS:
                if not some[0][f"{claim}_verdict"]:
                    continue
                found = collections.Counter(line[f"{claim}_verdict"] for line in some)
                differences = [float(line["difference"]) for line in some]
                reach = [float(line[f"{claim}_detectable"]) for line in some]
                body.append([policy, weight, claim] + [found[verdict] for verdict in VERDICTS] +
                            [f"{min(differences):+.3f} .. {max(differences):+.3f}", f"{min(reach):.3f} .. {max(reach):.3f}"])
    return markdown(["- popularity", "lambda", "claim about"] + VERDICTS + ["differences", "smallest found"], body)


def levels(folder):
    lines = [line for line in rows(folder / "levels.csv") if line["user_model"] == "mnl"]
    names = [name for name in lines[0] if name not in AXES]
    return markdown(["world", "lambda"] + names, [[line["world"], line["lambda"]] + [f"{float(line[name]):.3f}" for name in names] for line in lines])


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/studies/newcomers")
    lines = rows(folder / "conditions.csv")
    parts = [map_of_verdicts(lines), flips(lines), counts(lines), levels(folder)]
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
