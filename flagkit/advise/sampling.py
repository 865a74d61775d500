"""Measure a sample of the function's tasks; `sample` runs in a process of its own."""

import gc
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

from flagkit.advise.memory import peak_bytes, resident_bytes, voluntary_switches
from flagkit.advise.pace import pace
from flagkit.advise.packing import packing, why_unpicklable
from flagkit.advise.records import AdviseError, Measured, Packing
from flagkit.advise.sandbox import Tell, describe
from flagkit.advise.side_effects import Watch
from flagkit.advise.target import Job, Target
from flagkit.cpus import usable_cpus

__all__ = ["job_length", "sample", "sample_indices"]

MOST_SAMPLED = 512
MOST_PACKED = 16
KEPT_BYTES = 1 << 27
MOST_THREADS = 64
MOST_REPEATS = 10_000
COMPUTING = 0.95
"""Above this CPU time / wall time a task waits for nothing."""
LONG_SHARE = 0.25
"""A first task that takes more of the time than this is all of the sample: it would have to run some times more."""
TOO_LONG = "a task takes too long to be tried in threads in this time: give a longer budget"
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
    watch = Watch(job.function)
    tell(f"runs item {chosen[0]}")
    peak_before_bytes = max(base_bytes, peak_bytes())
    cpu_s = time.process_time()
    first_s, result = watch.call(job.items[chosen[0]])
    first_cpu_s = time.process_time() - cpu_s
    task_bytes = max(0, peak_bytes() - peak_before_bytes)
    is_long = first_s > LONG_SHARE * budget_s
    times, results = ({chosen[0]: first_s}, [result]) if is_long else _each(tell, job, chosen, budget_s / 2, watch)
    sent = [job.items[index] for index in list(times)[:MOST_PACKED]]
    unpicklable = why_unpicklable("function", job.function) or _unpicklable(sent, results)
    packed = Packing(), Packing()
    if unpicklable is None:
        tell("pickles arguments and results")
        packed = packing(sent), packing(results)
    batch = _batch(times, budget_s / 2)
    batch *= ceil(ROUND_S / max(sum(times[index] for index in batch), ROUND_S / MOST_REPEATS))
    items = [job.items[index] for index in batch]
    if is_long:
        together = _Together.untried([(first_s, first_cpu_s)], first_cpu_s / first_s, TOO_LONG)
    else:
        tell("runs in threads")
        together = _Together.of(job.function, items, _keeper(result), budget_s / 2)
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
    )


def _unpicklable(arguments: Sequence[Any], results: Sequence[Any]) -> str | None:
    """Return why one of them cannot be pickled; None where all can."""
    reasons = (
        why_unpicklable(what, one) for what, many in (("argument", arguments), ("result", results)) for one in many
    )
    return next(filter(None, reasons), None)


def _each(
    tell: Tell, job: Job, chosen: Sequence[int], budget_s: float, watch: Watch
) -> tuple[dict[int, float], list[Any]]:
    """Run the chosen items one by one until the time is spent, at least one; return the time of each, and results."""
    times: dict[int, float] = {}
    results: list[Any] = []
    kept: deque[Any] | None = None
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
        if kept is None:
            kept = _keeper(result)
        kept.append(result)
        if len(results) < MOST_PACKED:
            results.append(result)
    return times, results


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


@dataclass(frozen=True, slots=True)
class _Together:
    """Rounds of a batch alone, and of one such batch in each of several threads, in turn; or why there are none."""

    alone: list[_Times]
    together: list[_Times]
    threads: int
    cpu_share: float
    reason: str | None = None

    @classmethod
    def of(cls, function: Callable[[Any], Any], items: Sequence[Any], kept: deque[Any], budget_s: float) -> Self:
        """Run them; what the function raises in threads alone is the reason not to use them."""
        cpu_share = _cpu_share(function, items)
        threads = _threads(cpu_share, usable_cpus())
        alone: list[_Times] = []
        together: list[_Times] = []
        deadline = time.perf_counter() + budget_s
        gc.collect()
        while len(together) < ROUNDS and (not together or time.perf_counter() < deadline):
            began, cpu_s = time.perf_counter(), time.process_time()
            for item in items:
                kept.append(function(item))
            alone.append((time.perf_counter() - began, time.process_time() - cpu_s))
            kept.clear()
            try:
                together.append(_round(function, items, kept, threads))
            except Exception as error:  # noqa: BLE001 - the function may raise anything
                return cls.untried(alone, cpu_share, f"in threads it raised {describe(error)}")
        return cls(alone, together, threads, cpu_share)

    @classmethod
    def untried(cls, alone: list[_Times], cpu_share: float, reason: str) -> Self:
        """Take it that they would be in each other's way all the time."""
        threads = max(2, usable_cpus())
        return cls(alone, [(threads * wall_s, threads * cpu_s) for wall_s, cpu_s in alone], threads, cpu_share, reason)


def _threads(cpu_share: float, cores: int) -> int:
    """Return how many threads keep the processors busy: where tasks wait now and then, twice what that takes."""
    if cpu_share > COMPUTING:
        return max(2, cores)
    return min(MOST_THREADS, max(2, ceil(2 * cores / max(cpu_share, 1e-9))))


def _round(function: Callable[[Any], Any], items: Sequence[Any], kept: deque[Any], threads: int) -> _Times:
    barrier = threading.Barrier(threads + 1)
    failures: list[BaseException] = []

    def work() -> None:
        barrier.wait()
        try:
            for item in items:
                kept.append(function(item))
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
    kept.clear()
    if failures:
        raise failures[0]
    return took
