"""What a figure is: panels of points with their axes, and the table of the same data. Nothing here draws."""

from dataclasses import dataclass

from bench.instrument.statistics import Estimate


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis, since all that is shown are ratios and sizes over decades: its domain and its ticks."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one series, with its interval where there is one."""

    series: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, series: str, x: float, estimate: Estimate) -> "Point":
        """Take value and interval from an estimate."""
        interval = estimate.interval
        if interval is None:
            return cls(series, x, estimate.value)
        return cls(series, x, estimate.value, interval.low, interval.high)


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart. `ideal` is a line to draw through, `mark` an x to mark with its label, `level` a y to mark."""

    title: str
    points: tuple[Point, ...]
    ideal: tuple[tuple[float, float], ...] = ()
    mark: tuple[float, str] | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """The panels of one run."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows; the first `headers` cells of a row name it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    headers: int = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A question, its answer as the heading, how to read the panels, what was estimated how, and the data."""

    anchor: str
    question: str
    heading: str
    reading: str
    method: str
    x: Axis
    y: Axis
    groups: tuple[PanelGroup, ...]
    table: Table
    dodge: bool = False

    @property
    def has_ideal(self) -> bool:
        """Return whether any panel has an ideal line, which the legend then names."""
        return any(panel.ideal for group in self.groups for panel in group.panels)

    @property
    def series(self) -> tuple[str, ...]:
        """Return the names of all series, each once."""
        names = (point.series for group in self.groups for panel in group.panels for point in panel.points)
        return tuple(dict.fromkeys(names))
