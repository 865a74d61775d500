"""Which Python? Pythons against each other, measured side by side: by suite, and benchmark by benchmark."""

import math
from collections.abc import Iterable
from pathlib import PurePosixPath

from bench.instrument import units
from bench.report import axes
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.section import Section, Study
from bench.report.sidebyside import Ratio, SideBySide

_AXIS = "time in terms of {base}: left is faster, right is slower"


def section(study: Study) -> Section:
    """Return the section on Pythons."""
    if not study.sides:
        return Section(
            "pythons",
            "Which Python?",
            None,
            (),
            absent=(("Pythons side by side, and the free-threading tax", "tox -e compare"),),
        )
    figures = tuple(figure for number, side in enumerate(study.sides) for figure in _figures(side, number))
    return Section("pythons", "Which Python?", _answer(study.sides[0]), figures)


def _figures(side: SideBySide, number: int) -> Iterable[Figure]:
    if not side.ratios:
        return
    suffix = f"-{number + 1}" if number else ""
    yield _benchmarks(side, f"pythons{suffix}")


def _answer(side: SideBySide) -> str:
    """Say for each Python in how many benchmarks it is faster, slower, or neither for sure."""
    said = []
    for arm in side.arms[1:]:
        held = [ratio for ratio in side.ratios if ratio.arm == arm]
        if not held:
            continue
        faster = sum(1 for ratio in held if ratio.high is not None and ratio.high < 1)
        slower = sum(1 for ratio in held if ratio.low is not None and ratio.low > 1)
        said.append(
            f"{arm} is {units.slower(_middle(held))} in the geometric mean of {len(held):,} benchmarks "
            f"({faster:,} decidedly faster, {slower:,} decidedly slower)"
        )
    return f"Beside {side.base}: {'; '.join(said)}." if said else f"No benchmark was compared with {side.base}."


def _benchmarks(side: SideBySide, anchor: str) -> Figure:
    suites: dict[str, list[Ratio]] = {}
    for ratio in side.ratios:
        suites.setdefault(_suite(ratio), []).append(ratio)
    ends = [end for ratio in side.ratios for end in (ratio.ratio, ratio.low, ratio.high) if end is not None]
    generations = [ratio.generations for ratio in side.ratios]
    few, many = min(generations), max(generations)
    return Figure(
        anchor=anchor,
        heading=_heading(side, suites),
        reading=(
            f"Left of 1x is faster than {side.base}, right of it slower. A row a benchmark; a bar that crosses 1x "
            "leaves open which is faster."
        ),
        method=(
            f"{side.estimator or 'As the file states'}. "
            f"n = {few:,}{f' to {many:,}' if many > few else ''} generations of fresh processes. Measured side by side."
        ),
        x=axes.slowdown(ends, _AXIS.format(base="the base")),
        y=axes.NAMES,
        groups=(PanelGroup("", tuple(_panel(suite, held) for suite, held in suites.items())),),
        table=Table(
            f"Time in terms of {side.base}, measured side by side",
            ("Benchmark", "Python", "Time", "95% interval", "Generations", "Rounds"),
            tuple((suite, tuple(map(_row, held))) for suite, held in suites.items()),
            headers=2,
            grouped_by="suite",
        ),
        form="intervals",
        series_are="other",
    )


def _heading(side: SideBySide, suites: dict[str, list[Ratio]]) -> str:
    suite, held = next(iter(suites.items()))
    said = ", ".join(
        f"{arm} {units.slower(_middle(own))}"
        for arm in side.arms[1:]
        if (own := [ratio for ratio in held if ratio.arm == arm])
    )
    return f"In the suite {suite}, beside {side.base} (geometric mean): {said}"


def _middle(held: list[Ratio]) -> float:
    """Return the geometric mean; without an interval, since benchmarks are no sample of anything."""
    return math.exp(sum(math.log(ratio.ratio) for ratio in held) / len(held))


def _suite(ratio: Ratio) -> str:
    return PurePosixPath(ratio.benchmark.partition("::")[0]).stem.removeprefix("bench_") or "benchmarks"


def _name(ratio: Ratio) -> str:
    """Return what tells a benchmark from others of its suite: its parameters if it has some, else its function."""
    function, bracket, parameters = ratio.benchmark.rpartition("::")[2].partition("[")
    return parameters.removesuffix("]") if bracket else function


def _panel(suite: str, held: list[Ratio]) -> Panel:
    points = tuple(
        Point(
            ratio.arm,
            ratio.ratio,
            0.0,
            ratio.low,
            ratio.high,
            f"{_name(ratio)}: {units.slower(ratio.ratio)} {_interval(ratio)}",
            _name(ratio),
        )
        for ratio in held
    )
    return Panel(suite, points, level=1.0)


def _interval(ratio: Ratio) -> str:
    if ratio.low is None or ratio.high is None:
        return f"[no interval: {ratio.no_interval}]" if ratio.no_interval else "[no interval]"
    return f"[{units.slower(ratio.low)}, {units.slower(ratio.high)}]"


def _row(ratio: Ratio) -> tuple[str, ...]:
    return (
        ratio.benchmark.rpartition("::")[2],
        ratio.arm,
        units.slower(ratio.ratio),
        _interval(ratio),
        f"{ratio.generations:,}",
        f"{ratio.rounds:,}",
    )
