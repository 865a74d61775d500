"""The randomisation test behind every decision: how often chance alone would have put the signs so.

If head is what base is, exchanging the two changes the sign of a generation's log ratio and nothing else: both are
fresh processes, they swap paths every second generation (every one, on a single core), and each turn's order is drawn.
So all patterns of signs are equally likely, whatever the distribution and however heavy its tails: no normal curve, no
equal spread is assumed. Held against "slower by delta", identical code is further away still, and alarms are rarer than
the level.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy import stats

from bench.gate.procedure.center import TRIM

RESAMPLES = 9_999
"""Signs are drawn so often, and all patterns are taken where there are fewer: 13 generations or less."""

SEED = 20_26
"""Whoever recomputes a verdict from its log ratios gets the same p-values."""

_CLOSE = 1e-5
"""How closely a bound is found, as a log ratio: a thousandth of a percent."""

_ONE_TEST_PER_TAIL = 20


def resamples(level: float) -> int:
    """Return how many draws tell p-values near `level` apart; the least p-value is one over one more than these."""
    return max(RESAMPLES, int(_ONE_TEST_PER_TAIL / level))


def least_generations(level: float) -> int:
    """Return how few generations can at all give a p-value at or below `level`.

    If all have one sign, only the pattern of the data reaches their trimmed mean, and those that differ from it in the
    least values alone, which are cut off whatever their sign.
    """
    n = 1
    while 2.0 ** (int(TRIM * n) - n) > level:
        n += 1
    return n


def p_value(logs: Sequence[float], null: float, draws: int = RESAMPLES) -> float:
    """Return the one-sided p-value of "these log ratios lie around `null` or below"."""
    return p_values([logs], null, draws)[0]


def p_values(samples: Sequence[Sequence[float]], null: float, draws: int = RESAMPLES) -> list[float]:
    """Return those of samples that are all of one size, each by itself."""
    shifted = np.asarray(samples, dtype=float) - null
    result = stats.permutation_test(
        (shifted,),
        partial(stats.trim_mean, proportiontocut=TRIM),
        permutation_type="samples",
        alternative="greater",
        n_resamples=draws,
        vectorized=True,
        axis=-1,
        rng=np.random.default_rng(SEED),
    )
    return [float(value) for value in result.pvalue]


def lower_bound(logs: Sequence[float], level: float) -> float:
    """Return the largest null value that the test still rejects at `level`: the bound with confidence 1 - level.

    It is minus infinity where no null can be rejected: too few generations for the level.
    """
    draws = resamples(level)
    low, high = float(min(logs)) - _CLOSE, float(max(logs))  # below all values the p-value is the least there is
    if p_value(logs, low, draws) > level:
        return -np.inf
    while high - low > _CLOSE:
        middle = (low + high) / 2
        if p_value(logs, middle, draws) <= level:
            low = middle
        else:
            high = middle
    return low
