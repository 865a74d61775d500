"""What a figure is: panels of points with their axes, and the table of the same data. Nothing here draws."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.instrument.statistics import Estimate

Form: TypeAlias = Literal["lines", "stack", "intervals"]
"""Lines: x and y are quantities. Stack: x is a category, y a share. Intervals: y is a category, x a ratio."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A quantity on a logarithmic axis (or a linear one): its domain and its ticks. Labels are words of ours."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = True


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one series, with its interval where there is one; `tip` is what it says when pointed at.

    `category` stands for the quantity that a form has none of: x in a stack, y among intervals.
    """

    series: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    tip: str = ""
    category: str = ""

    @classmethod
    def of(cls, series: str, x: float, estimate: Estimate, tip: str = "") -> "Point":
        """Take value and interval from an estimate."""
        interval = estimate.interval
        if interval is None:
            return cls(series, x, estimate.value, tip=tip)
        return cls(series, x, estimate.value, interval.low, interval.high, tip)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a series that was fitted, not measured: drawn dashed."""

    series: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart. `ideal` is a line to draw through, `mark` an x to mark with its label, `level` a y to mark.

    `level_label` says what the level is, where the reader cannot know.
    `totals` says what each category of a stack comes to.
    `subject` is the workload, payload or server that it is about, which the page's filter goes by; None for all.
    """

    title: str
    points: tuple[Point, ...]
    ideal: tuple[tuple[float, float], ...] = ()
    mark: tuple[float, str] | None = None
    level: float | None = None
    level_label: str = ""
    curves: tuple[Curve, ...] = ()
    totals: tuple[tuple[str, str], ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """The panels of one run, or of all runs together (`python` is None)."""

    title: str
    panels: tuple[Panel, ...]
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows, in groups of their own heading; the first `headers` cells of a row name it.

    The groups are Pythons, which the page's filter goes by, unless `grouped_by` says otherwise.
    """

    caption: str
    columns: tuple[str, ...]
    groups: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    headers: int = 1
    grouped_by: Literal["python", "suite"] = "python"

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Return all rows, the group's heading first in each."""
        return tuple((heading, *row) for heading, rows in self.groups for row in rows)

    @property
    def size(self) -> int:
        """Return how many rows there are."""
        return sum(len(rows) for _, rows in self.groups)


@dataclass(frozen=True, slots=True)
class TableOnly:
    """A finding whose data is best read as a table, and is drawn no picture of."""

    anchor: str
    heading: str
    reading: str
    table: Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A finding as its heading, how to read the panels, what was estimated how, and the data.

    `series_are` and `categories_are` say what these stand for, so that a filter knows which to hide.
    """

    anchor: str
    heading: str
    reading: str
    method: str
    x: Axis
    y: Axis
    groups: tuple[PanelGroup, ...]
    table: Table
    dodge: bool = False
    form: Form = "lines"
    series_are: Literal["executor", "python", "other"] = "executor"
    categories_are: Literal["workload", "executor", "other"] = "other"
    ideal_name: str = "ideal"

    @property
    def has_ideal(self) -> bool:
        """Return whether any panel has an ideal line, which the legend then names."""
        return any(panel.ideal for group in self.groups for panel in group.panels)

    @property
    def has_curves(self) -> bool:
        """Return whether any panel has a fitted curve, which the legend then names."""
        return any(panel.curves for group in self.groups for panel in group.panels)

    @property
    def series(self) -> tuple[str, ...]:
        """Return the names of all series, each once."""
        names = (point.series for group in self.groups for panel in group.panels for point in panel.points)
        return tuple(dict.fromkeys(names))

    @property
    def categories(self) -> tuple[str, ...]:
        """Return the categories of all points, each once, in order."""
        return tuple(dict.fromkeys(point.category for panel in self.panels for point in panel.points))

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Return the panels of all groups."""
        return tuple(panel for group in self.groups for panel in group.panels)
