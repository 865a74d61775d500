"""What the gate holds to, fixed before anything is measured."""

import math
from dataclasses import dataclass

ALPHA = 0.01
"""The chance of a false alarm, a run of the whole suite."""

ALPHA_SUITE = 0.001
"""Of that, the share of the geometric mean over the suite; the benchmarks have the rest."""

DELTA = 0.01
POWER = 0.9

TARGET_GAP = 0.02
"""Stages are sized to find what is slower than 1 + delta by this factor more: 1.03x where delta is 1%."""

LIMIT_GAP = 0.04
"""A run that could not have found what is slower than 1 + delta by this factor more decides nothing: 1.05x."""


def is_share(delta: float) -> bool:
    """Return whether so much can be let pass: part of the time that it took, or nothing of it."""
    return 0 <= delta < 1


@dataclass(frozen=True, slots=True)
class Margin:
    """What one benchmark is held to, as log ratios; `delta` is the change that is let pass."""

    delta: float = DELTA

    @property
    def allowed(self) -> float:
        """The log ratio above which a benchmark is too slow."""
        return math.log1p(self.delta)

    @property
    def target(self) -> float:
        """The log ratio that stages are sized to find."""
        return math.log1p(self.delta + TARGET_GAP)

    @property
    def limit(self) -> float:
        """The log ratio that must have been findable for a run to decide anything."""
        return math.log1p(self.delta + LIMIT_GAP)

    @property
    def for_suite(self) -> "Margin":
        """The margin of the geometric mean: half, since what is small everywhere is what it is there for."""
        return Margin(self.delta / 2)
