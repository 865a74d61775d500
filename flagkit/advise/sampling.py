"""Measure a sample of the function's tasks; `sample` runs in a process of its own."""

import random
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from statistics import median
from typing import Any

from flagkit.advise.measured import Measured, Packing
from flagkit.advise.memory import peak_bytes, reset_peak, resident_bytes
from flagkit.advise.pace import pace
from flagkit.advise.packing import UnpicklableError, packing, why_unpicklable
from flagkit.advise.records import AdviseError
from flagkit.advise.sandbox import Tell
from flagkit.advise.side_effects import Watch
from flagkit.advise.target import Job, Target
from flagkit.advise.threads import ROUNDS, Times, Together

__all__ = ["job_length", "sample", "sample_indices"]

MOST_SAMPLED = 512
MOST_PACKED = 16
PACKING_SHARE = 0.125
"""Of the sample's time, for pickling arguments, and as much for results; one of each is pickled in any case."""
KEPT_BYTES = 1 << 27
MOST_REPEATS = 10_000
LONG_SHARE = 0.25
"""A first task that takes more of the time than this is all of the sample: it would have to run some times more."""
REMEMBERS = 5.0
"""From this on, what is so many times faster when called again with the same items has kept what it did before."""
SHORT_S = 0.1
"""Of a sample as short as this, the time for which a task's processor was taken away may be a good part."""
SLICE_S = 1e-4
"""Schedulers take it away for some milliseconds, hypervisors for less."""
OUTLYING = 10.0
"""How many times as long as most a task takes that is worth another run, lest it was that; caches make less of it."""
TICK_S = 1e-9
ROUND_S = 0.01
"""A round is that long at least: the start of a thread is to be little beside it."""


def job_length(job: Job, n: int | None, name: str) -> int:
    """Return how many items the real job has."""
    if n is not None:
        return n
    if job.length is None:
        raise AdviseError(f"the items of {name} did not end: say how many the real job has with --n")
    return job.length


