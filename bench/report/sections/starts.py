"""The figure of cold starts: from nothing to a pool's first results."""

from bench.instrument import metrics, units
from bench.instrument.statistics import MEDIAN
from bench.report import axes, measured, wording
from bench.report.figures import Figure, Panel, Point, Table
from bench.report.measured import Measured
from bench.report.section import Study, rounds

PLAIN = "plain worker"


def figure(study: Study) -> Figure | None:
    """Return the time from nothing to a pool's first results by kind and workers; None when none was measured."""
    held = [
        Measured(run, item, _what(item.parameters), kind, workers, metrics.time(item))
        for run in study.runs
        for item in run.suite("startup")
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
        method=f"{wording.capitalised(MEDIAN)}. Bars: 95% interval by order statistics, {rounds(item.benchmark.rounds for item in held)}.",
        x=axes.workers(item.workers for item in held),
        y=axes.time(measured.bounds(held), "time of a cold start"),
        groups=measured.against_workers(held, _panel, units.seconds),
        table=Table(
            "Cold starts by executor and number of workers",
            ("What starts", "Executor", "Workers", "Median time", "95% interval", "n"),
            tuple(
                (label, tuple(_row(item) for item in items)) for label, items in measured.by_run(held).items()
            ),
            headers=3,
        ),
        dodge=True,
    )


def _what(parameters: object) -> str:
    """Name what starts by the text parameters that tell one cold start from another, kind apart."""
    if not isinstance(parameters, dict):
        return PLAIN
    named = [str(value) for name, value in parameters.items() if name in {"worker", "imports", "preload", "until"} and value]
    return ", ".join(named) or PLAIN


def _panel(title: str, held: list[Measured], points: tuple[Point, ...]) -> Panel:
    del held
    return Panel(title, points, subject=title)


def _row(item: Measured) -> tuple[str, ...]:
    time, value, interval = measured.time_cells(item, units.seconds)
    del time
    return (item.subject, item.kind, f"{item.workers:,}", value, interval, measured.rounds_cell(item))
