"""How many generations each stage gets: from the pilot's noise and the time given, fixed before the stage begins.

A size may depend on anything but the data that it is for. The screen's size depends on the pilot; the confirmation's on
the pilot and the screen, which it does not use. Nothing is added afterwards: a gate that measures on until something is
significant finds something on identical code, sooner or later.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from scipy import special

from bench.gate.procedure.power import WITHIN_A_STAGE, degrees, found_by_both, found_by_confirm
from bench.gate.procedure.rules import ALPHA, ALPHA_SUITE, Margin
from bench.gate.procedure.screen import threshold
from bench.gate.procedure.signflip import least_generations

PILOT = 4
LEAST_ROUNDS = 6
MOST_ROUNDS = 40
SPLIT = 5
"""How many short rounds a round is measured as, where calls are short: a millisecond each. Another program on the same
core takes it for a few milliseconds at a time. That hits nearly every round of five, but few of one, which the median
overlooks."""
LEAST_SCREEN = least_generations(ALPHA_SUITE)
"""The suite's test, which uses them, could reject nothing with fewer."""
LEAST_CONFIRM = 16
MOST = 200
PLANNED = 0.9
"""Of the time that is left, what a size may take: now and then a machine is slower than it was when it was asked."""
PILOT_FREEDOM = 3
_PRIOR_FREEDOM = 3
_STEP = 1.15
"""Sizes of the screen that are weighed grow by this factor: finer steps would promise what a pilot cannot tell."""
_NOISIEST = 20
"""What is promised holds for all benchmarks but the noisiest of so many."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds: to start and end a generation's processes, to set a benchmark up and down, and of one round of each.

    A round here is one of base and one of head.
    """

    start_s: float
    beside_s: float
    round_s: Mapping[str, float]

    def rounds(self, names: Sequence[str]) -> int:
        """Return how many rounds a generation of these benchmarks has: see `_rounds`."""
        return self._rounds(sum(self.round_s[name] for name in names))

    def generation_s(self, names: Sequence[str]) -> float:
        """Return the seconds of a generation of these benchmarks."""
        return self._generation_s(len(names), sum(self.round_s[name] for name in names))

    def of_flagged_s(self, count: float) -> float:
        """Return the seconds of a generation of so many benchmarks, each of the mean length."""
        return self._generation_s(count, count * sum(self.round_s.values()) / max(len(self.round_s), 1))

    def _generation_s(self, count: float, round_s: float) -> float:
        return self.start_s + count * self.beside_s + self._rounds(round_s) * round_s

    def _rounds(self, round_s: float) -> int:
        """Return as many rounds as take the time of starting the processes, within limits.

        Within the limits this is at most twice as long as the best choice would be, whatever the noise between rounds
        and between processes is, and a pilot is too short to know that.
        """
        return max(LEAST_ROUNDS, min(MOST_ROUNDS, int(self.start_s / round_s) if round_s > 0 else MOST_ROUNDS))


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes told in advance; `promised` is the log ratio found with 90% power in all but the noisiest twentieth."""

    screen: int
    expected_flagged: float
    confirm: int
    promised: float
    expected_s: float


def shrunk(spreads: Mapping[str, float], freedom: int = PILOT_FREEDOM) -> dict[str, float]:
    """Draw spreads from few generations towards the suite's median: four values say little of their own noise."""
    middle = median(spreads.values())
    weight = freedom + _PRIOR_FREEDOM
    return {
        name: math.sqrt((freedom * spread**2 + _PRIOR_FREEDOM * middle**2) / weight) for name, spread in spreads.items()
    }


def plan(spreads: Mapping[str, float], margins: Mapping[str, Margin], cost: Cost, left_s: float) -> Plan:
    """Choose the sizes that keep the target's promise in the least time, or promise most in the time that is left.

    Where even the least sizes take longer than that, they are taken all the same: less could decide nothing.
    """
    left_s *= PLANNED
    most = max(LEAST_SCREEN, min(MOST, int(left_s / cost.generation_s(list(spreads)))))
    target = max(margin.target for margin in margins.values())
    sizes = {min(most, round(LEAST_SCREEN * _STEP**step)) for step in range(most)}
    candidates = [_plan(spreads, margins, cost, screened, left_s) for screened in sorted(sizes)]
    return min(candidates, key=lambda candidate: (max(candidate.promised, target), candidate.expected_s))


def confirm_size(spreads: Mapping[str, float], margins: Mapping[str, Margin], cost: Cost, left_s: float) -> int:
    """Choose the generations of the confirmation, once it is known which benchmarks are flagged."""
    level = level_of(len(spreads))
    needed = max(_needed(spread, level, margins[name]) for name, spread in spreads.items())
    return _fitted(needed, cost.generation_s(list(spreads)), PLANNED * left_s, level)


def level_of(flagged: float) -> float:
    """Return the level that the first of so many flagged benchmarks is held to."""
    return (ALPHA - ALPHA_SUITE) / max(flagged, 1.0)


def _plan(
    spreads: Mapping[str, float], margins: Mapping[str, Margin], cost: Cost, screened: int, left_s: float
) -> Plan:
    flagged = 1 + sum(_chance_of_a_flag(spread, screened, margins[name]) for name, spread in spreads.items())
    level = level_of(flagged)
    needed = _all_but_the_noisiest([_needed(spread, level, margins[name]) for name, spread in spreads.items()])
    screen_s, generation_s = screened * cost.generation_s(list(spreads)), cost.of_flagged_s(flagged)
    confirmed = _fitted(math.ceil(needed), generation_s, left_s - screen_s, level)
    found = [found_by_both(spread, screened, confirmed, level, margins[name]) for name, spread in spreads.items()]
    return Plan(screened, flagged, confirmed, _all_but_the_noisiest(found), screen_s + confirmed * generation_s)


def _chance_of_a_flag(spread: float, screened: int, margin: Margin) -> float:
    """Return how likely the screen flags a benchmark in which nothing has changed."""
    if spread == 0:
        return 0.0
    error, freedom = spread / math.sqrt(screened), degrees(screened)
    return float(special.stdtr(freedom, -threshold(error, freedom, margin) / error))


def _needed(spread: float, level: float, margin: Margin) -> int:
    """Return how few generations confirm the target's slowdown as surely as a stage has to; MOST where none do."""
    low, high = LEAST_CONFIRM, MOST
    while low < high:  # what is found falls with n, so the least n is found by halving
        middle = (low + high) // 2
        if found_by_confirm(spread, middle, level, margin, WITHIN_A_STAGE) <= margin.target:
            high = middle
        else:
            low = middle + 1
    return low


def _fitted(needed: int, generation_s: float, left_s: float, level: float) -> int:
    least = max(LEAST_CONFIRM, least_generations(level))
    return max(least, min(needed, int(left_s / generation_s)))


def _all_but_the_noisiest(values: Sequence[float]) -> float:
    return quantiles(values, n=_NOISIEST, method="inclusive")[-1] if len(values) > 1 else values[0]