def sample_indices(length: int, n: int) -> list[int]:
    """Return which items to sample, in random order: one of each stretch of equal length.

    At most half of the job, so that a sample is never all of it, and at most MOST_SAMPLED; the same ones each time.
    """
    count = max(1, min(MOST_SAMPLED, length, n // 2))
    drawn = random.Random(0)
    chosen = [drawn.randrange(stretch * length // count, (stretch + 1) * length // count) for stretch in range(count)]
    drawn.shuffle(chosen)
    return chosen


def sample(tell: Tell, target: Target, n: int | None, budget_s: float) -> Measured:
    """Load the target and measure it for about `budget_s` seconds; a single task may take longer."""
    tell("loads the function")
    before_bytes = resident_bytes()
    job = target.load(tell)
    import_bytes = max(0, resident_bytes() - before_bytes)
    n = job_length(job, n, target.name)
    chosen = sample_indices(len(job.items), n)
    base_bytes = resident_bytes()
    watch = Watch(job.function)
    tell(f"runs item {chosen[0]}")
    reset_peak()
    peak_before_bytes = peak_bytes()
    cpu_s = time.process_time()
    first_s, result = watch.call(job.items[chosen[0]])
    first_cpu_s = time.process_time() - cpu_s
    task_bytes = max(0, peak_bytes() - peak_before_bytes)
    is_long = first_s > LONG_SHARE * budget_s
    each = _Each({chosen[0]: first_s}, [result], _keeper(result), (first_s, first_cpu_s))
    if not is_long:
        each = _each(tell, job, chosen, budget_s / 2, watch)
    times, results = _steadied(job, each), each.results
    remembers = _remembers(job, times, each.kept)
    each.kept.clear()
    sent = [job.items[index] for index in list(times)[:MOST_PACKED]]
    unpicklable = why_unpicklable("function", job.function)
    packed = Packing(), Packing()
    if unpicklable is None:
        tell("pickles arguments and results")
        pack_s = PACKING_SHARE * budget_s
        try:
            packed = packing(sent, "argument", budget_s=pack_s), packing(results, "result", budget_s=pack_s)
        except UnpicklableError as error:
            unpicklable = str(error)
    batch = _batch(times, budget_s / 2)
    batch *= ceil(ROUND_S / max(sum(times[index] for index in batch), ROUND_S / MOST_REPEATS))
    items = [job.items[index] for index in batch]
    if is_long:
        together = Together.once(tell, job.function, items[:1], (first_s, first_cpu_s), budget_s)
    elif remembers > 1:
        together = Together.taken(each.took)
    else:
        tell("runs in threads")
        together = Together.of(job.function, items, _keeper(result), budget_s / 2)
    return Measured(
        n=n,
        positions=tuple((index + 0.5) / len(job.items) for index in times),
        indices=tuple(times),
        task_s=tuple(times.values()),
        first_s=first_s,
        cpu_share=together.cpu_share,
        alone_s=tuple(wall_s for wall_s, _ in together.alone),
        together_s=tuple(wall_s for wall_s, _ in together.together),
        alone_cpu_s=tuple(cpu_s for _, cpu_s in together.alone),
        together_cpu_s=tuple(cpu_s for _, cpu_s in together.together),
        threads=together.threads,
        batch=len(batch),
        import_s=job.import_s,
        base_bytes=base_bytes,
        import_bytes=import_bytes,
        task_bytes=task_bytes,
        arguments=packed[0],
        results=packed[1],
        is_factory=job.is_factory,
        unthreaded=together.reason,
        unpicklable=unpicklable,
        side_effects=watch.found(),
        pace_s=pace(),
        setup_s=job.setup_s,
        items_s=job.items_s,
        has_gil=getattr(sys, "_is_gil_enabled", lambda: True)(),
        remembers=remembers,
    )


@dataclass(frozen=True, slots=True)
class _Each:
    """The time of each item that was run, by its index; some results; the last ones; and what all took together."""

    times: dict[int, float]
    results: list[Any]
    kept: deque[Any]
    took: Times


def _each(tell: Tell, job: Job, chosen: Sequence[int], budget_s: float, watch: Watch) -> _Each:
    """Run the chosen items one by one until the time is spent, at least one."""
    times: dict[int, float] = {}
    results: list[Any] = []
    kept: deque[Any] = deque()
    clock, function = time.perf_counter, job.function
    started, cpu_s = clock(), time.process_time()
    deadline = started + budget_s
    told = 0.0
    for index in chosen:
        item = job.items[index]
        began = clock()
        if times and began >= deadline:
            break
        if began - told > 0.01:  # noqa: PLR2004 - a message takes microseconds: not one for each of very short tasks
            tell(f"runs item {index}")
            told = clock()
        if len(results) < watch.MOST:
            times[index], result = watch.call(item)
        else:
            began = clock()
            result = function(item)
            times[index] = clock() - began
        if kept.maxlen is None:
            kept = _keeper(result)
        kept.append(result)
        if len(results) < MOST_PACKED:
            results.append(result)
    return _Each(times, results, kept, (clock() - started, time.process_time() - cpu_s))


def _steadied(job: Job, each: _Each) -> dict[int, float]:
    """Return the times, of a short sample without those for which a task's processor was taken away.

    What took much longer than most is run once more, and the shorter time counts: of tasks that differ, both are long.
    """
    bound = max(SLICE_S, OUTLYING * median(each.times.values()))
    found = dict(each.times)
    if sum(each.times.values()) < SHORT_S:
        for index in [index for index, task_s in each.times.items() if task_s > bound]:
            began = time.perf_counter()
            each.kept.append(job.function(job.items[index]))
            found[index] = min(found[index], time.perf_counter() - began)
    return found


def _keeper(result: Any) -> deque[Any]:
    """Return what keeps results like this one, as a program does that collects them: memory anew for each takes time.

    Not more than KEPT_BYTES; from there on, the oldest ones make room.
    """
    return deque(maxlen=max(1, KEPT_BYTES // sys.getsizeof(result, 1)))


def _batch(times: dict[int, float], budget_s: float) -> list[int]:
    """Return the items whose rounds, alone and together, fit into the time; at least one."""
    batch: list[int] = []
    spent = 0.0
    for index, task_s in times.items():
        if batch and 3 * ROUNDS * (spent + task_s) > budget_s:
            break
        batch.append(index)
        spent += task_s
    return batch


def _remembers(job: Job, times: dict[int, float], kept: deque[Any]) -> float:
    """Return how many times faster some items are when they are run again, where that is from REMEMBERS on; else 1.

    Not the very first one, whose second time is in `times` already; and 1 where all is too short to be told. Results
    are kept beside those from before, in memory anew as those were: in memory that has been touched already, a few
    megabytes alone are made ten times faster.
    """
    again = deque[Any](maxlen=kept.maxlen)
    first_s = 0.0
    items: list[Any] = []
    for index, task_s in islice(times.items(), 1, None):
        items.append(job.items[index])
        first_s += task_s
        if first_s >= ROUND_S:
            break
    else:
        return 1.0
    ratios: list[float] = []
    for item, task_s in zip(items, islice(times.values(), 1, None), strict=False):
        began = time.perf_counter()
        again.append(job.function(item))
        ratios.append(task_s / max(time.perf_counter() - began, TICK_S))
    ratio = median(ratios)  # one may have been held up
    return ratio if ratio >= REMEMBERS else 1.0
