"""The figure of the downloading client: how much of a core it uses, and when it is the limit itself."""

from bench.instrument import metrics, units
from bench.instrument.statistics import INTERVALS, MEDIAN
from bench.report import axes, measured, wording
from bench.report.figures import Axis, Figure, Panel, PanelGroup, Point, Table
from bench.report.measured import Measured
from bench.report.section import Study, rounds

_ONE_CORE = 1.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)


def figure(study: Study) -> Figure | None:
    """Return the client's core use against the number of connections, a line a Python; None when not measured."""
    held = [
        Measured(run, item, item.text("server") or "", item.text("kind") or "", workers, metrics.core_use(item))
        for run in study.runs
        for item in run.suite("download")
        if item.text("measurement") == "client limit" and (workers := item.integer("workers") or 0) >= 1
    ]
    shown = [item for item in held if item.estimate]
    if not shown:
        return None
    most = max([_ONE_CORE, *measured.bounds(shown)]) * 1.1
    busiest = max(study.own(shown), key=lambda item: item.workers)
    points = tuple(
        Point.of(item.run.label, item.workers, item.estimate, item.tip(f"{item.workers:,} threads", units.number))
        for item in shown
        if item.estimate
    )
    return Figure(
        anchor="client-limit",
        heading=(
            f"With {busiest.workers:,} threads the client uses {_used(busiest)} of a core for {_rate(busiest)} flags a "
            f"second on {busiest.run.label}"
        ),
        reading="At one core a client with a GIL is busy throughout: more connections cannot make it faster.",
        method=(
            f"Processor time of the client / {MEDIAN}. Bars: {INTERVALS}, "
            f"{rounds(item.benchmark.rounds for item in shown)}."
        ),
        x=axes.counts((item.workers for item in shown), "threads, each with a connection"),
        y=Axis(
            "cores used by the client",
            0,
            most,
            tuple((tick, f"{tick:g}") for tick in _TICKS if tick <= most),
            log=False,
        ),
        groups=(PanelGroup("", (Panel("The client's use of the processor", points, level=_ONE_CORE),)),),
        table=Table(
            "The downloading client",
            ("Server", "Threads", "Flags a second", "Cores used", "95% interval", "n"),
            tuple((label, tuple(map(_row, items))) for label, items in measured.by_run(held).items()),
            headers=2,
        ),
        series_are="python",
    )


def _rate(item: Measured) -> str:
    flags = item.benchmark.integer("flags") or 0
    return units.number(flags / item.benchmark.median_s)


def _used(item: Measured) -> str:
    return units.number(item.estimate.value) if item.estimate else wording.NONE


def _row(item: Measured) -> tuple[str, ...]:
    return (
        item.subject,
        f"{item.workers:,}",
        _rate(item),
        *measured.time_cells(item, units.number)[1:],
        measured.rounds_cell(item),
    )
