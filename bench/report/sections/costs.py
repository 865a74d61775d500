"""Figures of sending: time and bandwidth of round trips against payload bytes."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bench.instrument import metrics, units
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import INTERVALS, MEDIAN, Estimate
from bench.report import axes, wording
from bench.report.figures import Axis, Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import usable_cores
from bench.report.section import Study, rounds
from bench.report.sections.by_payload import Derive, Write, ends, panels, points
from bench.report.series import MEMCPY

_METHOD = f"{wording.capitalised(MEDIAN)}. Bars: {INTERVALS}"
_TIMES = Table(
    "Round trips by payload, size and executor",
    (
        "Payload",
        "Size",
        "Executor",
        "Median time",
        "95% interval",
        "Against memcpy",
        "95% interval",
        "Task to break even",
        "n",
    ),
    (),
    headers=3,
)
_BANDWIDTHS = Table(
    "Bandwidth of round trips, both ways, by payload, size and executor",
    ("Payload", "Size", "Executor", "Bandwidth", "95% interval", "n"),
    (),
    headers=3,
)
BREAK_EVEN_S = 1e-2
"""The task time whose break-even is marked, and that a heading speaks of: chosen beforehand."""
_LEVEL_LABEL = f"break-even of a {units.round_seconds(BREAK_EVEN_S)} task"


def times(study: Study) -> Figure | None:
    """Return the time of a round trip by payload and kind, with memcpy beside; None when none was measured."""
    told = study.found("sending")
    return _round_trips(
        study,
        anchor="round-trips",
        heading=wording.heading(told[0]) if told else "Time of a round trip by payload size",
        reading=(
            "Down is better. A payload goes to a warm worker and comes back; the dotted line is one memcpy of as many "
            "bytes, the least that any copy could cost here. Where a line crosses the grey one, a task of "
            f"{units.round_seconds(BREAK_EVEN_S)} gains nothing any more from a worker a core."
        ),
        derive=metrics.median,
        write=units.seconds,
        level=_break_even_level,
        axis=lambda values: axes.time(values, "time of a round trip"),
        table=_TIMES,
        row=_round_trip_row,
    )


def bandwidths(study: Study) -> Figure | None:
    """Return the bandwidth of a round trip, both ways counted; None when none was measured."""
    trips = [item for item in study.lead.suite("serialization") if is_round_trip(item)]
    said = "Bandwidth of a round trip by payload size"
    if held := [item for item in trips if (item.text("kind") or "").startswith("process")]:
        best = max(held, key=_moved)
        what = f"{units.size(best.integer('size_bytes') or 0)} of {best.text('payload')}"
        said = f"Through ProcessPoolExecutor no payload moves faster than {units.bandwidth(_moved(best))} ({what})"
    return _round_trips(
        study,
        anchor="bandwidth",
        heading=said,
        reading=(
            "Up is better. Bytes moved, there and back, a second; the dotted line is memcpy's, the roof. Small "
            "payloads pay for the trip, large ones for the copies. Threads pass a reference and copy nothing."
        ),
        derive=_bandwidth,
        write=units.bandwidth,
        axis=lambda values: axes.bandwidth(values, "bandwidth, both ways"),
        table=_BANDWIDTHS,
        row=_bandwidth_row,
    )


def is_round_trip(item: Benchmark) -> bool:
    """Return whether a benchmark sends a payload through a kind of executor and back."""
    named = item.text("payload") is not None and item.text("kind") is not None
    return named and item.text("measurement") == metrics.ROUND_TRIP and (item.integer("size_bytes") or 0) > 0


def _round_trips(
    study: Study,
    *,
    anchor: str,
    heading: str,
    reading: str,
    derive: Derive,
    write: Write,
    axis: Callable[[Iterable[float]], Axis],
    table: Table,
    row: Callable[[Run, Benchmark], tuple[str, ...]],
    level: Callable[[Run], float | None] = lambda _: None,
) -> Figure | None:
    groups: list[PanelGroup] = []
    tables: list[tuple[str, tuple[tuple[str, ...], ...]]] = []
    counted: list[int] = []
    for run in study.runs:
        trips = [item for item in run.suite("serialization") if is_round_trip(item)]
        if not trips:
            continue
        counted += [item.rounds for item in trips]
        of_run = _with_copies(run, trips, derive, write)
        if (marked := level(run)) is not None:
            of_run = tuple(replace(panel, level=marked, level_label=_LEVEL_LABEL) for panel in of_run)
        groups.append(PanelGroup(run.label, of_run, python=run.label))
        tables.append((run.label, tuple(row(run, item) for item in trips)))
    if not groups:
        return None
    shown = points(groups)
    return Figure(
        anchor=anchor,
        heading=heading,
        reading=reading,
        method=(
            f"{_METHOD}, {rounds(counted)}. The ratio to memcpy is over rounds that took turns; the task to break even "
            "is a model: how long a task with that payload must run before a pool with a worker a core beats serial."
        ),
        x=axes.payload_bytes(point.x for point in shown),
        y=axis([*ends(shown), *(panel.level for group in groups for panel in group.panels if panel.level)]),
        groups=tuple(groups),
        table=replace(table, groups=tuple(tables)),
        ideal_name=MEMCPY,
    )


def _break_even_level(run: Run) -> float | None:
    """Return the round trip that a task of BREAK_EVEN_S pays for in a pool of a worker a core; None on one core.

    The model is that of `metrics.break_even_task`, solved for the round trip.
    """
    cores = usable_cores(run) or 0
    return BREAK_EVEN_S * (cores - 1) / cores if cores > 1 else None


def _with_copies(run: Run, trips: list[Benchmark], derive: Derive, write: Write) -> tuple[Panel, ...]:
    """Return a panel a payload, memcpy's line drawn in each where it was measured."""
    copies = _copies(run, trips)
    drawn = []
    for panel in panels(trips, lambda item: item.text("kind"), derive, write):
        sizes = {point.x for point in panel.points}
        measured = [(size, copy) for size, copy in sorted(copies.items()) if size in sizes]
        line = tuple(
            Point.of(MEMCPY, size, shown, f"{units.size(size)}: {write(shown.value)}")
            for size, copy in measured
            # One copy moves its bytes once.
            for shown in (copy if derive is not _bandwidth else _bytes_a_second(copy, size),)
        )
        drawn.append(Panel(panel.title, panel.points + line, subject=panel.subject))
    return tuple(drawn)


