"""How many rounds a benchmark needs: from a pilot, fixed before the rounds that count are run.

A run that stopped as soon as its interval looked narrow would stop early where chance made it so, and its intervals
would promise too much. The pilot's own rounds are not kept.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

CONFIDENCE: Final = 0.95
MEDIAN_PENALTY: Final = math.sqrt(math.pi / 2)
"""How much wider a median's interval is than a mean's where values are normally distributed."""

RoundsBy: TypeAlias = Literal["precision", "budget", "least"]
"""What set the number of rounds: the pilot, the time there was, or the least number that anything is run."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The width that the 95% interval of the median should have, as a part of it, and the pilot that tells how."""

    width: float
    pilot_rounds: int
    worth: int = 3
    """A pilot is run where there is time for so many times its rounds: else the time decides whatever it says."""


STUDY: Final = Aim(width=0.05, pilot_rounds=6)
THOROUGH: Final = Aim(width=0.02, pilot_rounds=20)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds to run and what set that number."""

    rounds: int
    by: RoundsBy


def rounds_needed(width: float, *series: Sequence[float]) -> int:
    """Return how many rounds give the median of each series a 95% interval that is so wide, as a part of it.

    From the standard deviation of the pilot's logarithms, as if they were normally distributed: an interval of the
    median is then 2 * z * sqrt(pi / 2) * deviation / sqrt(n) wide.
    """
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    deviation = max(statistics.stdev(map(math.log, values)) for values in series)
    return math.ceil((2 * z * MEDIAN_PENALTY * deviation / width) ** 2)


def plan(needed: int | None, most: int, least: int) -> Plan:
    """Return the rounds to run: as `needed` (None: not known), at most `most` for the time, and at least `least`."""
    if most <= least:
        return Plan(least, "least" if needed is None or needed > least else "precision")
    if needed is None or needed > most:
        return Plan(most, "budget")
    return Plan(max(needed, least), "precision")
