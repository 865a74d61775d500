"""Estimates with intervals, from the rounds of one run.

Where the rounds were spread over visits, each with pools and data of its own (bench.instrument.visits), a visit counts
once: the estimate is the mean of the visits' medians, on logarithms, and its interval Student's t for them. Two to four
visits tell little of how much visits differ, so their variance is moderated: averaged with what all benchmarks of the
run tell of it, in proportion to what either knows (`Prior`). Where there was one visit, the estimate is the median of
its rounds, and the interval order statistics (the sign test inverted): that speaks of these pools alone. Either speaks
of this run; a fresh process may still land elsewhere. Shares of a task's time are taken likewise, without logarithms.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from statistics import median as middle
from typing import TypeAlias

import numpy as np
from scipy import optimize, special, stats

CONFIDENCE = 0.95
MEDIAN = "median of rounds"
PAIRED_RATIO = "median of the paired rounds' log ratios"
OF_VISITS = "geometric mean over visits"
SHARE = "median of tasks"
SHARE_OF_VISITS = "mean over visits"
INTERVALS = (
    "95% interval by visits (Student's t, their variance moderated over the benchmarks of the run), "
    "or by order statistics of the rounds of a single visit"
)
"""How intervals are made, for those who read them."""
UNPAIRED_RATIO = "ratio of two medians that were not measured side by side"
GEOMETRIC_MEAN = "geometric mean"

LEAST_PRIOR = 10
"""Benchmarks that it takes to tell how variances are distributed."""
LEAST_VARIANCE = 1e-8
"""Of logarithms: a hundredth of a per cent, below which no clock and no machine tells visits apart."""
MOST_FREEDOM = 1e4
"""Beyond it all benchmarks have the same variance, as far as anyone can tell."""

Values: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, `low` <= `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95% interval, or None where fewer than 6 rounds of one visit allow none; `n` counts rounds.

    Of a share of a task's time it counts tasks.
    """

    value: float
    interval: Interval | None
    n: int
    estimator: str

    def decides(self, against: float = 1.0) -> bool:
        """Say whether the interval lies wholly on one side of a value."""
        return self.interval is not None and not self.interval.low <= against <= self.interval.high

    def map(self, function: Callable[[float], float]) -> "Estimate":
        """Apply a monotone function to the value and the interval; a falling one turns the interval round."""
        if self.interval is None:
            return replace(self, value=function(self.value))
        low, high = sorted((function(self.interval.low), function(self.interval.high)))
        return replace(self, value=function(self.value), interval=Interval(low, high))


@dataclass(frozen=True, slots=True)
class Prior:
    """How the variances between visits, of logarithms, are distributed over the benchmarks of a run.

    They are taken as scaled inverse chi-squared: as if each benchmark had `freedom` further visits' worth of knowledge
    that its variance is `variance`. Where benchmarks differ little in theirs, `freedom` is large.
    """

    variance: float
    freedom: float

    def moderate(self, variance: float, freedom: int) -> tuple[float, float]:
        """Return a benchmark's own variance, averaged with this, and the degrees of freedom that it has then."""
        if math.isinf(self.freedom):
            return self.variance, self.freedom
        together = self.freedom + freedom
        return (self.freedom * self.variance + freedom * variance) / together, together


def prior(samples: Iterable[Sequence[float]]) -> Prior | None:
    """Estimate the prior from what visits gave, a sequence of logarithms a benchmark; None from fewer than LEAST_PRIOR.

    By the moments of the variances' logarithms. Source: G. K. Smyth, Linear models and empirical Bayes methods for
    assessing differential expression in microarray experiments (Statistical Applications in Genetics and Molecular
    Biology 3, 2004), section 6.2.
    """
    several = [values for values in samples if len(values) > 1]
    if len(several) < LEAST_PRIOR:
        return None
    variances = np.asarray([np.var(values, ddof=1) for values in several])
    # Visits whose medians a coarse clock made equal have no logarithm of a variance
    variances = np.maximum(variances, LEAST_VARIANCE)
    half = np.asarray([len(values) - 1 for values in several]) / 2
    logs = np.log(variances) - special.digamma(half) + np.log(half)
    beyond_chance = float(np.var(logs, ddof=1) - np.mean(special.polygamma(1, half)))
    if beyond_chance <= special.polygamma(1, MOST_FREEDOM / 2):
        return Prior(math.exp(float(np.mean(logs))), math.inf)
    freedom = 2 * float(optimize.brentq(lambda x: special.polygamma(1, x) - beyond_chance, 1e-6, MOST_FREEDOM))
    variance = math.exp(float(np.mean(logs)) + float(special.digamma(freedom / 2)) - math.log(freedom / 2))
    return Prior(variance, freedom)


def median(times_s: Sequence[float], visits: Sequence[int] = (), spread: Prior | None = None) -> Estimate:
    """Estimate the median time of rounds, `visits[i]` of which, in order, are of visit i (of one, without any).

    `spread` is what all benchmarks of the run tell of how visits differ; None leaves that to these alone. Raises
    ValueError for no rounds, and where visits have more or fewer of them. Times are positive where there are visits.
    """
    times = np.asarray(times_s, dtype=float)
    if len(visits) > 1:
        return _over_visits(np.log(times), visits, spread, f"{MEDIAN}, {OF_VISITS}").map(math.exp)
    return _median(times, MEDIAN)


