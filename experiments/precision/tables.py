#!/usr/bin/env python3
"""Prints the table of docs/studies/precision.md from its result files.

    experiments/precision/tables.py [FOLDER]        default: docs/studies/precision
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from study_tables import rows  # noqa: E402


def line(folder: pathlib.Path, strategy: str, end: str, shots: int) -> str:
    comparison = f"{strategy}-fp32{end} - {strategy}-bf16{end}, k = {shots}"
    [verdict] = [row for row in rows(folder / f"{strategy}-verdict-strategies.csv") if row["comparison"] == comparison]
    level = {row["strategy"]: float(row[f"k{shots}"]) for row in rows(folder / f"{strategy}-strategies.csv")}
    numbers = [float(verdict[name]) for name in ("difference", "difference_low", "difference_high", "detectable")]
    return (f"| {strategy}{end} | {shots} | {level[f'{strategy}-fp32{end}']:.4f} | {level[f'{strategy}-bf16{end}']:.4f} | "
            f"{numbers[0]:+.4f} [{numbers[1]:+.4f}, {numbers[2]:+.4f}] | {numbers[3]:.4f} | {verdict['verdict']} |")


def main() -> None:
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/studies/precision")
    print("| | k | fp32 | bf16 | fp32 - bf16 [95 %] | smallest difference it would find | verdict |\n|---|---|---|---|---|---|---|")
    for strategy in ("lora", "full"):
        for end in ("", " + item prior"):
            for shots in (0, 3, 10):
                print(line(folder, strategy, end, shots))


if __name__ == "__main__":
    main()
