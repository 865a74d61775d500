"""The ratio of two arms with its interval.

The unit of analysis is one log ratio a benchmark and generation: the median over the generation's paired rounds.
Rounds of one process share its layout and its luck, so an interval never counts them as independent samples.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy import stats

CONFIDENCE: Final = 0.95
MIN_GENERATIONS: Final = 6
"""The fewest generations with an interval. All of five lie on one side of their distribution's median once in 16 times,
so not even the interval from the least to the greatest would hold it with 95%; of six, once in 32."""
MIN_ROUNDS: Final = 5
"""The fewest rounds of a generation that say how rounds scatter around its median."""
TRIMMED: Final = 1 / 8
"""The share of generations left out at each end: one of 8 to 15, none below. Synthetic generations with known truth
chose it (tests/lockstep/test_estimate.py): normal, Laplace, t with 2 degrees of freedom, two-valued, or with an outlier
process in ten. Leaving out a fifth misses too often where luck is two-valued and generations are few."""
ESTIMATOR: Final = (
    "trimmed mean (1/8 at each end) over generations of the median log ratio of paired rounds; "
    "95% interval by Student's t with the winsorised variance"
)
MEDIAN_VARIANCE: Final = math.pi / 2
"""The variance of a median of normal values, times their number, over their variance."""
_EPSILON = 1e-9
"""Added to a count before scipy truncates its share of n, so that rounding does not lose one."""


@dataclass(frozen=True, slots=True)
class PairedRounds:
    """The rounds of one benchmark in one generation, seconds; round i of the base took turns with round i of the head.

    Raises ValueError for no rounds, for unequal lengths and for a time that is not positive and finite.
    """

    base_s: tuple[float, ...]
    head_s: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.base_s) != len(self.head_s):
            raise ValueError(f"rounds must be paired: {len(self.base_s)} of the base, {len(self.head_s)} of the head")
        if not self.base_s:
            raise ValueError("a generation without rounds has no ratio")
        for time_s in (*self.base_s, *self.head_s):
            if not 0 < time_s < math.inf:
                raise ValueError(f"a round lasted {time_s} s; times must be positive and finite")

    def log_ratios(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return log(head / base), one a round."""
        head, base = np.asarray(self.head_s, dtype=float), np.asarray(self.base_s, dtype=float)
        logs: np.ndarray[tuple[int], np.dtype[np.float64]] = np.log(head) - np.log(base)
        return logs


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """A ratio head / base of time, with what is known of its accuracy.

    `low` and `high` bound it with `confidence`; both are None where `no_interval` says why. `rounds` counts those of
    all generations. `sd_between_rounds` is that of a single round's log ratio around its generation's median, and
    `sd_between_generations` that of a generation's log ratio if it had endless rounds (one-way random effects); None
    where there are too few to tell.
    """

    ratio: float
    low: float | None
    high: float | None
    confidence: float
    generations: int
    rounds: int
    sd_between_rounds: float | None
    sd_between_generations: float | None
    estimator: str = field(default=ESTIMATOR)
    no_interval: str | None = None

    def decides(self, against: float = 1.0) -> bool:
        """Say whether the interval lies wholly on one side of a value."""
        return self.low is not None and self.high is not None and not self.low <= against <= self.high


def ratio(generations: Sequence[PairedRounds]) -> RatioEstimate:
    """Estimate head / base from the generations of one benchmark; raises ValueError for none.

    Source: Tukey and McLaughlin 1963, Yuen 1974 (`scipy.stats.mstats.trimmed_mean_ci`). The scatter of rounds is
    estimated by the median absolute deviation, as the median overlooks the same outliers.
    """
    if not generations:
        raise ValueError("no generations to estimate a ratio from")
    within = [generation.log_ratios() for generation in generations]
    logs = np.array([float(np.median(values)) for values in within])
    n = logs.size
    limits = _limits(n)
    low = high = None
    if n >= MIN_GENERATIONS:
        low, high = (
            math.exp(bound)
            for bound in stats.mstats.trimmed_mean_ci(logs, limits=(limits, limits), alpha=1 - CONFIDENCE)
        )
    sd_rounds = sd_between_rounds(within)
    return RatioEstimate(
        ratio=math.exp(float(stats.trim_mean(logs, limits))),
        low=low,
        high=high,
        confidence=CONFIDENCE,
        generations=n,
        rounds=sum(values.size for values in within),
        sd_between_rounds=sd_rounds,
        sd_between_generations=_sd_between_generations(logs, sd_rounds, [values.size for values in within]),
        no_interval=None if low is not None else f"{n} of the {MIN_GENERATIONS} generations that an interval needs",
    )


def _limits(n: int) -> float:
    """Return the share to leave out at each end so that scipy, which truncates n times it, leaves out whole ones."""
    return (math.floor(n * TRIMMED) + _EPSILON) / n


def sd_between_rounds(within: Sequence[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> float | None:
    """Return the SD of log ratios around their generation's median, as if normal but for outliers.

    Residuals are widened for the median they lost. None where no generation has MIN_ROUNDS.
    """
    residuals = [
        (values - np.median(values)) * math.sqrt(values.size / (values.size - 1))
        for values in within
        if values.size >= MIN_ROUNDS
    ]
    if not residuals:
        return None
    return float(stats.median_abs_deviation(np.concatenate(residuals), scale="normal"))


def _sd_between_generations(
    logs: np.ndarray[tuple[int], np.dtype[np.float64]], sd_rounds: float | None, rounds: Sequence[int]
) -> float | None:
    """Return what is left of the generations' variance, as the trimmed mean feels it, once their rounds' is taken."""
    if logs.size <= 1 or sd_rounds is None:
        return None
    limits = _limits(logs.size)
    variance = logs.size * float(stats.mstats.trimmed_stde(logs, limits=(limits, limits))) ** 2
    explained = MEDIAN_VARIANCE * sd_rounds**2 * sum(1 / count for count in rounds) / len(rounds)
    return math.sqrt(max(0.0, variance - explained))
