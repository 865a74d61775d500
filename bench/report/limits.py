"""What a page can show of a figure: so many panels, series and rows of its table; the rest is in the table of all."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.instrument.records import Run
from bench.report.figures import Figure, Panel, PanelGroup, Table, TableOnly

MOST_PANELS = 120
"""Of one figure. A study of six Pythons and twenty workloads fits; each picture takes 50 ms to draw and 5 kB."""
MOST_PANELS_A_GROUP = 24
MOST_SERIES = 16
MOST_CATEGORIES = 60
MOST_POINTS = 400
MOST_ROWS = 1_000


MOST_OF_A_SUITE = 2_000
"""Benchmarks of one suite of one run that figures are made of; the whole study has a few hundred."""


def bounded(run: Run) -> Run:
    """Return a run with no more of each suite than figures are made of."""
    counts: Counter[str | None] = Counter()
    kept = []
    for item in run.benchmarks:
        counts[item.suite] += 1
        if counts[item.suite] <= MOST_OF_A_SUITE:
            kept.append(item)
    return run if len(kept) == len(run.benchmarks) else replace(run, benchmarks=tuple(kept))


def passed_over(run: Run) -> tuple[str, ...]:
    """Say of each suite that holds more than figures are made of how much that is."""
    counts = Counter(item.suite for item in run.benchmarks if item.suite is not None)
    return tuple(
        f"The suite {suite} has {count:,} benchmarks: its figures show the first {MOST_OF_A_SUITE:,}, the table all."
        for suite, count in counts.items()
        if count > MOST_OF_A_SUITE
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as the page shows it, and a sentence on what it leaves out (None where it shows all)."""

    figure: Figure
    left_out: str | None


def shown(figure: Figure) -> Shown:
    """Return a figure with no more than a page can show, and what that leaves out."""
    series = frozenset(figure.series[:MOST_SERIES])
    categories = frozenset(figure.categories[:MOST_CATEGORIES])
    groups: list[PanelGroup] = []
    room = MOST_PANELS
    for group in figure.groups:
        panels = group.panels[: min(room, MOST_PANELS_A_GROUP)]
        room -= len(panels)
        if panels:
            groups.append(replace(group, panels=tuple(_panel(panel, series, categories) for panel in panels)))
    cut = replace(figure, groups=tuple(groups), table=table(figure.table))
    counts = (
        (len(figure.panels) - len(cut.panels), "panel"),
        (len(figure.series) - len(series), "series"),
        (len(figure.categories) - len(categories), "row"),
        (figure.table.size - cut.table.size, "row of the table"),
    )
    missing = [_counted(count, what) for count, what in counts if count > 0]
    return Shown(cut, f"Too many to show here: {', '.join(missing)}. All results are below." if missing else None)


def table_only(held: TableOnly) -> TableOnly:
    """Return a table with no more rows than a page can show; its last group says how many are left out."""
    cut = table(held.table)
    if cut.size == held.table.size:
        return held
    return replace(held, table=cut, reading=f"{held.reading} The first {cut.size:,} of {held.table.size:,} rows.")


def table(held: Table) -> Table:
    """Return a table with no more rows than a page can show."""
    room, groups = MOST_ROWS, []
    for heading, rows in held.groups:
        if kept := rows[:room]:
            groups.append((heading, kept))
        room -= len(kept)
    return replace(held, groups=tuple(groups))


def _panel(panel: Panel, series: Iterable[str], categories: Iterable[str]) -> Panel:
    fitting = (point for point in panel.points if point.series in series and point.category in categories)
    points = tuple(itertools.islice(fitting, MOST_POINTS))
    present = {point.category for point in points}
    return replace(
        panel,
        points=points,
        curves=tuple(curve for curve in panel.curves if curve.series in series),
        totals=tuple(total for total in panel.totals if total[0] in present),
    )


def _counted(count: int, what: str) -> str:
    plural = what if count == 1 or what == "series" else what.replace("row", "rows", 1) if "row" in what else f"{what}s"
    return f"{count:,} {plural}"
