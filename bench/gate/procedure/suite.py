"""The second hypothesis, declared beforehand: the suite is slower as a whole, by its geometric mean.

What is slower by 1% everywhere is within what each benchmark may lose, and too small for each alone. The mean of thirty
log ratios has a fraction of their noise. It is tested once, on the screen's generations that no size depends on, with a
tenth of alpha.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.gate.procedure.center import Center, center
from bench.gate.procedure.rules import ALPHA_SUITE, Margin
from bench.gate.procedure.signflip import lower_bound, p_value, resamples


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """The geometric mean of all benchmarks' ratios: one mean log ratio a generation."""

    logs: tuple[float, ...]
    margin: Margin
    p: float
    """Of a change in the direction that was found; of a slowdown where none was."""
    is_slower: bool
    is_faster: bool

    @property
    def center(self) -> Center:
        """Where the means lie."""
        return center(self.logs)

    def bound(self) -> float:
        """Return the log ratio that bounds what has changed, towards none, with confidence 1 - ALPHA_SUITE."""
        if self.is_faster:
            return -lower_bound([-value for value in self.logs], ALPHA_SUITE)
        return lower_bound(self.logs, ALPHA_SUITE)


def suite_test(logs: Mapping[str, Sequence[float]], margin: Margin) -> SuiteTest:
    """Test the mean over benchmarks from as many log ratios each, one a generation; raises ValueError otherwise."""
    means = np.asarray([list(values) for values in logs.values()], dtype=float).mean(axis=0)
    draws = resamples(ALPHA_SUITE)
    slower, faster = (p_value(values.tolist(), margin.allowed, draws) for values in (means, -means))
    return SuiteTest(
        logs=tuple(means.tolist()),
        margin=margin,
        p=faster if faster <= ALPHA_SUITE else slower,
        is_slower=slower <= ALPHA_SUITE,
        is_faster=faster <= ALPHA_SUITE,
    )
