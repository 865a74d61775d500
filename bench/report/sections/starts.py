"""Figures of cold starts: from nothing to a pool's first results, and what an import adds."""

from bench.instrument import metrics, units
from bench.instrument.metrics import Derived, Missing
from bench.instrument.records import Benchmark
from bench.instrument.statistics import INTERVALS, MEDIAN, PAIRED_RATIO
from bench.report import axes, measured, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import plain_starts
from bench.report.measured import Measured
from bench.report.section import Study, rounds


def figure(study: Study) -> Figure | None:
    """Return the time from nothing to a pool's first results by kind and workers; None when none was measured."""
    held = [
        Measured(run, item, "first results", kind, workers, metrics.time(item))
        for run in study.runs
        for item in plain_starts(run)
        if (kind := item.text("kind")) and (workers := item.integer("workers") or 0) >= 1
    ]
    if not held:
        return None
    told = study.found("starting")
    return Figure(
        anchor="cold-starts",
        heading=wording.heading(told[0]) if told else "Time to a new pool's first results",
        reading=(
            "Down is better. Each round makes a pool, gives each worker a task that does nothing, and waits for all."
        ),
        method=(f"{wording.capitalised(MEDIAN)}. Bars: {INTERVALS}, {rounds(item.benchmark.rounds for item in held)}."),
        x=axes.workers(item.workers for item in held),
        y=axes.time(measured.bounds(held), "time of a cold start"),
        groups=measured.against_workers(held, _panel, units.seconds),
        table=Table(
            "Cold starts by executor and number of workers",
            ("Executor", "Workers", "Median time", "95% interval", "Peak memory, all processes", "n"),
            tuple((label, tuple(_row(item) for item in items)) for label, items in measured.by_run(held).items()),
            headers=2,
        ),
        dodge=True,
    )


def imports(study: Study) -> Figure | None:
    """Return what a module that each worker imports adds to a cold start; None when it was not measured."""
    held = [
        Measured(run, item, _import(item), item.text("kind") or "", 1, _slowdown(item))
        for run in study.runs
        for item in run.suite("startup")
        if item.text("measurement") == "import" and item.text("imports")
    ]
    shown = [item for item in held if item.estimate]
    if not shown:
        return None
    told = study.found("imports")
    last = shown[-1]
    return Figure(
        anchor="imports",
        heading=(
            f"{wording.heading(told[0])} on {study.lead.label}"
            if told
            else f"With an import of {last.subject}, a start of {last.kind} is {_said(last)} on {last.run.label}"
        ),
        reading="Right of 1x, the import makes the start slower. A row a way to start, a mark a Python.",
        method=(
            f"{wording.capitalised(PAIRED_RATIO)}; the same start without the import took turns. Bars: "
            f"{INTERVALS}, {rounds(item.benchmark.rounds for item in shown)}."
        ),
        x=axes.slowdown(measured.bounds(shown), "time with the import / without"),
        y=axes.NAMES,
        groups=(PanelGroup("", (Panel("Starts with an import", tuple(map(_import_point, shown)), level=1.0),)),),
        table=Table(
            "Cold starts whose workers import a module, against those whose workers do not",
            ("Executor", "Imports", "Median time", "Against no import", "95% interval", "n"),
            tuple((label, tuple(map(_import_row, items))) for label, items in measured.by_run(held).items()),
            headers=2,
        ),
        form="intervals",
        series_are="python",
    )


def _import(item: Benchmark) -> str:
    return f"{item.text('imports')}{', preloaded' if item.parameters.get('preload') is True else ''}"


def _slowdown(item: Benchmark) -> Derived:
    ratio = metrics.speed_up(item)
    return ratio if isinstance(ratio, Missing) else ratio.map(lambda value: 1 / value)


def _said(item: Measured) -> str:
    return units.slower(item.estimate.value) if item.estimate else wording.NONE


def _import_point(item: Measured) -> Point:
    interval = item.estimate.interval if item.estimate else None
    return Point(
        item.run.label,
        item.estimate.value if item.estimate else 1.0,
        0.0,
        interval.low if interval else None,
        interval.high if interval else None,
        item.tip(item.subject, units.slower),
        f"{item.subject}, {item.kind}",
    )


def _import_row(item: Measured) -> tuple[str, ...]:
    return (item.kind, item.subject, *measured.time_cells(item, units.slower), measured.rounds_cell(item))


def _panel(title: str, held: list[Measured], points: tuple[Point, ...]) -> Panel:
    del held
    return Panel(title, points, subject=title)


def _row(item: Measured) -> tuple[str, ...]:
    _, value, interval = measured.time_cells(item, units.seconds)
    return (item.kind, f"{item.workers:,}", value, interval, _memory(item.benchmark), measured.rounds_cell(item))


def _memory(item: Benchmark) -> str:
    """Return the peak of the pool's proportional memory, measured in a process of its own, or why it is not known."""
    if peak := item.integer("peak_pss_bytes"):
        return units.size(peak)
    return item.text("no_peak_pss") or wording.NONE
