"""Findings on handing tasks and data to a pool: how short, how large, through what, and where the time goes."""

import math

from bench.instrument import metrics
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.report.findings.finding import Finding, paired, process_kind, usable_cores

MEBIBYTE_BYTES = 1 << 20
TASK_S = 0.001
"""The task of which the payload finding speaks: a millisecond, long for a function and short for a job."""


def on_short_tasks(run: Run) -> Finding | None:
    """Return from which length of its tasks on a pool of processes is worth it."""
    rungs = [item for item in run.suite("dispatch") if item.text("measurement") == metrics.TASK_LENGTH]
    kind = process_kind(run, rungs)
    ladder = [item for item in rungs if item.text("kind") == kind]
    if kind is None or not ladder:
        return None
    workers = ladder[0].integer("workers") or 1
    return Finding("short tasks", run, ladder[0], kind, workers, figure=metrics.break_even_length(ladder))


def on_sending(run: Run) -> Finding | None:
    """Return what a mebibyte there and back costs through processes, beside a memcpy."""
    trips = _round_trips(run)
    kind = process_kind(run, trips)
    trips = [item for item in trips if item.text("kind") == kind]
    plain = [item for item in trips if item.text("payload") == "bytes"] or trips
    if kind is None or not plain:
        return None
    item = min(plain, key=lambda item: abs(math.log((item.integer("size_bytes") or 1) / MEBIBYTE_BYTES)))
    time, ratio = metrics.time(item), metrics.memcpy_ratio(item)
    if isinstance(time, Missing):
        return None
    return Finding(
        topic="sending",
        run=run,
        benchmark=item,
        kind=kind,
        workers=item.integer("workers") or 1,
        subject=item.text("payload"),
        size_bytes=item.integer("size_bytes"),
        ratio=None if isinstance(ratio, Missing) else ratio,
        time=time,
    )


def on_payload(run: Run) -> Finding | None:
    """Return up to which payload a task of a millisecond is worth sending to a pool of processes."""
    trips = [item for item in _round_trips(run) if item.text("payload") == "bytes"]
    kind = process_kind(run, trips)
    trips = [item for item in trips if item.text("kind") == kind]
    cores = usable_cores(run)
    if kind is None or len(trips) < 2 or cores is None or cores < 2:  # noqa: PLR2004 - two points, two cores
        return None
    figure = metrics.break_even_payload(trips, TASK_S, cores)
    return Finding("payload", run, trips[0], kind, cores, subject="bytes", figure=figure)


def on_transport(run: Run) -> Finding | None:
    """Return how another transport did for a mebibyte, against processes in turn: shared memory if it was measured."""
    against = [item for item in run.suite("serialization") if item.text("measurement") == "against"]
    mebibytes = [item for item in against if item.integer("size_bytes") == MEBIBYTE_BYTES] or against
    chosen = min(mebibytes, key=lambda item: (item.text("kind") != "shared", item.text("kind")), default=None)
    return paired("transport", run, chosen, chosen.text("payload") if chosen else None)


def on_steps(run: Run) -> Finding | None:
    """Return which part of the largest traced task's time is serialization."""
    traced = [item for item in run.suite("pipeline") if item.text("measurement") == "later task"]
    kind = process_kind(run, traced)
    own = [item for item in traced if item.text("kind") == kind]
    if kind is None or not own:
        return None
    item = max(own, key=lambda item: item.integer("size_bytes") or 0)
    return Finding(
        topic="steps",
        run=run,
        benchmark=item,
        kind=kind,
        workers=1,
        subject=item.text("payload"),
        size_bytes=item.integer("size_bytes"),
        figure=metrics.serialization_share(item),
    )


def on_sharing(run: Run) -> Finding | None:
    """Return what a small message costs through a queue between processes, against one between threads."""
    media = [item for item in run.suite("sharing") if item.text("medium") == "queue"]
    item = min(media, key=lambda item: item.integer("size_bytes") or 0, default=None)
    return paired("sharing", run, item, "queue")


def _round_trips(run: Run) -> list[Benchmark]:
    return [
        item
        for item in run.suite("serialization")
        if item.text("measurement") == metrics.ROUND_TRIP and (item.integer("size_bytes") or 0) > 0
    ]
