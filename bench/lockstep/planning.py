"""How much to measure for a ratio: generations, and the rounds of each, by what a pilot tells of the noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special, stats

from bench.lockstep.estimate import (
    CONFIDENCE,
    MEDIAN_VARIANCE,
    MIN_GENERATIONS,
    MIN_ROUNDS,
    TRIMMED,
    PairedRounds,
    sd_between_rounds,
)

__all__ = ["COST_AT_MOST", "Noise", "Plan", "noise", "plan"]

COST_AT_MOST: Final = 0.15
"""The share of its time that a run should at most spend on other things than rounds."""
_NEAR: Final = 1.15
"""How much wider than the narrowest the intervals of a choice may be that has more rounds, and so costs less. They are
narrower in truth where generations differ less than a plan has to assume."""
MULTIPLE_AT_LEAST: Final = 0.1
"""The least that generations are taken to vary, as a multiple of the rounds' variance. A short pilot cannot tell so
little from none, and intervals planned for none are about twice as wide as need be where there is this much."""
_EFFICIENCY: Final = 0.37
"""Of the median absolute deviation: it tells of normal values what a standard deviation by so many of them does."""
_EPSILON: Final = 1e-9
_CANDIDATES: Final = 500
"""The most numbers of generations that a plan looks at: of millions, those of a long budget, some per cent apart."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviations of one benchmark's log ratios: of a round in its generation, and of a generation."""

    sd_between_rounds: float
    sd_between_generations: float


def noise(pilots: Sequence[Sequence[PairedRounds]]) -> list[Noise]:
    """Return what the generations of each benchmark, in a pilot, tell of its noise.

    Rounds are of each benchmark alone. Of generations a pilot has two or three, by which little can be said of one
    benchmark: what they vary beyond their rounds is taken to be the same multiple of the rounds' variance for all. It
    is the median of what each shows, less its standard error, and no less than MULTIPLE_AT_LEAST: more generations than
    are needed cost much time, fewer than would be best little width. Raises ValueError for a pilot of less than 2
    generations of MIN_ROUNDS.
    """
    within = [[generation.log_ratios() for generation in generations] for generations in pilots]
    sds: list[float] = []
    quotients: list[tuple[float, float]] = []
    explained: list[float] = []
    for logs in within:
        sd = sd_between_rounds(logs)
        if sd is None or sum(values.size >= MIN_ROUNDS for values in logs) <= 1:
            raise ValueError(f"a pilot takes at least 2 generations of {MIN_ROUNDS} rounds of each benchmark")
        sds.append(sd)
        if sd > 0:
            quotients.append(_log_quotient(logs, sd))
            explained.append(MEDIAN_VARIANCE * float(np.mean([1 / values.size for values in logs])))
    beyond = 0.0
    if quotients:
        middle, errors = np.median(np.array(quotients), axis=0)
        error = math.sqrt(MEDIAN_VARIANCE / len(quotients)) * errors
        beyond = math.exp(middle - error) - float(np.median(explained))
    return [Noise(sd, math.sqrt(max(MULTIPLE_AT_LEAST, beyond)) * sd) for sd in sds]


def _log_quotient(
    within: Sequence[np.ndarray[tuple[int], np.dtype[np.float64]]], sd_rounds: float
) -> tuple[float, float]:
    """Return the logarithm of the variance of generations' medians over that of a round, and its standard deviation.

    It is right in the median: too high as often as too low. Finite also where all generations are the same, by luck.
    """
    medians = np.array([np.median(logs) for logs in within])
    freedom = medians.size - 1
    freedom_of_rounds = _EFFICIENCY * (sum(logs.size for logs in within) - medians.size)
    typical = float(stats.f.median(freedom, freedom_of_rounds))  # their quotient where the true ones are equal
    quotient = max(_EPSILON, float(medians.var(ddof=1)) / typical / sd_rounds**2)
    spread = math.sqrt(special.polygamma(1, freedom / 2) + special.polygamma(1, freedom_of_rounds / 2))
    return math.log(quotient), spread


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure, fixed before measuring.

    `half_widths` are those that the 95% intervals of the log ratios are expected to have, one a benchmark in their
    order (0.01 is about 1%); they are as good as the pilot's idea of the noise. `expected_s` is at most the budget, and
    `cost` the share of it that is no round.
    """

    generations: int
    rounds: int
    half_widths: tuple[float, ...]
    expected_s: float
    cost: float


def plan(
    noises: Sequence[Noise], budget_s: float, *, generation_s: float, turn_s: float, rounds_s: float | None = None
) -> Plan:
    """Choose the generations, and the rounds of each, that make intervals narrow within a budget.

    `noises` are those of the benchmarks of a run; `generation_s` is what a generation takes beside its rounds, of all
    benchmarks and arms together, `turn_s` one round of all, and `rounds_s` what of that is in the rounds themselves
    (all of it by default).

    The geometric mean of the expected half-widths is made least, or nearly so: of the choices within 15% of that
    it is the one with the most generations that costs no more than COST_AT_MOST. Between few rounds and many the
    intervals hardly differ. If all of them cost more, it is the one that costs least.

    Raises ValueError without noise, or where the budget does not hold the fewest generations and rounds (the message
    names the least that does).
    """
    if not noises:
        raise ValueError("there is nothing to plan for")
    if not (generation_s >= 0 and turn_s > 0):
        raise ValueError("a generation takes no less than no time, and a turn more than none")
    least_s = MIN_GENERATIONS * (generation_s + MIN_ROUNDS * turn_s)
    if budget_s < least_s:
        raise ValueError(f"{budget_s:.3g} s hold no {MIN_GENERATIONS} generations; give at least {least_s:.3g} s")
    most = int(budget_s / (generation_s + MIN_ROUNDS * turn_s) + _EPSILON)
    generations = np.unique(np.geomspace(MIN_GENERATIONS, most, _CANDIDATES).round().astype(int))
    rounds = np.maximum(MIN_ROUNDS, np.floor((budget_s / generations - generation_s) / turn_s + _EPSILON))
    squares = np.square(np.array([(one.sd_between_rounds, one.sd_between_generations) for one in noises]))
    variances = (squares[:, [1]] + MEDIAN_VARIANCE * squares[:, [0]] / rounds) / generations
    kept = generations - 2 * np.floor(generations * TRIMMED)
    half_widths = stats.t.ppf((1 + CONFIDENCE) / 2, kept - 1) * np.sqrt(variances)
    scores = np.exp(np.log(np.maximum(half_widths, _EPSILON)).mean(axis=0))
    costs = 1 - rounds * (turn_s if rounds_s is None else rounds_s) / (generation_s + rounds * turn_s)
    near = scores <= _NEAR * scores.min()
    cheap = np.flatnonzero(near & (costs <= COST_AT_MOST))
    chosen = int(cheap[-1] if cheap.size else np.flatnonzero(near)[0])
    return Plan(
        generations=int(generations[chosen]),
        rounds=int(rounds[chosen]),
        half_widths=tuple(float(width) for width in half_widths[:, chosen]),
        expected_s=float(generations[chosen] * (generation_s + rounds[chosen] * turn_s)),
        cost=float(costs[chosen]),
    )
