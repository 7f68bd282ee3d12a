#!/usr/bin/env python3
"""Chooses a strategy's learning rate for a stream of tasks: of the rates in rates.csv the one under which people of role V of a
task to come get most (mean over tasks j > 1 of R[j-1, j] in NDCG@10, the tasks trained naively one after the other).

    experiments/continual/choose.py NAME [ROOT]       prints the chosen rate
    experiments/continual/choose.py --all [ROOT]      prints strategy,rate,next_of_V,chosen for every finished run

Reads the metrics logs below ROOT/continual-rates (default: runs).
"""

import csv
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def grid() -> dict[str, list[str]]:
    with open(HERE / "rates.csv", newline="", encoding="utf-8") as file:
        return {row[0]: row[1:] for row in list(csv.reader(file))[1:]}


def score(root: pathlib.Path, name: str, rate: str) -> float | None:
    """What people of V of tasks 2 .. T get just before their task is trained; None for a run that is not finished."""
    log = root / f"continual-rates/{name}-{rate}/fold-0/seed-0/metrics.log"
    if not log.is_file():
        return None
    records = [json.loads(line.rsplit("\t", 1)[0]) for line in log.read_text(encoding="utf-8").splitlines()]
    matrix = {int(record["row"]): record for record in records if record["kind"] == "task"}
    tasks = sum(key.startswith("R.") for key in matrix.get(0, {}))
    if tasks < 2 or tasks not in matrix:
        return None
    return sum(matrix[task - 1][f"R.{task}"] for task in range(2, tasks + 1)) / (tasks - 1)


def choose(root: pathlib.Path, name: str, rates: list[str]) -> tuple[str, dict[str, float]]:
    scores = {rate: value for rate in rates if (value := score(root, name, rate)) is not None}
    return max(scores, key=scores.get, default=""), scores


def main() -> None:
    rates = grid()
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else HERE.parents[1] / "runs")
    if asked == "--all":
        print("strategy,rate,next_of_V,chosen")
        for name in rates:
            best, scores = choose(root, name, rates[name])
            for rate, value in scores.items():
                print(f"{name},{rate},{value:.4f},{'yes' if rate == best else 'no'}")
        return
    if asked not in rates:
        sys.exit(f"one strategy of rates.csv is needed (it has {', '.join(rates)})")
    best, scores = choose(root, asked, rates[asked])
    if len(scores) < len(rates[asked]):
        sys.exit(f"{asked}: {len(scores)} of {len(rates[asked])} rates were tried below {root}")
    print(best)


if __name__ == "__main__":
    main()
