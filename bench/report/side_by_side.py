"""Stored runs beside each other: times, ratios to the first, and what runs made at different times cannot decide."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.instrument import metrics, statistics
from bench.instrument.comparability import Difference, differences, same_benchmark
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import Estimate

Verdict: TypeAlias = Literal["faster", "slower", "not decided", "no ratio"]
_Z = 1.96
_FEWEST_WITNESSES = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One benchmark in one run. `ratio` is the base's time over its time: above 1 is faster. `why` explains a gap.

    `paired` compares what each run measured against its own reference, in turn, so that what the machine did between
    the runs is in neither.
    """

    time: Estimate | None
    ratio: Estimate | None = None
    paired: Estimate | None = None
    verdict: Verdict = "no ratio"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One benchmark in all runs, the base first."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """A run that cannot be compared with the base, and what differs."""

    run: Run
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Runs that are compared, the base first, and those that stand apart; `forced` lists what was overruled."""

    runs: tuple[Run, ...]
    lines: tuple[Line, ...]
    apart: tuple[Apart, ...]
    forced: tuple[Apart, ...]
    drifts: tuple[float | None, ...]


def side_by_side(runs: Sequence[Run], *, force: bool = False) -> SideBySide:
    """Set runs beside the first of them; raises ValueError for none."""
    if not runs:
        raise ValueError("no runs to set beside each other")
    base = runs[0]
    unlike = tuple(Apart(run, found) for run in runs[1:] if (found := differences(base, run)))
    kept_out = {id(one.run) for one in unlike} if not force else set()
    compared = tuple(run for run in runs if id(run) not in kept_out)
    drifts = tuple(drift(run) for run in compared)
    tables = [{item.fullname: item for item in run.benchmarks} for run in compared]
    names = dict.fromkeys(item.fullname for run in compared for item in run.benchmarks)
    lines = tuple(Line(name, _cells([table.get(name) for table in tables], drifts)) for name in names)
    return SideBySide(compared, lines, () if force else unlike, unlike if force else (), drifts)


def drift(run: Run) -> float | None:
    """Return by how much the machine's speed changed while a run went on, as a standard deviation of logarithms.

    Its witnesses are serial runs of one workload that took turns with different benchmarks, minutes apart: the same
    work, so that their medians differ by what the machine did. None with fewer than three of them.
    """
    medians: dict[str, list[float]] = {}
    for item in run.suite("gil"):
        if item.reference and item.reference.name == metrics.SERIAL and (workload := item.text("workload")):
            medians.setdefault(workload, []).append(metrics.reference_median(item).value)
    deviations, freedom = 0.0, 0
    for values in medians.values():
        mean = sum(map(math.log, values)) / len(values)
        deviations += sum((math.log(value) - mean) ** 2 for value in values)
        freedom += len(values) - 1
    return math.sqrt(deviations / freedom) if freedom >= _FEWEST_WITNESSES - 1 else None


def missing_one(estimates: Iterable[Estimate | None]) -> tuple[int, int]:
    """Return how many of the estimates have an interval that misses 1, and how many have an interval."""
    known = [estimate for estimate in estimates if estimate is not None and estimate.interval is not None]
    return sum(estimate.decides() for estimate in known), len(known)


def band(one: float | None, other: float | None) -> float | None:
    """Return the factor within which a ratio of two runs is no news, from the drift of each; None where not known."""
    if one is None or other is None:
        return None
    return math.exp(_Z * math.hypot(one, other))


def _cells(items: Sequence[Benchmark | None], drifts: Sequence[float | None]) -> tuple[Cell, ...]:
    base = items[0]
    first = Cell(_time(base), why="" if base else "not in this run")
    return (first, *(_against(base, item, band(drifts[0], drifts[at])) for at, item in enumerate(items[1:], 1)))


def _against(base: Benchmark | None, item: Benchmark | None, noise: float | None) -> Cell:
    if item is None:
        return Cell(None, why="not in this run")
    time = _time(item)
    if base is None or time is None or (base_time := _time(base)) is None:
        return Cell(time, why="not in the first run" if base is None else "no raw rounds")
    if (differing := same_benchmark(base, item)) is not None:
        return Cell(time, why=f"{differing.name}: {differing.base} in the first run, {differing.other} here")
    ratio = statistics.ratio(base_time, time)
    return Cell(time, ratio, _paired(base, item), _verdict(ratio, noise))


def _paired(base: Benchmark, item: Benchmark) -> Estimate | None:
    one, other = metrics.speed_up(item), metrics.speed_up(base)
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        return statistics.ratio(one, other)
    return None


def _verdict(ratio: Estimate, noise: float | None) -> Verdict:
    if noise is None or not ratio.decides() or 1 / noise <= ratio.value <= noise:
        return "not decided"
    return "faster" if ratio.value > 1 else "slower"


def _time(item: Benchmark | None) -> Estimate | None:
    found = metrics.time(item) if item else None
    return found if isinstance(found, Estimate) else None
