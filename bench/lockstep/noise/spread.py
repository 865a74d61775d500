"""How far log ratios scatter, with an interval that knows which of them were measured together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

CONFIDENCE: Final = 0.95
MIN_CLUSTERS: Final = 6
"""The fewest clusters to draw a bootstrap's from: of fewer, too few differ."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One log ratio, head / base, of the benchmark `workload`; `own_log_s` is the log of the base's time alone."""

    workload: str
    log_ratio: float
    own_log_s: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard deviation of `n` log ratios, with a 95% interval by the clusters that they came in.

    `low` and `high` are None for fewer than MIN_CLUSTERS, and for those that are all alike.
    """

    sd: float
    low: float | None
    high: float | None
    n: int
    clusters: int


def spread(clusters: Sequence[Sequence[float]], seed: int, *, about: float = 0.0) -> Spread:
    """Return the root mean square of the deviations from `about`; 0 is the true log ratio of identical code.

    A cluster holds what shares its luck: all benchmarks of a pair of runs, or one generation. The interval is the
    bootstrap's, BCa, over clusters (Efron 1987, `scipy.stats.bootstrap`). Raises ValueError for nothing.
    """
    squares = np.array([sum((log - about) ** 2 for log in cluster) for cluster in clusters if cluster])
    counts = np.array([len(cluster) for cluster in clusters if cluster])
    if counts.size == 0:
        raise ValueError("no log ratios whose spread could be told")
    low = high = None
    if counts.size >= MIN_CLUSTERS and np.ptp(squares / counts) > 0:
        low, high = stats.bootstrap(
            (squares, counts),
            lambda squared, counted, axis=-1: np.sqrt(squared.sum(axis=axis) / counted.sum(axis=axis)),
            paired=True,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return Spread(
        sd=math.sqrt(squares.sum() / counts.sum()),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        n=int(counts.sum()),
        clusters=int(counts.size),
    )


def own_sd(observations: Sequence[Observation]) -> float | None:
    """Return the SD of one side's own log times, each about its benchmark's mean; None where none has two."""
    by_workload: dict[str, list[float]] = {}
    for observation in observations:
        by_workload.setdefault(observation.workload, []).append(observation.own_log_s)
    repeated = [np.array(logs) for logs in by_workload.values() if len(logs) > 1]
    if not repeated:
        return None
    squares = sum(float(np.square(logs - logs.mean()).sum()) for logs in repeated)
    return math.sqrt(squares / sum(logs.size - 1 for logs in repeated))