def _bytes_a_second(copy: Estimate, size: float) -> Estimate:
    return copy.map(lambda taken_s: size / taken_s)


def _copies(run: Run, trips: Iterable[Benchmark]) -> dict[int, Estimate]:
    """Return memcpy's median time by size: from its own benchmarks, else from the rounds beside the round trips."""
    copies: dict[int, Estimate] = {}
    for item in trips:
        if item.reference and item.reference.name == MEMCPY:
            copies.setdefault(item.integer("size_bytes") or 1, metrics.reference_median(item))
    for item in run.suite("serialization"):
        size_bytes = item.integer("size_bytes") or 0
        if item.text("measurement") == MEMCPY and size_bytes > 0:
            copies[size_bytes] = metrics.median(item)
    return copies


def _bandwidth(item: Benchmark) -> Estimate:
    found = metrics.bandwidth(item)
    if isinstance(found, metrics.Missing):  # pragma: no cover - is_round_trip has seen its size
        raise TypeError(found.reason)
    return found


def _moved(item: Benchmark) -> float:
    return _bandwidth(item).value


def _round_trip_row(run: Run, item: Benchmark) -> tuple[str, ...]:
    time = metrics.median(item)
    ratio = metrics.memcpy_ratio(item)
    return (
        item.text("payload") or "",
        units.size(item.integer("size_bytes") or 0),
        item.text("kind") or "",
        units.seconds(time.value),
        wording.interval(time, units.seconds),
        wording.derived(ratio, units.times),
        wording.interval(ratio, units.times) if isinstance(ratio, Estimate) else ratio.reason,
        wording.derived(metrics.break_even_task(item, usable_cores(run)), units.seconds),
        f"{item.rounds:,}",
    )


def _bandwidth_row(run: Run, item: Benchmark) -> tuple[str, ...]:
    del run
    moved = _bandwidth(item)
    return (
        item.text("payload") or "",
        units.size(item.integer("size_bytes") or 0),
        item.text("kind") or "",
        units.bandwidth(moved.value),
        wording.interval(moved, units.bandwidth),
        f"{item.rounds:,}",
    )
