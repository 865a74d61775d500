"""Measure a sample of the function's tasks; `sample` runs in a process of its own."""

import gc
import random
import threading
import time
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from flagkit.advise.memory import peak_bytes, resident_bytes, voluntary_switches
from flagkit.advise.pace import pace
from flagkit.advise.packing import packing, why_unpicklable
from flagkit.advise.records import AdviseError, Measured, Packing
from flagkit.advise.sandbox import Tell
from flagkit.advise.side_effects import Watch
from flagkit.advise.target import Job, Target
from flagkit.cpus import usable_cpus

__all__ = ["job_length", "sample", "sample_indices"]

MOST_SAMPLED = 512
MOST_PACKED = 16
MOST_THREADS = 64
MOST_REPEATS = 10_000
ROUNDS = 5
ROUND_S = 0.01
"""A round is that long at least: the start of a thread is to be little beside it."""
_Times = tuple[float, float]
"""Wall time, and processor time of all threads."""


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
    job = target.load()
    import_bytes = max(0, resident_bytes() - before_bytes)
    n = job_length(job, n, target.name)
    chosen = sample_indices(len(job.items), n)
    tell("runs the set-up")
    job.set_up()
    base_bytes = resident_bytes()
    unpicklable = why_unpicklable("function", job.function) or why_unpicklable("argument", job.items[chosen[0]])
    watch = Watch(job.function)
    tell(f"runs item {chosen[0]}")
    peak_before_bytes = max(base_bytes, peak_bytes())
    first_s, result = watch.call(job.items[chosen[0]])
    unpicklable = unpicklable or why_unpicklable("result", result)
    times, results = _each(tell, job, chosen, budget_s / 2, watch)
    task_bytes = max(0, peak_bytes() - peak_before_bytes)
    packed = Packing(), Packing()
    if unpicklable is None:
        tell("pickles arguments and results")
        packed = packing([job.items[index] for index in list(times)[:MOST_PACKED]]), packing(results)
    tell("runs in threads")
    batch = _batch(times, budget_s / 2)
    batch *= ceil(ROUND_S / max(sum(times[index] for index in batch), ROUND_S / MOST_REPEATS))
    cpu_share = _cpu_share(job.function, [job.items[index] for index in batch])
    # As many threads as have the processors busy while others wait, twice as many as that takes on the average
    cores = usable_cpus()
    threads = min(
        MOST_THREADS, max(2, cores, ceil(2 * cores / max(cpu_share, 1e-9)) if cpu_share < 1 / cores else cores)
    )
    alone, together = _together(job.function, [job.items[index] for index in batch], threads, budget_s / 2)
    return Measured(
        n=n,
        positions=tuple((index + 0.5) / len(job.items) for index in times),
        indices=tuple(times),
        task_s=tuple(times.values()),
        first_s=first_s,
        cpu_share=cpu_share,
        alone_s=tuple(wall_s for wall_s, _ in alone),
        together_s=tuple(wall_s for wall_s, _ in together),
        alone_cpu_s=tuple(cpu_s for _, cpu_s in alone),
        together_cpu_s=tuple(cpu_s for _, cpu_s in together),
        threads=threads,
        batch=len(batch),
        import_s=job.import_s,
        base_bytes=base_bytes,
        import_bytes=import_bytes,
        task_bytes=task_bytes,
        arguments=packed[0],
        results=packed[1],
        is_factory=job.is_factory,
        unpicklable=unpicklable,
        side_effects=watch.found(),
        pace_s=pace(),
    )


def _each(
    tell: Tell, job: Job, chosen: Sequence[int], budget_s: float, watch: Watch
) -> tuple[dict[int, float], list[Any]]:
    """Run the chosen items one by one until the time is spent, at least one; return the time of each, and results."""
    times: dict[int, float] = {}
    results: list[Any] = []
    clock, function = time.perf_counter, job.function
    deadline = clock() + budget_s
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
        if len(results) < MOST_PACKED:
            results.append(result)
    return times, results


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


def _cpu_share(function: Callable[[Any], Any], items: Sequence[Any]) -> float:
    """Return CPU time / wall time; 1 where the function never gave its processor up, but had it taken away."""
    switches = voluntary_switches()
    wall, cpu = time.perf_counter(), time.process_time()
    for item in items:
        function(item)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if cpu < wall and switches is not None and voluntary_switches() == switches:
        return 1.0
    return cpu / wall


def _together(
    function: Callable[[Any], Any], items: Sequence[Any], threads: int, budget_s: float
) -> tuple[list[_Times], list[_Times]]:
    """Return the times of the batch in one thread and of one such batch in each of several, taken in turn."""
    alone: list[_Times] = []
    together: list[_Times] = []
    deadline = time.perf_counter() + budget_s
    gc.collect()
    while len(alone) < ROUNDS and (not alone or time.perf_counter() < deadline):
        alone.append(_round(function, items, 1))
        together.append(_round(function, items, threads))
    return alone, together


def _round(function: Callable[[Any], Any], items: Sequence[Any], threads: int) -> _Times:
    barrier = threading.Barrier(threads + 1)
    failures: list[BaseException] = []

    def work() -> None:
        barrier.wait()
        try:
            for item in items:
                function(item)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            failures.append(error)

    crew = [threading.Thread(target=work) for _ in range(threads)]
    for thread in crew:
        thread.start()
    barrier.wait()
    began, cpu_s = time.perf_counter(), time.process_time()
    for thread in crew:
        thread.join()
    took = time.perf_counter() - began, time.process_time() - cpu_s
    if failures:
        raise failures[0]
    return took
