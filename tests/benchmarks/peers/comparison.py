"""What is made of the timings of two sides that took turns on the same work: speeds, ratios, and whether they agree."""

import dataclasses
import math

# Largest relative difference of the losses of the first step without dropout. bf16 has 8 significant bits (2^-9 = 2e-3 per
# rounding), and the two sides round in different places; over a batch the roundings average out (seen: 1e-4).
LOSS_TOLERANCE = {"fp32": 1e-4, "bf16": 2e-3}
# Largest difference of an element of unit-length vectors.
VECTOR_TOLERANCE = {"fp32": 2e-5, "bf16": 3e-2}


class Disagreement(Exception):
    """The two sides do not compute the same thing: their times must not be compared."""


def check_losses(ours: float, theirs: float, precision: str) -> float:
    """Relative difference of two losses; Disagreement when it is too large or no number."""
    difference = abs(ours - theirs) / abs(theirs) if theirs else math.inf
    if not difference <= LOSS_TOLERANCE[precision]:
        raise Disagreement(f"first loss {ours:.7g} and {theirs:.7g}: apart by {difference:.1e}, {precision} allows {LOSS_TOLERANCE[precision]:.0e}")
    return difference


def check_vectors(ours: list[list[float]], theirs: list[list[float]], precision: str) -> float:
    """Largest difference of an element; Disagreement when it is too large or the shapes differ."""
    if not ours or [len(row) for row in ours] != [len(row) for row in theirs]:
        raise Disagreement(f"vectors of other shapes: {len(ours)} and {len(theirs)} rows")
    difference = max(abs(a - b) for mine, other in zip(ours, theirs) for a, b in zip(mine, other))
    if not difference <= VECTOR_TOLERANCE[precision]:
        raise Disagreement(f"vectors apart by {difference:.1e}, {precision} allows {VECTOR_TOLERANCE[precision]:.0e}")
    return difference


def best_seconds(rounds: list[list[float]]) -> float:
    """Time of the whole work when every part of it takes the least time that any round saw for that part.

    Parts are steps: the same pairs in every round and on both sides, but not equally long ones, so that the fastest step alone
    would be the one with the shortest texts.
    """
    if len({len(parts) for parts in rounds}) != 1 or not rounds[0]:
        raise ValueError("rounds must have the same steps, at least one")
    return sum(min(parts) for parts in zip(*rounds))


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Throughput of ours over the peer's: above 1, ours is faster."""

    best: float  # of best times
    low: float  # of single rounds
    high: float

    @classmethod
    def of(cls, ours: list[list[float]], theirs: list[list[float]]) -> "Ratio":
        if len(ours) != len(theirs):
            raise ValueError("both sides take part in every round")
        of_rounds = [sum(peer) / sum(mine) for mine, peer in zip(ours, theirs)]
        return cls(best_seconds(theirs) / best_seconds(ours), min(of_rounds), max(of_rounds))

    def __str__(self) -> str:
        return f"{self.best:.2f} ({self.low:.2f}-{self.high:.2f})"


def share_of_limit(tokens: float, flop_per_token: float, seconds: float, gigaflops_per_core: float, cores: int) -> float:
    """Share of the speed of matrix products that work on real tokens makes up."""
    return tokens * flop_per_token / seconds / (1e9 * gigaflops_per_core * cores)
