"""Which Python? Pythons measured side by side: suite by suite, benchmark by benchmark, and the tax."""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from bench.instrument import units
from bench.report import axes
from bench.report.comparison import Comparison, Ratio
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.section import Section, Study

_COMPARE = "tox -e compare"
_FREE_THREADED = re.compile(r"cp\d+t")
"""What `tox -e compare` calls the arms of such builds; other arms have names of somebody else's choice."""


def section(study: Study) -> Section:
    """Return the section on Pythons."""
    sides = [side for side in study.sides if side.ratios]
    figures = tuple(figure for number, side in enumerate(sides, 1) for figure in _figures(side, number))
    absent = [] if sides else [("Pythons side by side, and the free-threading tax", _COMPARE)]
    for side in sides:
        taxed = [arm for arm in side.arms[1:] if _FREE_THREADED.fullmatch(arm) and arm[:-1] != side.base]
        absent += [
            (f"The free-threading tax of {arm}, measured beside {side.base} alone", f"{_COMPARE} -- --base {arm[:-1]}")
            for arm in taxed
            if not any(other.base == arm[:-1] and arm in other.arms for other in sides)
        ]
    return Section("pythons", "Which Python?", _answer(sides[0]) if sides else None, figures, absent=tuple(absent))


def _figures(side: Comparison, number: int) -> Iterable[Figure]:
    suffix = f"-{number}" if number > 1 else ""
    yield _suites(side, f"pythons-by-suite{suffix}")
    yield _benchmarks(side, f"pythons-by-benchmark{suffix}")
    free = f"{side.base}t"
    tax = [ratio for ratio in side.ratios if ratio.arm == free and ratio.is_of_one_thread]
    if tax and _FREE_THREADED.fullmatch(free):
        yield _tax(side, tax, f"free-threading-tax{suffix}")


def _answer(side: Comparison) -> str:
    count = len({ratio.benchmark for ratio in side.ratios})
    said = ", ".join(f"{arm} {units.slower(_middle(_of(side, arm)))}" for arm in side.arms[1:] if _of(side, arm))
    return f"In the geometric mean of {count:,} benchmarks measured side by side with {side.base}: {said}."


def _of(side: Comparison, arm: str) -> list[Ratio]:
    return [ratio for ratio in side.ratios if ratio.arm == arm]


def _suites(side: Comparison, anchor: str) -> Figure:
    groups = _by_suite(side)
    means = [
        (suite, arm, own)
        for suite, held in groups.items()
        for arm in side.arms[1:]
        if (own := [ratio for ratio in held if ratio.arm == arm])
    ]
    suite = next(iter(groups))
    said = ", ".join(f"{arm} {units.slower(_middle(own))}" for name, arm, own in means if name == suite)
    points = tuple(
        Point(
            arm,
            _middle(own),
            0.0,
            tip=f"{name}: {units.slower(_middle(own))}, {len(own):,} benchmarks",
            category=name,
        )
        for name, arm, own in means
    )
    return Figure(
        anchor=anchor,
        heading=f"In the suite {suite}, beside {side.base}: {said}",
        reading=f"Left of 1x is faster than {side.base}, right of it slower. A row a suite, a mark a Python.",
        method=(
            "Geometric mean of the benchmarks' ratios; benchmarks are no sample of anything, so it has no interval. "
            f"{_counted(side)} Measured side by side."
        ),
        x=axes.slowdown((point.x for point in points), f"time in terms of {side.base}"),
        y=axes.NAMES,
        groups=(PanelGroup("", (Panel("Geometric mean by suite", points, level=1.0),)),),
        table=Table(
            f"Time in terms of {side.base} by suite, geometric mean",
            ("Suite", "Python", "Time", "Benchmarks", "Decidedly faster", "Decidedly slower", "Not decided"),
            (("", tuple(_mean_row(*mean) for mean in means)),),
            headers=2,
        ),
        form="intervals",
        series_are="other",
    )


