"""The figure of a thread that waits beside threads that compute: the convoy."""

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import INTERVALS, MEDIAN
from bench.report import axes, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.section import Study, rounds

_ALONE = "with the hogs halted, in turn with"


def figure(study: Study) -> Figure | None:
    """Return the response time against the switch interval, a line a number of hogs; None when not measured."""
    groups: list[PanelGroup] = []
    tables: list[tuple[str, tuple[tuple[str, ...], ...]]] = []
    held: list[tuple[Run, Benchmark]] = []
    for run in study.runs:
        items = [item for item in run.suite("latency") if _interval_s(item) and item.integer("hogs") is not None]
        held += [(run, item) for item in items]
        points = tuple(point for item in items for point in _points(item))
        if points:
            groups.append(PanelGroup(run.label, (Panel(run.label, points),), python=run.label))
            tables.append((run.label, tuple(_row(item) for item in items)))
    if not held:
        return None
    points = tuple(point for group in groups for panel in group.panels for point in panel.points)
    return Figure(
        anchor="latency",
        heading=_heading(held, study.spoken_of(run for run, _ in held)),
        reading=(
            "Down is better. A thread echoes bytes while others compute; with the GIL it has to wait for a hog's "
            "switch interval to end each time that it wants to go on."
        ),
        method=(f"{wording.capitalised(MEDIAN)}. Bars: {INTERVALS}, {rounds(item.rounds for _, item in held)}."),
        x=axes.time((point.x for point in points), "switch interval"),
        y=axes.time(
            (end for point in points for end in (point.y, point.low, point.high) if end), "response of the echo thread"
        ),
        groups=tuple(groups),
        table=Table(
            "Response of a thread that waits, beside hogs",
            ("Hogs", "Switch interval", "Median response", "95% interval", "Against no hogs", "95% interval", "n"),
            tuple(tables),
            headers=2,
        ),
        series_are="other",
    )


def _points(item: Benchmark) -> list[Point]:
    """Return the response beside the hogs and, from the rounds that took turns, without them."""
    at = _interval_s(item) or 1
    time = metrics.median(item)
    points: list[Point] = []
    if item.reference and item.integer("hogs"):
        alone = metrics.reference_median(item)
        points.append(Point.of("no hog", at, alone, f"{_ALONE} {_hogs(item)}: {units.seconds(alone.value)}"))
    points.append(Point.of(_hogs(item), at, time, f"{_at(item)}: {units.seconds(time.value)}"))
    return points


def _interval_s(item: Benchmark) -> float | None:
    value = item.parameters.get("switch_interval_s")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _hogs(item: Benchmark) -> str:
    count = item.integer("hogs") or 0
    return "no hog" if count == 0 else f"{count:,} hog{'' if count == 1 else 's'}"


def _at(item: Benchmark) -> str:
    return f"{_hogs(item)}, switch interval {units.seconds(_interval_s(item) or 0)}"


def _heading(held: list[tuple[Run, Benchmark]], run: Run) -> str:
    """Say a run's response without and with hogs at the default switch interval, or the nearest to it."""
    items = [item for owner, item in held if owner is run]
    nearest = min({_interval_s(item) or 1 for item in items}, key=lambda value: abs(value - 0.005))
    here = sorted((item for item in items if _interval_s(item) == nearest), key=lambda item: item.integer("hogs") or 0)
    said = [f"{units.seconds(metrics.median(item).value)} beside {_hogs(item)}" for item in here]
    if here[0].reference:
        said.insert(0, f"{units.seconds(metrics.reference_median(here[0]).value)} alone")
    return f"A thread that waits answers on {run.label} within " + ", ".join(said)


def _row(item: Benchmark) -> tuple[str, ...]:
    time = metrics.median(item)
    ratio = metrics.speed_up(item)
    return (
        _hogs(item),
        units.seconds(_interval_s(item) or 0),
        units.seconds(time.value),
        wording.interval(time, units.seconds),
        wording.derived(ratio, units.faster),
        wording.NONE if isinstance(ratio, Missing) else wording.interval(ratio, units.faster),
        f"{item.rounds:,}",
    )
