"""The rows of the table: which work both sides do."""

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    kind: str  # train, encode, lanes (ours alone, against one thread)
    data: str  # movielens, distinct
    strategy: str = "full"
    precision: str = "fp32"
    batch: int = 32  # pairs of a step, over all processes
    ranks: int = 1
    threads: int = 2  # of each process
    encoder: str = "minilm"
    warmup: int = 1
    steps: int = 4


STRATEGIES = [(strategy, precision) for precision in ("fp32", "bf16") for strategy in ("full", "lora")]


def training_rows() -> list[Row]:
    rows = []
    for strategy, precision in STRATEGIES:
        what = {"kind": "train", "strategy": strategy, "precision": precision}
        end = f"{strategy}-{precision}"
        rows += [
            Row(f"movielens-b32-{end}", data="movielens", batch=32, warmup=2, steps=10, **what),
            Row(f"movielens-b128-{end}", data="movielens", batch=128, **what),
            Row(f"distinct-b128-{end}", data="distinct", batch=128, **what),
            Row(f"ranks-2x32-{end}", data="movielens", batch=64, ranks=2, threads=1, warmup=2, steps=6, **what),
            Row(f"base-b32-{end}", data="movielens", batch=32, encoder="base", steps=3, **what),
        ]
    return sorted(rows, key=lambda row: ["movielens-b32", "movielens-b128", "distinct-b128", "ranks-2x32", "base-b32"].index(
        row.name.rsplit("-", 2)[0]))


def all_rows() -> list[Row]:
    encoding = [Row(f"encode-{precision}", kind="encode", data="movielens", precision=precision) for precision in ("fp32", "bf16")]
    lanes = [
        Row(f"lanes-{strategy}-{precision}", kind="lanes", data="movielens", strategy=strategy, precision=precision, batch=64)
        for strategy, precision in STRATEGIES
    ]
    return training_rows() + encoding + lanes


def select(patterns: list[str]) -> list[Row]:
    """Rows whose name fits one of the patterns (* for any characters); all without patterns. ValueError names a pattern that
    fits none."""
    rows = all_rows()
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(row.name, pattern) for row in rows):
            raise ValueError(f"no row is called {pattern}; the rows are: {' '.join(row.name for row in rows)}")
    return [row for row in rows if not patterns or any(fnmatch.fnmatchcase(row.name, pattern) for pattern in patterns)]