def _mean_row(suite: str, arm: str, own: Sequence[Ratio]) -> tuple[str, ...]:
    faster = sum(1 for ratio in own if ratio.high is not None and ratio.high < 1)
    slower = sum(1 for ratio in own if ratio.low is not None and ratio.low > 1)
    counts = (len(own), faster, slower, len(own) - faster - slower)
    return (suite, arm, units.slower(_middle(own)), *(f"{count:,}" for count in counts))


def _benchmarks(side: Comparison, anchor: str) -> Figure:
    decided = sum(1 for ratio in side.ratios if ratio.decides)
    return Figure(
        anchor=anchor,
        heading=f"{decided:,} of {len(side.ratios):,} ratios to {side.base} are decided, faster or slower",
        reading=(
            f"Left of 1x is faster than {side.base}, right of it slower. A row a benchmark; a bar that crosses 1x "
            "leaves open which is faster."
        ),
        method=_method(side),
        x=axes.slowdown(_ends(side.ratios), f"time in terms of {side.base}"),
        y=axes.NAMES,
        groups=(PanelGroup("", tuple(_panel(suite, held) for suite, held in _by_suite(side).items())),),
        table=_table(f"Time in terms of {side.base}, measured side by side", side),
        form="intervals",
        series_are="other",
    )


def _tax(side: Comparison, tax: list[Ratio], anchor: str) -> Figure:
    arm = f"{side.base}t"
    least, most = (units.slower(end(ratio.ratio for ratio in tax)) for end in (min, max))
    return Figure(
        anchor=anchor,
        heading=(
            f"The free-threading tax of {arm}: {units.slower(_middle(tax))} in the geometric mean of {len(tax):,}"
            + f", from {least} to {most}" * (least != most)
        ),
        reading=f"Right of 1x is what one thread pays for doing without the GIL: time on {arm} / on {side.base}.",
        method=f"{_method(side)} Benchmarks of one thread's work, without a pool.",
        x=axes.slowdown(_ends(tax), f"time in terms of {side.base}"),
        y=axes.NAMES,
        groups=(PanelGroup("", (_panel("Single-threaded work", tax),)),),
        table=Table(
            "Free-threading tax, measured side by side",
            ("Benchmark", "Python", "Time", "95% interval", "Generations", "Rounds"),
            (("", tuple(map(_row, tax))),),
            headers=2,
        ),
        form="intervals",
        series_are="other",
    )


def _by_suite(side: Comparison) -> dict[str, list[Ratio]]:
    suites: dict[str, list[Ratio]] = {}
    for ratio in side.ratios:
        suites.setdefault(_suite(ratio), []).append(ratio)
    return suites


def _table(caption: str, side: Comparison) -> Table:
    return Table(
        caption,
        ("Benchmark", "Python", "Time", "95% interval", "Generations", "Rounds"),
        tuple((suite, tuple(map(_row, held))) for suite, held in _by_suite(side).items()),
        headers=2,
        grouped_by="suite",
    )


def _method(side: Comparison) -> str:
    estimator = side.estimator or "as the file states"
    return f"{estimator[:1].upper()}{estimator[1:]}. {_counted(side)} Measured side by side."


def _counted(side: Comparison) -> str:
    generations = [ratio.generations for ratio in side.ratios]
    few, many = min(generations), max(generations)
    return f"n = {few:,}{f' to {many:,}' if many > few else ''} generations of fresh processes."


def _ends(ratios: Iterable[Ratio]) -> list[float]:
    return [end for ratio in ratios for end in (ratio.ratio, ratio.low, ratio.high) if end is not None]


def _middle(held: Sequence[Ratio]) -> float:
    """Return the geometric mean."""
    return math.exp(sum(math.log(ratio.ratio) for ratio in held) / len(held))


def _suite(ratio: Ratio) -> str:
    return PurePosixPath(ratio.benchmark.partition("::")[0]).stem.removeprefix("bench_") or "benchmarks"


def _name(ratio: Ratio) -> str:
    """Return what tells a benchmark from others of its suite: its parameters if it has some, else its function."""
    function, bracket, parameters = ratio.benchmark.rpartition("::")[2].partition("[")
    return parameters.removesuffix("]") if bracket else function


def _panel(title: str, held: Iterable[Ratio]) -> Panel:
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
    return Panel(title, points, level=1.0)


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
