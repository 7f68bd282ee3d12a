#!/usr/bin/env python3
"""Chooses a strategy's learning rate: the one of rates.csv with the higher NDCG@10 on role V at the end of its run.

    experiments/strategies/choose.py NAME       prints the chosen rate
    experiments/strategies/choose.py --all      prints strategy,rate,ndcg@10,chosen for every finished run

Reads the metrics logs below runs/strategies-rates.
"""

import csv
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
RUNS = HERE.parents[1] / "runs/strategies-rates"


def grid() -> dict[str, list[str]]:
    with open(HERE / "rates.csv", newline="", encoding="utf-8") as file:
        return {row[0]: row[1:] for row in list(csv.reader(file))[1:]}


def score(name: str, rate: str) -> float | None:
    """NDCG@10 on role V at the last look; None for a run that is not there."""
    log = RUNS / f"{name}-{rate}/fold-0/seed-0/metrics.log"
    if not log.is_file():
        return None
    records = [json.loads(line.rsplit("\t", 1)[0]) for line in log.read_text(encoding="utf-8").splitlines()]
    looks = [record["score"] for record in records if record["kind"] == "validation"]
    return looks[-1] if looks else None


def choose(name: str, rates: list[str]) -> tuple[str, dict[str, float]]:
    scores = {rate: value for rate in rates if (value := score(name, rate)) is not None}
    return max(scores, key=scores.get, default=""), scores


def main() -> None:
    rates = grid()
    if sys.argv[1:] == ["--all"]:
        print("strategy,rate,ndcg@10,chosen")
        for name in rates:
            best, scores = choose(name, rates[name])
            for rate, value in scores.items():
                print(f"{name},{rate},{value:.4f},{'yes' if rate == best else 'no'}")
        return
    if len(sys.argv) != 2 or sys.argv[1] not in rates:
        sys.exit(f"one strategy of rates.csv is needed (it has {', '.join(rates)})")
    best, scores = choose(sys.argv[1], rates[sys.argv[1]])
    if len(scores) < len(rates[sys.argv[1]]):
        sys.exit(f"{sys.argv[1]}: {len(scores)} of {len(rates[sys.argv[1]])} rates were tried")
    print(best)


if __name__ == "__main__":
    main()
