"""NDCG@10 of newcomers as `coldframe train` looks at role V: binary gains, all items ranked but the newcomer's own first likes."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Newcomer:
    profile: str
    masked: frozenset[int]
    targets: frozenset[int]


def read_newcomers(path) -> list[Newcomer]:
    """Lines of `movielens_pairs --validation`: profile, masked items, targets."""
    newcomers = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            profile, masked, targets = line.rstrip("\n").split("\t")
            newcomers.append(Newcomer(profile, frozenset(map(int, masked.split())), frozenset(map(int, targets.split()))))
    return newcomers


def ndcg(scores, newcomer: Newcomer, cut: int = 10) -> float:
    """Ties go to the smaller item number: scores of texts differ, so that there are next to none."""
    order = sorted((item for item in range(len(scores)) if item not in newcomer.masked), key=lambda item: (-scores[item], item))
    wanted = newcomer.targets - newcomer.masked
    gain = sum(1 / math.log2(place + 2) for place, item in enumerate(order[:cut]) if item in wanted)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(cut, len(wanted))))


def mean_ndcg(scores, newcomers: list[Newcomer]) -> float:
    return sum(ndcg(list(row), newcomer) for row, newcomer in zip(scores, newcomers)) / len(newcomers)


def time_to(target: float, looks: list[tuple[int, float]], seconds: list[float]) -> float | None:
    """Seconds of training until the first look (step, value) at `target` or above; None when there is none."""
    for step, value in looks:
        if value >= target:
            return sum(seconds[:step])
    return None
