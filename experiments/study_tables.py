"""What the tables.py of all studies share: result files in, Markdown out.

A script in a folder below this one finds it with
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
"""

import csv
import pathlib


def rows(path: pathlib.Path) -> list[dict]:
    """The rows of a CSV file, by column."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def markdown(header: list, body: list[list]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in body])


def interval(row: dict, column: str, digits: int = 3) -> str:
    """`.341 [.300, .383]` of the columns NAME, NAME_low, NAME_high; - where there is no value."""
    if not row[column]:
        return "-"
    return f"{float(row[column]):.{digits}f} [{float(row[column + '_low']):.{digits}f}, {float(row[column + '_high']):.{digits}f}]"
