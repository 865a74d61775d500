"""What people use today, as rules over the same recordings: which benchmarks of head's run look slower.

Each rule sees what its tool would: `base` and `head` hold the rounds of a benchmark, a tuple a process. These tools
measure one side after the other, so base's processes come from generations before those of head's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from scipy import stats

from bench.gate.rates.recordings import Generation, Times

Rule: TypeAlias = Callable[[Sequence[Times], Sequence[Times]], bool]

_PYPERF_LEVEL = 0.05
_ASV_LEVEL = 0.002
_ASV_FACTOR = 1.1
_MANN_WHITNEY_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Other:
    """A rule, and how many processes a side it is given, as its tool starts them, with how many values of each."""

    rule: Rule
    processes: int
    values: int | None = None
    """The first ones after one to warm up; None is all."""

    def seen(self, times: Times) -> Times:
        """Return of a process's rounds those that the tool would have."""
        return times if self.values is None else times[1 : 1 + self.values]


def _compare_fail(statistic: Callable[[Times], float], share: float) -> Rule:
    """Return pytest-benchmark's --benchmark-compare-fail=STATISTIC:SHARE."""

    def fails(base: Sequence[Times], head: Sequence[Times]) -> bool:
        before, after = statistic(_flat(base)), statistic(_flat(head))
        return (after - before) / before > share

    return fails


def _pyperf(base: Sequence[Times], head: Sequence[Times]) -> bool:
    """Return whether pyperf calls head significantly slower: Student's t test on all values."""
    found = stats.ttest_ind(_flat(head), _flat(base))
    return bool(found.pvalue < _PYPERF_LEVEL and found.statistic > 0)


def _asv(base: Sequence[Times], head: Sequence[Times]) -> bool:
    """Return whether asv continuous calls head worse: Mann-Whitney at 0.002 on all values, and a factor of 1.1."""
    before, after = _flat(base), _flat(head)
    differs = stats.mannwhitneyu(before, after, alternative="two-sided").pvalue < _ASV_LEVEL
    return bool(differs and np.median(after) > _ASV_FACTOR * np.median(before))


def _mann_whitney(base: Sequence[Times], head: Sequence[Times]) -> bool:
    """Return whether Mann-Whitney on rounds, as if they were independent, calls head slower at 0.05."""
    found = stats.mannwhitneyu(_flat(head), _flat(base), alternative="two-sided")
    return bool(found.pvalue < _MANN_WHITNEY_LEVEL and np.median(_flat(head)) > np.median(_flat(base)))


def _flat(processes: Sequence[Times]) -> Times:
    return tuple(value for process in processes for value in process)


def _rules() -> dict[str, Other]:
    statistics: dict[str, Callable[[Times], float]] = {
        "min": min,
        "mean": lambda times: float(np.mean(times)),
        "median": lambda times: float(np.median(times)),
    }
    found = {
        f"pytest-benchmark --benchmark-compare-fail={name}:{percent}%": Other(
            _compare_fail(statistic, percent / 100), 1
        )
        for name, statistic in statistics.items()
        for percent in (5, 10)
    }
    return found | {
        "pyperf compare_to (t test)": Other(_pyperf, 20, 3),
        "asv continuous (Mann-Whitney 0.002, factor 1.1)": Other(_asv, 2, 10),
        "Mann-Whitney on rounds, 0.05": Other(_mann_whitney, 1),
    }


OTHERS: Mapping[str, Other] = MappingProxyType(_rules())


def alarms(
    generations: Sequence[Generation], names: Sequence[str], other: Other, *, side_by_side: bool = False
) -> list[frozenset[str]]:
    """Return what each comparison calls slower: base's processes, then head's; then on, no process used twice.

    `side_by_side` gives both sides the same generations, in which they took turns: lockstep's gift to another's rule.
    """
    count = other.processes
    stride = count if side_by_side else 2 * count
    found = []
    for first in range(0, len(generations) - stride + 1, stride):
        taken = generations[first : first + stride]
        base, head = taken[:count], taken if side_by_side else taken[count:]
        found.append(
            frozenset(
                name
                for name in names
                if other.rule(
                    [other.seen(one.rounds[name][0]) for one in base],
                    [other.seen(one.rounds[name][1]) for one in head],
                )
            )
        )
    return found
