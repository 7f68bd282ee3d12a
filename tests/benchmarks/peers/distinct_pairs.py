"""Pairs in which no text occurs twice, from the banking77 questions: two questions of one intent make a pair."""

import csv
import itertools
import pathlib


def distinct_pairs(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """`rows` are (text, category). Texts that differ in case or blanks alone count as one. Pairs of different categories take
    turns, so that a batch has as many categories as it can."""
    of_category: dict[str, list[str]] = {}
    seen = set()
    for text, category in rows:
        line = " ".join(text.split())
        if line.casefold() not in seen:
            seen.add(line.casefold())
            of_category.setdefault(category, []).append(line)
    pairs = [list(zip(texts[::2], texts[1::2])) for texts in of_category.values()]
    return [pair for turn in itertools.zip_longest(*pairs) for pair in turn if pair is not None]


def write_distinct_pairs(extra_data: pathlib.Path, output: pathlib.Path) -> None:
    with open(extra_data / "banking77" / "train.csv", encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    lines = [f"{anchor}\t{positive}\n" for anchor, positive in distinct_pairs(rows)]
    output.write_text("".join(lines), encoding="utf-8")
