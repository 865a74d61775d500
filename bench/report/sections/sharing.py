"""Sharing instead of sending: queues, pipes, locks, memory and proxies between processes, against threads' own."""

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark
from bench.instrument.statistics import INTERVALS, MEDIAN, PAIRED_RATIO, Estimate
from bench.report import axes, measured, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.measured import Measured
from bench.report.section import Section, Study, drawn, not_measured, rounds

_BETWEEN_PROCESSES = "between processes"
_BETWEEN_THREADS = "between threads"


def section(study: Study) -> Section:
    """Return the section on sharing."""
    told = study.found("sharing")
    held = [
        Measured(run, item, _name(item), medium, item.integer("operations") or 1, metrics.speed_up(item, "threads"))
        for run in study.runs
        for item in run.suite("sharing")
        if (medium := item.text("medium")) and (item.integer("operations") or 0) >= 1
    ]
    figures = drawn([_prices(study, held), _times(study, held)]) if held else ()
    return Section(
        "sharing",
        "What does sharing cost, instead of sending?",
        wording.sentence(told[0]) if told else None,
        figures,
        absent=() if held else (not_measured("Shared memory, locks, queues and proxies", "sharing"),),
    )


def _prices(study: Study, held: list[Measured]) -> Figure | None:
    """Return what the border between processes costs, a row a medium, a mark a Python."""
    shown = [item for item in held if item.estimate]
    if not shown:
        return None
    points = tuple(
        Point(
            item.run.label,
            ratio.value,
            0.0,
            ratio.interval.low if ratio.interval else None,
            ratio.interval.high if ratio.interval else None,
            f"{item.subject}: {units.slower(ratio.value)} {wording.interval(ratio, units.slower)}, n = {ratio.n:,}",
            item.subject,
        )
        for item in shown
        if (ratio := _price(item))
    )
    ends = [end for point in points for end in (point.x, point.low, point.high) if end is not None]
    own = study.own(shown)
    dearest = max(own, key=lambda item: 1 / item.estimate.value if item.estimate else 0)
    cheapest = min(own, key=lambda item: 1 / item.estimate.value if item.estimate else 0)
    return Figure(
        anchor="sharing-price",
        heading=(
            f"Across processes instead of threads, from {_said(cheapest)} ({cheapest.subject}) to {_said(dearest)} "
            f"({dearest.subject}) on {dearest.run.label}"
        ),
        reading="Right of 1x, a medium costs more between processes than its like between threads of one process.",
        method=(
            f"{wording.capitalised(PAIRED_RATIO)}; threads took turns with processes. Bars: {INTERVALS}, "
            f"{rounds(item.benchmark.rounds for item in shown)}."
        ),
        x=axes.slowdown(ends, "time between processes / threads"),
        y=axes.NAMES,
        groups=(PanelGroup("", (Panel("The same, across processes", points, level=1.0),)),),
        table=_table("Media between processes, against threads", held),
        form="intervals",
        series_are="python",
    )


def _times(study: Study, held: list[Measured]) -> Figure | None:
    """Return the time of one operation by medium, between processes and between threads."""
    groups = []
    for label, items in measured.by_run(held).items():
        points = tuple(point for item in items for point in _time_points(item))
        groups.append(PanelGroup(label, (Panel("One operation", points),), python=label))
    drawn_points = [point for group in groups for panel in group.panels for point in panel.points]
    own = study.own(held)
    fastest = min(own, key=_per_operation_s)
    return Figure(
        anchor="sharing-time",
        heading=(
            f"The cheapest operation between processes is that of {fastest.subject}: "
            f"{units.seconds(_per_operation_s(fastest))} on {fastest.run.label}"
        ),
        reading="Left is better. A row a medium; a message goes there and back, a lock is taken and let go.",
        method=(
            f"{wording.capitalised(MEDIAN)}, by the number of operations. Bars: {INTERVALS}, "
            f"{rounds(item.benchmark.rounds for item in held)}."
        ),
        x=axes.time(
            (end for point in drawn_points for end in (point.x, point.low, point.high) if end is not None),
            "time of one operation",
        ),
        y=axes.NAMES,
        groups=tuple(groups),
        table=_table("Media by operations and bytes a second", held),
        form="intervals",
        series_are="other",
    )


def _name(item: Benchmark) -> str:
    size = item.integer("size_bytes")
    return f"{item.text('medium')}, {units.size(size)}" if size else item.text("medium") or ""


def _price(item: Measured) -> Estimate | None:
    return item.estimate.map(lambda value: 1 / value) if item.estimate else None


def _said(item: Measured) -> str:
    return units.slower(1 / item.estimate.value) if item.estimate else wording.NONE


def _per_operation_s(item: Measured) -> float:
    return item.benchmark.median_s / item.workers


def _time_points(item: Measured) -> list[Point]:
    series = [(_BETWEEN_PROCESSES, metrics.time(item.benchmark))]
    if item.benchmark.reference and item.benchmark.reference.name == "threads":
        series.append((_BETWEEN_THREADS, metrics.reference_median(item.benchmark)))
    points = []
    for name, time in series:
        if isinstance(time, Missing):
            continue
        one = time.map(lambda taken_s: taken_s / item.workers)
        points.append(
            Point(
                name,
                one.value,
                0.0,
                one.interval.low if one.interval else None,
                one.interval.high if one.interval else None,
                f"{item.subject}: {units.seconds(one.value)} {wording.interval(one, units.seconds)}, n = {one.n:,}",
                item.subject,
            )
        )
    return points


def _table(caption: str, held: list[Measured]) -> Table:
    return Table(
        caption,
        ("Medium", "One operation", "Operations a second", "Bandwidth", "Against threads", "95% interval", "n"),
        tuple((label, tuple(map(_row, items))) for label, items in measured.by_run(held).items()),
    )


def _row(item: Measured) -> tuple[str, ...]:
    moved, time_s = item.benchmark.integer("moved_bytes"), item.benchmark.median_s
    price = _price(item)
    reason = item.figure.reason if isinstance(item.figure, Missing) else wording.NONE
    return (
        item.subject,
        units.seconds(_per_operation_s(item)),
        f"{units.number(1 / _per_operation_s(item))}",
        units.bandwidth(moved / time_s) if moved else wording.NONE,
        units.slower(price.value) if price else wording.NONE,
        wording.interval(price, units.slower) if price else reason,
        measured.rounds_cell(item),
    )
