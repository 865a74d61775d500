"""Figures of dispatch: what handing over a task that does nothing costs, and the shortest task worth handing over."""

from collections.abc import Callable, Iterable

from bench.instrument import metrics, units
from bench.instrument.metrics import Derived, Missing
from bench.instrument.records import Benchmark
from bench.instrument.statistics import INTERVALS, MEDIAN, PAIRED_RATIO
from bench.report import axes, measured, wording
from bench.report.figures import Axis, Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import usable_cores
from bench.report.measured import Measured
from bench.report.section import Study, rounds

_HALF = 0.5
_SHARES = tuple((part / 4, f"{25 * part} %") for part in range(6))


def figure(study: Study) -> Figure | None:
    """Return the time per task that does nothing, by kind and by how it is handed over; None when not measured."""
    held = _by_kind(study, {"no-op", "throughput"}, _handed_over, _per_task)
    if not held:
        return None
    own = study.own(held)
    cheapest = min(own, key=_value)
    dearest = max(own, key=_value)
    return Figure(
        anchor="dispatch",
        heading=(
            f"Handing over a task costs {units.seconds(_value(cheapest))} ({cheapest.kind}, {cheapest.subject}) to "
            f"{units.seconds(_value(dearest))} ({dearest.kind}, {dearest.subject}) on {cheapest.run.label}"
        ),
        reading="Left is better. The task does nothing, so all of its time is the executor's. A row an executor.",
        method=(
            f"{wording.capitalised(MEDIAN)}, by the number of tasks. Bars: {INTERVALS}, "
            f"{rounds(item.benchmark.rounds for item in held)}."
        ),
        x=axes.time(measured.bounds(held), "time for each task"),
        y=axes.NAMES,
        groups=tuple(
            PanelGroup(label, (Panel("Tasks that do nothing", tuple(map(_point, items))),), python=label)
            for label, items in measured.by_run(held).items()
        ),
        table=Table(
            "Tasks that do nothing, by executor and how they are handed over",
            ("Executor", "Handed over", "Workers", "Time for each task", "95% interval", "n"),
            tuple((label, tuple(map(_row, items))) for label, items in measured.by_run(held).items()),
            headers=2,
        ),
        form="intervals",
        series_are="other",
        categories_are="executor",
    )


def shortest_task(study: Study) -> Figure | None:
    """Return how much of its workers a pool keeps busy, against the length of a task; None when not measured."""
    held = [
        item
        for item in _by_kind(study, {"task length"}, lambda item: item.text("workload") or "", _efficiency)
        if item.estimate and _length_s(item.benchmark)
    ]
    if not held:
        return None
    lengths = [_length_s(item.benchmark) for item in held]
    most = max([1.0, *measured.bounds(held)])
    return Figure(
        anchor="shortest-task",
        heading=_shortest(study.own(held)),
        reading=(
            "Up is better. Where a line crosses 50 %, half of the workers' time goes to handing over: METG(50%), the "
            "shortest task worth it. A task's length is what it takes in a plain loop."
        ),
        method=(
            f"{wording.capitalised(PAIRED_RATIO)}, by the workers; serial took turns. Bars: {INTERVALS}, "
            f"{rounds(item.benchmark.rounds for item in held)}."
        ),
        x=axes.time(lengths, "length of a task"),
        y=Axis("efficiency", 0, most * 1.05, tuple(tick for tick in _SHARES if tick[0] <= most * 1.05), log=False),
        groups=tuple(
            PanelGroup(label, (Panel("A worker a core, one task at a time", _lengths(items), level=_HALF),), label)
            for label, items in measured.by_run(held).items()
        ),
        table=Table(
            "Efficiency by executor and task length",
            ("Executor", "Task", "Workers", "Length of a task", "Efficiency", "95% interval", "n"),
            tuple((label, tuple(map(_length_row, items))) for label, items in measured.by_run(held).items()),
            headers=2,
        ),
    )


def _by_kind(
    study: Study, wanted: set[str], subject: Callable[[Benchmark], str], derive: Callable[[Benchmark], Derived]
) -> list[Measured]:
    return [
        Measured(run, item, subject(item), kind, workers, derive(item))
        for run in study.runs
        for item in run.suite("dispatch")
        if item.text("measurement") in wanted
        and (kind := item.text("kind"))
        and (workers := item.integer("workers") or 0) >= 1
    ]


def _per_task(item: Benchmark) -> Derived:
    time, tasks = metrics.time(item), max(1, item.integer("tasks") or 1)
    return time if isinstance(time, Missing) else time.map(lambda taken_s: taken_s / tasks)


def _handed_over(item: Benchmark) -> str:
    if item.text("measurement") == "no-op":
        return "one, awaited"
    workers, chunk = item.integer("workers") or 1, item.integer("chunk") or 1
    many = f"many, {workers:,} worker{'' if workers == 1 else 's'}"
    return many if chunk == 1 else f"{many}, chunks of {chunk:,}"


def _efficiency(item: Benchmark) -> Derived:
    return metrics.parallel_efficiency(item)


def _length_s(item: Benchmark) -> float:
    """Return what one task takes in a plain loop, as measured beside the pool; 0 where it was not."""
    length = metrics.task_length(item)
    return 0.0 if isinstance(length, Missing) else length.value


def _lengths(items: Iterable[Measured]) -> tuple[Point, ...]:
    return tuple(
        Point.of(
            item.kind,
            _length_s(item.benchmark),
            item.estimate,
            f"{units.seconds(_length_s(item.benchmark))} tasks: {_share(item.estimate.value)} busy",
        )
        for item in items
        if item.estimate
    )


def _shortest(held: list[Measured]) -> str:
    """Say METG(50%) for each kind, or why there is none."""
    said = ", ".join(f"{kind} {_granularity(items)}" for kind, items in _kinds(held).items())
    return f"The shortest task that keeps a pool half busy, METG(50%), on {held[0].run.label}: {said}"


def _granularity(items: list[Measured]) -> str:
    ideal = min(items[0].workers, usable_cores(items[0].run) or items[0].workers)
    found = metrics.minimum_granularity([item.benchmark for item in items], ideal)
    return "not among the lengths measured" if isinstance(found, Missing) else units.seconds(found.value)


def _kinds(held: list[Measured]) -> dict[str, list[Measured]]:
    kinds: dict[str, list[Measured]] = {}
    for item in held:
        kinds.setdefault(item.kind, []).append(item)
    return kinds


def _share(value: float) -> str:
    return f"{value:.0%}"


def _value(item: Measured) -> float:
    return item.estimate.value if item.estimate else 0.0


def _point(item: Measured) -> Point:
    estimate = item.estimate
    interval = estimate.interval if estimate else None
    return Point(
        item.subject,
        _value(item),
        0.0,
        interval.low if interval else None,
        interval.high if interval else None,
        item.tip(item.kind, units.seconds),
        item.kind,
    )


def _row(item: Measured) -> tuple[str, ...]:
    return (
        item.kind,
        item.subject,
        f"{item.workers:,}",
        *measured.time_cells(item, units.seconds)[1:],
        measured.rounds_cell(item),
    )


def _length_row(item: Measured) -> tuple[str, ...]:
    return (
        item.kind,
        item.subject or wording.NONE,
        f"{item.workers:,}",
        units.seconds(_length_s(item.benchmark)),
        *measured.time_cells(item, _share)[1:],
        measured.rounds_cell(item),
    )
