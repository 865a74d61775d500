"""Figures of time: the round trip of a payload against its bytes, and the cold start of a pool."""

from collections.abc import Iterable

from bench.instrument import metrics, statistics, units
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import MEDIAN, Estimate
from bench.report import axes, wording
from bench.report import findings as found
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import Finding, usable_cores
from bench.report.series import MEMCPY

_METHOD = f"Estimator: {MEDIAN}. Bars: 95% interval by order statistics."


def round_trips(runs: Iterable[Run], findings: Iterable[Finding]) -> Figure | None:
    """Return the time of a round trip by payload and kind, with memcpy beside; None when none was measured."""
    groups: list[PanelGroup] = []
    rows: list[tuple[str, ...]] = []
    for run in runs:
        trips = [item for item in run.suite("serialization") if _is_round_trip(item)]
        copies = _copies(run, trips)
        payloads = dict.fromkeys(item.text("payload") or "" for item in trips)
        panels = [_payload_panel(payload, trips, copies) for payload in payloads]
        if panels:
            groups.append(PanelGroup(run.label, tuple(panels)))
        rows += [_round_trip_row(run, item) for item in trips]
    if not groups:
        return None
    points = [point for group in groups for panel in group.panels for point in panel.points]
    told = [finding for finding in findings if finding.topic == "sending"]
    return Figure(
        anchor="sending",
        question="What does sending data cost?",
        heading=wording.heading(told[0]) if told else "Time of a round trip by payload size",
        reading=(
            "Down is better. A payload goes to a warm worker and comes back; the dotted line is one memcpy of as many "
            "bytes, the least that any copy could cost here."
        ),
        method=(
            f"{_METHOD} In the table, the ratio to memcpy is over rounds that took turns, and the task to break even "
            "is a model: how long a task with that payload must run before a pool with a worker a core beats serial."
        ),
        x=axes.payload_bytes(point.x for point in points),
        y=axes.time(_bounds(points), "time of a round trip"),
        groups=tuple(groups),
        table=Table(
            "Round trips by payload, size and kind",
            (
                "Python",
                "Payload",
                "Size",
                "Kind",
                "Median time",
                "95% interval",
                "Bandwidth, both ways",
                "Against memcpy",
                "95% interval",
                "Task to break even",
                "n",
            ),
            tuple(rows),
            headers=4,
        ),
    )


def cold_starts(runs: Iterable[Run], findings: Iterable[Finding]) -> Figure | None:
    """Return the time from nothing to a pool's first results by kind and workers; None when none was measured."""
    groups: list[PanelGroup] = []
    rows: list[tuple[str, ...]] = []
    for run in runs:
        starts = [item for item in found.plain_starts(run) if (item.integer("workers") or 0) >= 1]
        points = tuple(
            Point.of(item.text("kind") or "", item.integer("workers") or 1, statistics.median(item.rounds_s))
            for item in starts
        )
        if points:
            groups.append(PanelGroup(run.label, (Panel("first results of a new pool", points),)))
        rows += [_start_row(run, item) for item in starts]
    if not groups:
        return None
    points = tuple(point for group in groups for panel in group.panels for point in panel.points)
    told = [finding for finding in findings if finding.topic == "starting"]
    return Figure(
        anchor="starting",
        question="What does starting cost?",
        heading=wording.heading(told[0]) if told else "Time to a new pool's first results",
        reading=(
            "Down is better. Each round makes a pool, gives each worker a task that does nothing, and waits for all."
        ),
        method=_METHOD,
        x=axes.workers(point.x for point in points),
        y=axes.time(_bounds(points), "time of a cold start"),
        groups=tuple(groups),
        table=Table(
            "Cold starts by kind and number of workers",
            ("Python", "Kind", "Workers", "Median time", "95% interval", "n"),
            tuple(rows),
            headers=3,
        ),
        dodge=True,
    )


def _is_round_trip(item: Benchmark) -> bool:
    named = item.text("payload") is not None and item.text("kind") is not None
    return named and item.text("measurement") == metrics.ROUND_TRIP and (item.integer("size_bytes") or 0) > 0


def _copies(run: Run, trips: Iterable[Benchmark]) -> dict[int, Estimate]:
    """Return memcpy's median time by size: from its own benchmarks, else from the rounds beside the round trips."""
    copies: dict[int, Estimate] = {}
    for item in trips:
        if item.reference and item.reference.name == MEMCPY:
            copies.setdefault(item.integer("size_bytes") or 1, statistics.median(item.reference.rounds_s))
    for item in run.suite("serialization"):
        size_bytes = item.integer("size_bytes") or 0
        if item.text("measurement") == MEMCPY and size_bytes > 0:
            copies[size_bytes] = statistics.median(item.rounds_s)
    return copies


def _payload_panel(payload: str, trips: Iterable[Benchmark], copies: dict[int, Estimate]) -> Panel:
    own = [item for item in trips if item.text("payload") == payload]
    points = [
        Point.of(item.text("kind") or "", item.integer("size_bytes") or 1, statistics.median(item.rounds_s))
        for item in own
    ]
    sizes_bytes = {item.integer("size_bytes") for item in own}
    points += [Point.of(MEMCPY, size, copy) for size, copy in sorted(copies.items()) if size in sizes_bytes]
    return Panel(payload, tuple(points))


def _bounds(points: Iterable[Point]) -> list[float]:
    return [value for point in points for value in (point.y, point.low, point.high) if value is not None]


def _round_trip_row(run: Run, item: Benchmark) -> tuple[str, ...]:
    time = statistics.median(item.rounds_s)
    ratio = metrics.memcpy_ratio(item)
    return (
        run.label,
        item.text("payload") or "",
        units.size(item.integer("size_bytes") or 0),
        item.text("kind") or "",
        units.seconds(time.value),
        wording.interval(time, units.seconds),
        wording.derived(metrics.bandwidth(item), units.bandwidth),
        wording.derived(ratio, units.times),
        wording.interval(ratio, units.times) if isinstance(ratio, Estimate) else ratio.reason,
        wording.derived(metrics.break_even_task(item, usable_cores(run)), units.seconds),
        f"{item.rounds:,}",
    )


def _start_row(run: Run, item: Benchmark) -> tuple[str, ...]:
    time = statistics.median(item.rounds_s)
    return (
        run.label,
        item.text("kind") or "",
        f"{item.integer('workers') or 0:,}",
        units.seconds(time.value),
        wording.interval(time, units.seconds),
        f"{item.rounds:,}",
    )
