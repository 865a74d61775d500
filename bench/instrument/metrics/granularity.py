"""How short a task may be, and how large its payload: where a pool begins to be worth it.

Each figure is where a measured curve crosses a level, found by interpolation between neighbouring points; beyond the
points there is no figure but a reason that says on which side it must lie.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from bench.instrument import units
from bench.instrument.metrics.base import ROUND_TRIP, SERIAL, Derived, Missing, reference_median, speed_up, time
from bench.instrument.records import Benchmark
from bench.instrument.statistics import Estimate, Interval

TASK_LENGTH = "task length"
INTERPOLATED = "interpolated between the medians of neighbouring points, both axes logarithmic"
HALF = 0.5
_FEWEST_WORKERS = 2


def task_length(benchmark: Benchmark) -> Derived:
    """Return the seconds that one task takes by itself: the serial time over the number of tasks."""
    tasks = benchmark.integer("tasks")
    if not tasks or tasks < 1:
        return Missing("no tasks parameter")
    if benchmark.reference is None or benchmark.reference.name != SERIAL:
        return Missing("serial is not what took turns with it")
    return reference_median(benchmark).map(lambda serial_s: serial_s / tasks)


def minimum_granularity(ladder: Iterable[Benchmark], ideal: int | None, level: float = HALF) -> Derived:
    """Return METG(50%), in seconds: the task length at which a pool reaches half of `ideal` times serial's speed.

    `ladder` holds one kind with one number of workers at several task lengths, each in turn with serial; `ideal` is
    what its workers could give, the lesser of workers and usable cores. Source: Slaughter et al., Task Bench (SC20).
    """
    if ideal is None or ideal < _FEWEST_WORKERS:
        return Missing("with one core there is no ideal to reach half of")
    return _length_at(ladder, level * ideal, f"{level:.0%} of {ideal} cores' worth")


def break_even_length(ladder: Iterable[Benchmark]) -> Derived:
    """Return the task length, in seconds, from which on a pool is faster than a plain loop, as it was measured."""
    return _length_at(ladder, 1.0, "serial's speed")


def break_even_task(benchmark: Benchmark, workers: int | None) -> Derived:
    """Return how long a task with this payload must run for a pool of that size to match serial; a model, in seconds.

    N tasks of time T cost N * T serially, and N * R + T in a pool of N whose parent moves payloads one after the
    other with round trip R. They are equal at T = R * N / (N - 1).
    """
    if benchmark.text("measurement") != ROUND_TRIP:
        return Missing("break-even follows from a round trip")
    if workers is None or workers < _FEWEST_WORKERS:
        return Missing("with one core a pool cannot beat serial")
    taken = time(benchmark)
    return taken if isinstance(taken, Missing) else taken.map(lambda taken_s: taken_s * workers / (workers - 1))


def break_even_payload(trips: Iterable[Benchmark], task_s: float, workers: int | None) -> Derived:
    """Return up to which payload, in bytes, a task of `task_s` is worth sending to a pool; by break_even_task's model.

    `trips` holds round trips of one payload kind through one executor kind at several sizes.
    """
    points: list[tuple[float, Estimate]] = []
    for trip in trips:
        length = break_even_task(trip, workers)
        if isinstance(length, Missing):
            return length
        if (size_bytes := trip.integer("size_bytes") or 0) > 0:
            points.append((float(size_bytes), length))
    return crossing(points, task_s, f"a task of {units.seconds(task_s)}", units.size)


def crossing(
    points: Sequence[tuple[float, Estimate]], level: float, name: str, write: Callable[[float], str] = units.seconds
) -> Derived:
    """Return the x at which a rising curve of estimates reaches a level; where it does so again and again, the last.

    The interval runs from where the curve of the upper ends crosses to where that of the lower ends does; there is none
    where one of them does not cross within the points. `name` says the level and `write` an x in a reason.
    """
    ordered = sorted(points, key=lambda point: point[0])
    if len(ordered) < _FEWEST_WORKERS:
        return Missing("fewer than two points to interpolate between")
    xs = [x for x, _ in ordered]
    at = _crosses(xs, [estimate.value for _, estimate in ordered], level)
    if at is None:
        if ordered[-1][1].value < level:
            return Missing(f"{name} is not reached up to {write(xs[-1])}")
        return Missing(f"{name} is reached already at {write(xs[0])}, the least that was measured")
    intervals = [estimate.interval for _, estimate in ordered]
    known = [interval for interval in intervals if interval is not None]
    low = high = None
    if len(known) == len(ordered):
        low = _crosses(xs, [interval.high for interval in known], level)
        high = _crosses(xs, [interval.low for interval in known], level)
    interval = Interval(min(low, at), max(high, at)) if low is not None and high is not None else None
    return Estimate(at, interval, min(estimate.n for _, estimate in ordered), INTERPOLATED)


def _length_at(ladder: Iterable[Benchmark], level: float, name: str) -> Derived:
    points: list[tuple[float, Estimate]] = []
    for rung in ladder:
        length, gained = task_length(rung), speed_up(rung, SERIAL)
        for figure in (length, gained):
            if isinstance(figure, Missing):
                return figure
        if isinstance(length, Estimate) and isinstance(gained, Estimate):
            points.append((length.value, gained))
    return crossing(points, level, name)


def _crosses(xs: Sequence[float], ys: Sequence[float], level: float) -> float | None:
    """Return the last x at which the line through the points rises through the level, both axes logarithmic."""
    for index in range(len(xs) - 2, -1, -1):
        below, above = ys[index], ys[index + 1]
        if below < level <= above:
            part = math.log(level / below) / math.log(above / below)
            return float(xs[index] * (xs[index + 1] / xs[index]) ** part)
    return None
