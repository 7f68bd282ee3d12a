"""What the tables.py of all studies share: result files in, Markdown out.

A script in a folder below this one finds it with
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
"""

import argparse
import csv
import pathlib
from collections.abc import Callable


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


def print_study(doc: str, folder: str, tables: Callable[[pathlib.Path], list[str]], plot: Callable[[pathlib.Path, pathlib.Path], None]) -> None:
    """The command line of a tables.py: prints the tables of a folder, and with --plot draws its picture, plot(folder, path)."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=pathlib.Path(folder))
    parser.add_argument("--plot", type=pathlib.Path)
    arguments = parser.parse_args()
    print("\n\n".join(tables(arguments.folder)))
    if arguments.plot:
        plot(arguments.folder, arguments.plot)
