#!/usr/bin/env python3
"""Repeats a slice of the studies: three fits of full length, their evaluation, one table of noise and one of groups, under two
minutes on two cores; sets the numbers beside those that the studies left, in docs/studies/slice.csv.

    experiments/repeat_slice.py [--program build/release/bin/coldframe] [--store datasets/ml-100k.h5] [--folder FOLDER] [--threads 2]
    experiments/repeat_slice.py --record          writes docs/studies/slice.csv anew

Ends with 1 and names what moved by more than its tolerance. Baselines do not depend on trained weights and have to come out the
same; processors round bfloat16 products in different orders, which fifty steps carry on to the third digit of a mean.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
STORED = ROOT / "docs/studies/slice.csv"
MOVES = 0.04  # NDCG@10 of a strategy: an untrained encoder is .15 away
EXACT = 1e-9

# What is repeated: study, configurations, and for every command the measures to look at with their tolerances.
FITS = [
    ("continual", ["lora", "naive"], [("evaluate", ["--evaluation.shots=0"], {
        "evaluation.ndcg@10.shot0.of_popularity": EXACT, "evaluation.tasks.next": MOVES,
        "evaluation.tasks.average": MOVES, "evaluation.tasks.forward_transfer": MOVES})]),
    ("robustness", ["typos"], [
        ("evaluate", ["--evaluation.shots=0"], {
            "evaluation.users": EXACT, "evaluation.ndcg@10.shot0": MOVES, "evaluation.ndcg@10.shot0.of_popularity": EXACT}),
        ("robustness", ["--noise", "typos", "--severity", "0.3", "--shots", "0", "--draws", "1", "--typo_users", "5"],
         {"robustness.strategy.shot0.typos.0.3.clean": MOVES, "robustness.strategy.shot0.typos.0.3.loss": MOVES})]),
    ("fairness", ["plain"], [
        ("evaluate", ["--evaluation.shots=0"], {
            "evaluation.ndcg@10.shot0": MOVES, "evaluation.ndcg@10.shot0.of_attribute_regression": 1e-6}),
        ("fairness", ["--group", "gender"], {"fairness.gaps.popularity.gender.gap": EXACT, "fairness.gaps.strategy.gender.gap": MOVES})]),
]


def run(arguments: list) -> None:
    done = subprocess.run([str(argument) for argument in arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def repeat(options: argparse.Namespace, folder: pathlib.Path, study: str, configs: list[str], asked: list) -> dict[str, float]:
    """Trains one run of a study and returns the measures that were asked for, by name."""
    here = ROOT / "experiments" / study
    threads = f"--distributed.threads={options.threads}"
    settings = [value for name in ["base", *configs] for value in ("--config", here / f"{name}.ini")]
    run([options.program, "train", *settings, threads, "--overwrite", f"--data.path={options.store.resolve()}",
         f"--experiment.root={folder}", "--experiment.variant=slice", "--experiment.seed=1",
         f"--encoder.folder={ROOT / '.deps/encoders/all-MiniLM-L6-v2'}"])
    found = {}
    for command, arguments, measures in asked:
        report = folder / f"{study}-{command}.json"
        run([options.program, command, "--run", folder / study / "slice/fold-0/seed-1", threads, *arguments, "--measures", report])
        (values,) = json.loads(report.read_text(encoding="utf-8")).values()  # of the one run
        for name in measures:
            if name not in values:
                sys.exit(f"{command} reports no {name}, but {', '.join(sorted(values))}")
            found[name] = values[name]["value"]
    return found


def tolerances() -> dict[tuple[str, str], float]:
    return {(study, name): tolerance for study, _, asked in FITS for _, _, measures in asked for name, tolerance in measures.items()}


def stored_numbers() -> dict[tuple[str, str], float]:
    with open(STORED, newline="", encoding="utf-8") as file:
        return {(row["study"], row["measure"]): float(row["value"]) for row in csv.DictReader(file)}


def compare(found: list[tuple[str, str, float]], allowed: dict[tuple[str, str], float]) -> int:
    """Prints one line a number; returns how many moved too far, or have nothing stored to stand beside."""
    stored = stored_numbers()
    missed = 0
    for study, name, value in found:
        expected = stored.get((study, name))
        fits = expected is not None and abs(value - expected) <= allowed[study, name]
        missed += not fits
        said = "nothing" if expected is None else f"{expected:.4f}"
        print(f"{'ok   ' if fits else 'MOVED'} {study:<11}{name:<55}{value:.4f}, stored {said}, tolerance {allowed[study, name]:g}")
    for study, name in sorted(set(stored) - {(study, name) for study, name, _ in found}):
        print(f"MOVED {study:<11}{name:<55}is stored and was not measured")
        missed += 1
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/bin/coldframe")
    parser.add_argument("--store", type=pathlib.Path, default=ROOT / "datasets/ml-100k.h5")
    parser.add_argument("--folder", type=pathlib.Path, help="for runs and reports; default: a temporary one")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = [(study, name, value) for study, configs, asked in FITS
                 for name, value in repeat(options, folder.resolve(), study, configs, asked).items()]
    if options.record:
        with open(STORED, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("study", "measure", "value"), *((study, name, repr(value)) for study, name, value in found)])
        return
    sys.exit(1 if compare(found, tolerances()) else 0)


if __name__ == "__main__":
    main()