def speed_up(
    times_s: Sequence[float],
    reference_s: Sequence[float],
    visits: Sequence[int] = (),
    spread: Prior | None = None,
) -> Estimate:
    """Estimate reference time / time from rounds that took turns: above 1 is faster than the reference.

    Round i of the one is paired with round i of the other, so drift that both share cancels. Raises ValueError
    when the lengths differ, and as `median` does.
    """
    logs = log_ratios(times_s, reference_s)
    if len(visits) > 1:
        return _over_visits(logs, visits, spread, f"{PAIRED_RATIO}, {OF_VISITS}").map(math.exp)
    return _median(logs, PAIRED_RATIO).map(math.exp)


def share(shares: Sequence[float], visits: Sequence[int] = ()) -> Estimate:
    """Estimate a share from those of tasks, `visits[i]` of which, in order, are of visit i (of one, without any).

    A share may be 0, which has no logarithm: visits' medians are averaged as they are, and the interval is cut off at 0
    and at 1. Raises ValueError as `median` does; `n` counts tasks.
    """
    values = np.asarray(shares, dtype=float)
    if len(visits) < 2:  # noqa: PLR2004 - one visit tells nothing of how they differ
        return _median(values, SHARE)
    estimate = _over_visits(values, visits, None, f"{SHARE}, {SHARE_OF_VISITS}")
    # A residual, and with it its share, may itself be a little below zero
    least, most = min(0.0, estimate.value), max(1.0, estimate.value)
    return estimate.map(lambda value: min(max(value, least), most))


def log_ratios(times_s: Sequence[float], reference_s: Sequence[float]) -> Values:
    """Return log(reference time / time) of paired rounds; raises ValueError when the lengths differ."""
    if len(times_s) != len(reference_s):
        raise ValueError(f"rounds must be paired: {len(times_s)} of one, {len(reference_s)} of the other")
    logs: Values = np.log(np.asarray(reference_s, dtype=float)) - np.log(np.asarray(times_s, dtype=float))
    return logs


def of_visits(values: Values, visits: Sequence[int]) -> list[float]:
    """Return the median of each visit's values; raises ValueError where visits have more or fewer of them."""
    if sum(visits) != values.size or min(visits) < 1:
        raise ValueError(f"visits of {sum(visits)} rounds, but {values.size} rounds")
    # Of few values each, for which NumPy takes far longer than for sorting them: a report has hundreds of thousands
    left = iter(values.tolist())
    return [middle(list(islice(left, rounds))) for rounds in visits]


def ratio(one: Estimate, other: Estimate) -> Estimate:
    """Estimate one / other from estimates of different runs; the interval knows nothing of what changed between them.

    It is the method of variance estimates recovery on logarithms: each interval's arms add up as squares do.
    Source: Donner and Zou, Closed-form confidence intervals for functions (Statistical Methods in Medical Research 21,
    2012).
    """
    difference = math.log(one.value / other.value)
    n = min(one.n, other.n)
    if one.interval is None or other.interval is None:
        return Estimate(math.exp(difference), None, n, UNPAIRED_RATIO)
    lower = math.hypot(math.log(one.value / one.interval.low), math.log(other.interval.high / other.value))
    upper = math.hypot(math.log(one.interval.high / one.value), math.log(other.value / other.interval.low))
    interval = Interval(math.exp(difference - lower), math.exp(difference + upper))
    return Estimate(math.exp(difference), interval, n, UNPAIRED_RATIO)


def geometric_mean(ratios: Sequence[float]) -> Estimate:
    """Estimate the geometric mean of ratios, with the t interval of their logarithms; `n` counts ratios."""
    logs = np.log(np.asarray(ratios, dtype=float))
    interval = stats.ttest_1samp(logs, 0.0).confidence_interval(CONFIDENCE)
    return Estimate(
        float(stats.gmean(ratios)),
        Interval(math.exp(float(interval.low)), math.exp(float(interval.high))),
        len(ratios),
        GEOMETRIC_MEAN,
    )


def _over_visits(values: Values, visits: Sequence[int], spread: Prior | None, estimator: str) -> Estimate:
    """Return the mean of the visits' medians, with its t interval."""
    medians = of_visits(values, visits)
    center = math.fsum(medians) / len(medians)
    variance, freedom = float(np.var(medians, ddof=1)), len(medians) - 1
    moderated = (variance, freedom) if spread is None else spread.moderate(variance, freedom)
    half = _t(moderated[1]) * math.sqrt(moderated[0] / len(medians))
    return Estimate(center, Interval(center - half, center + half), values.size, estimator)


def _median(values: Values, estimator: str) -> Estimate:
    if values.size == 0:
        raise ValueError("no rounds to estimate from")
    ordered = np.sort(values)
    ranks = _interval_ranks(values.size)
    interval = Interval(float(ordered[ranks[0]]), float(ordered[ranks[1]])) if ranks else None
    return Estimate(float(np.median(ordered)), interval, values.size, estimator)


@cache
def _t(freedom: float) -> float:
    quantile = (1 + CONFIDENCE) / 2
    return float(stats.norm.ppf(quantile) if math.isinf(freedom) else stats.t.ppf(quantile, freedom))


@cache
def _interval_ranks(n: int) -> tuple[int, int] | None:
    """Return which order statistics bound the median's 95% interval; they depend on n alone, so once is enough."""
    interval = stats.quantile_test(np.arange(n), p=0.5).confidence_interval(CONFIDENCE)
    if math.isnan(interval.low) or math.isnan(interval.high):
        return None
    return int(interval.low), int(interval.high)
