"""Figures of dispatch: what handing over a task that does nothing costs, and the shortest task worth handing over."""

from bench.instrument import metrics, units
from bench.instrument.statistics import MEDIAN
from bench.report import axes, measured, wording
from bench.report.figures import Figure, Panel, Point, Table
from bench.report.measured import Measured
from bench.report.section import Study, rounds


def figure(study: Study) -> Figure | None:
    """Return the time per task that does nothing, by kind, workers and chunk size; None when not measured."""
    held = _measured(study)
    if not held:
        return None
    cheapest = min((item for item in held if item.run is held[-1].run), key=_value)
    return Figure(
        anchor="dispatch",
        heading=(
            f"Handing over a task costs at least {units.seconds(_value(cheapest))} on {cheapest.run.label} "
            f"({cheapest.kind}, {cheapest.subject})"
        ),
        reading="Down is better. The task does nothing, so all of its time is the executor's.",
        method=f"{wording.capitalised(MEDIAN)}. Bars: 95% interval by order statistics, {rounds(item.benchmark.rounds for item in held)}.",
        x=axes.workers(item.workers for item in held),
        y=axes.time(measured.bounds(held), "time for each task"),
        groups=measured.against_workers(held, _panel, units.seconds),
        table=Table(
            "Tasks that do nothing, by executor, workers and chunk size",
            ("Handed over", "Executor", "Workers", "Time for each task", "95% interval", "n"),
            tuple((label, tuple(map(_row, items))) for label, items in measured.by_run(held).items()),
            headers=3,
        ),
        dodge=True,
    )


def shortest_task(study: Study) -> Figure | None:
    """Return METG(50%) by kind; None until it is measured."""
    del study
    return None


def _measured(study: Study) -> list[Measured]:
    return [
        Measured(run, item, _handed_over(item.integer("chunksize")), kind, workers, _per_task(item))
        for run in study.runs
        for item in run.suite("dispatch")
        if (kind := item.text("kind")) and (workers := item.integer("workers") or 0) >= 1
    ]


def _per_task(item):
    return metrics.time(item)


def _handed_over(chunksize: int | None) -> str:
    return "one by one" if (chunksize or 1) == 1 else f"in chunks of {chunksize:,}"


def _value(item: Measured) -> float:
    return item.estimate.value if item.estimate else float("inf")


def _panel(title: str, held: list[Measured], points: tuple[Point, ...]) -> Panel:
    del held
    return Panel(title, points, subject=title)


def _row(item: Measured) -> tuple[str, ...]:
    return (
        item.subject,
        item.kind,
        f"{item.workers:,}",
        *measured.time_cells(item, units.seconds)[1:],
        measured.rounds_cell(item),
    )
