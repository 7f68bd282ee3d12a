"""What a step costs on N ranks, from what one rank measured. Names and formulas: docs/benchmarks.md, "Growth"."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Network:
    """One exchange of n bytes with another rank takes latency + n / bandwidth."""

    latency: float  # seconds
    bandwidth: float  # bytes per second

    def exchange(self, size: float) -> float:
        return self.latency + size / self.bandwidth


@dataclasses.dataclass(frozen=True)
class Step:
    """Seconds of a step on one rank: fixed + per_token x tokens."""

    fixed: float  # update, plan, loss: what does not shrink with more ranks
    per_token: float
    gradient_bytes: float
    vector_bytes: float  # embedding of one text


def fit_step(samples: list[tuple[float, float]]) -> tuple[float, float]:
    """(fixed, per_token) by least squares of relative errors over (tokens, seconds)."""
    weights = [1 / (seconds * seconds) for _, seconds in samples]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, samples)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, samples)) / total
    above = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, samples))
    below = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, samples))
    slope = above / below
    return mean_y - slope * mean_x, slope


def fixed_tree(size: float, ranks: int, network: Network) -> float:
    """The order of additions that gives equal bits on any number of ranks. A power of two halves the sum with rank^1, rank^2,
    rank^4 ... and gathers it back; other numbers send whole sums up a tree, and the total down another."""
    if ranks == 1:
        return 0.0
    levels = math.ceil(math.log2(ranks))
    if ranks & (ranks - 1) == 0:
        return 2 * levels * network.latency + 2 * (ranks - 1) / ranks * size / network.bandwidth
    return 2 * levels * network.exchange(size)


def ring(size: float, ranks: int, network: Network) -> float:
    """The usual all-reduce for large sums: 2 (N - 1) messages of 1/N of it."""
    return 2 * (ranks - 1) * network.exchange(size / ranks) if ranks > 1 else 0.0


def gather(texts: float, step: Step, ranks: int, network: Network) -> float:
    """Every rank ends with the vectors of all texts; doubling."""
    if ranks == 1:
        return 0.0
    return math.ceil(math.log2(ranks)) * network.latency + texts * step.vector_bytes * (ranks - 1) / ranks / network.bandwidth


def seconds(step: Step, tokens: float, texts: float, ranks: int, network: Network, reduce=fixed_tree) -> float:
    return (step.fixed + step.per_token * tokens / ranks + gather(texts, step, ranks, network)
            + reduce(step.gradient_bytes, ranks, network))
