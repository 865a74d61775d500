"""The Universal Scalability Law, fitted to the speed-ups of one workload: a fit, and beyond the cores an extrapolation.

Speed-up(N) = gain * N / (1 + contention * (N - 1) + coherence * N * (N - 1)). Source: N. J. Gunther, Guerrilla Capacity
Planning (2007); contention is Amdahl's serial part, coherence the cost of each pair's exchange.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from bench.instrument.metrics.base import SERIAL, Missing
from bench.instrument.records import Benchmark
from bench.instrument.statistics import CONFIDENCE, Estimate, Interval

FITTED = (
    "non-negative least squares through the medians; interval by bootstrap of the visits, or of a single visit's rounds"
)
RESAMPLES = 200
_COUNTS_FOR_COHERENCE = 3
_FEWEST_COUNTS = 2
_FEWEST_ROUNDS = 6

Ratios: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScalabilityFit:
    """The fitted parts of the law, each with its interval, and the numbers of workers that they rest on.

    `coherence` is Missing where fewer than three numbers of workers were measured within the cores: contention then
    stands for both. `beyond` is the speed-up at `beyond_workers`, an extrapolation.
    """

    gain: Estimate
    contention: Estimate
    coherence: Estimate | Missing
    workers: tuple[int, ...]
    beyond_workers: int
    beyond: Estimate

    def speed_up(self, workers: float) -> float:
        """Return what the law says for a number of workers."""
        coherence = self.coherence.value if isinstance(self.coherence, Estimate) else 0.0
        return float(_law(np.asarray(workers), self.gain.value, self.contention.value, coherence))


def scalability(items: Iterable[Benchmark], usable_cores: int | None, beyond_workers: int) -> ScalabilityFit | Missing:
    """Fit the law to benchmarks of one workload and kind at several numbers of workers, each in turn with serial.

    Only numbers up to the usable cores count: past them it is queueing that is measured.
    """
    cores = usable_cores or 0
    samples = {
        workers: _by_visit(np.asarray(item.reference.rounds_s) / np.asarray(item.rounds_s), item.visits)
        for item in items
        if item.reference is not None and item.reference.name == SERIAL
        if 1 <= (workers := item.integer("workers") or 0) <= cores
    }
    if len(samples) < _FEWEST_COUNTS:
        return Missing("fewer than two numbers of workers within the usable cores")
    if any(sum(map(len, sample)) < _FEWEST_ROUNDS for sample in samples.values()):
        return Missing(f"fewer than {_FEWEST_ROUNDS} rounds to resample")
    counts = sorted(samples)
    visits = [samples[count] for count in counts]
    gain, contention, coherence = _fit(counts, [np.concatenate(sample) for sample in visits])
    spread = _bootstrap(counts, visits, beyond_workers)
    n = min(sum(map(len, sample)) for sample in visits)

    def estimate(value: float, row: int) -> Estimate:
        low, high = np.quantile(spread[row], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return Estimate(value, Interval(min(float(low), value), max(float(high), value)), n, FITTED)

    return ScalabilityFit(
        gain=estimate(gain, 0),
        contention=estimate(contention, 1),
        coherence=estimate(coherence, 2)
        if len(counts) >= _COUNTS_FOR_COHERENCE
        else Missing(f"{len(counts)} numbers of workers do not tell coherence from contention"),
        workers=tuple(counts),
        beyond_workers=beyond_workers,
        beyond=estimate(float(_law(np.asarray(beyond_workers), gain, contention, coherence)), 3),
    )


def _law(workers: Ratios, gain: float, contention: float, coherence: float = 0.0) -> Ratios:
    others = workers - 1
    return gain * workers / (1 + contention * others + coherence * workers * others)


def _fit(counts: Sequence[int], rounds: Sequence[Ratios]) -> tuple[float, float, float]:
    """Return gain, contention and coherence; none of them below zero."""
    xs, ys = np.asarray(counts, dtype=float), np.asarray([np.median(sample) for sample in rounds])
    others = xs - 1
    columns = [np.ones_like(xs), others, xs * others][: min(len(counts), _COUNTS_FOR_COHERENCE)]
    # workers / speed-up is linear in the law's parts, over the gain; divided by itself, errors count by their ratio
    slowed = xs / ys
    found, _ = optimize.nnls(np.stack(columns, axis=1) / slowed[:, None], np.ones_like(xs))
    whole, contention, *rest = (float(part) for part in found)
    if whole <= 0:  # faster with each worker than their number allows: all that there is is gain
        return float(np.median(ys / xs)), 0.0, 0.0
    return 1 / whole, contention / whole, rest[0] / whole if rest else 0.0


def _by_visit(ratios: Ratios, visits: Sequence[int]) -> list[Ratios]:
    """Return what is drawn as one: the rounds of a visit, or each by itself where there was one visit."""
    return np.split(ratios, np.cumsum(visits)[:-1] if len(visits) > 1 else np.arange(1, len(ratios)))


def _bootstrap(counts: Sequence[int], visits: Sequence[Sequence[Ratios]], beyond_workers: int) -> Ratios:
    """Return gain, contention, coherence and the extrapolation for resampled visits, a row each."""

    def statistic(*drawn: NDArray[np.int64]) -> Ratios:
        fitted = _fit(counts, [np.concatenate([own[i] for i in ids]) for own, ids in zip(visits, drawn, strict=True)])
        return np.asarray([*fitted, float(_law(np.asarray(beyond_workers), *fitted))])

    resampled = stats.bootstrap(
        tuple(np.arange(len(own)) for own in visits),
        statistic,
        vectorized=False,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=0,
    )
    return np.asarray(resampled.bootstrap_distribution)
