"""How much of its worth a worker gives, and how much threads hold each other up."""

from bench.instrument.metrics.base import SERIAL, Derived, Missing, speed_up
from bench.instrument.records import Benchmark

ONE_THREAD = "one thread"
"""The reference of threads that do the same work each: one of them alone."""


def parallel_efficiency(benchmark: Benchmark) -> Derived:
    """Return serial time / (workers * time): 1 is a worker's full worth from each worker."""
    workers = benchmark.integer("workers")
    if workers is None or workers < 1:
        return Missing("no workers parameter")
    gained = speed_up(benchmark, SERIAL)
    return gained if isinstance(gained, Missing) else gained.map(lambda ratio: ratio / workers)


def gil_contention(benchmark: Benchmark, usable_cores: int | None) -> Derived:
    """Return (T_N - T_1) / ((N - 1) * T_1) for N threads: 0 is free, 1 fully serialised, above 1 a convoy.

    T_N is the time of the N threads, T_1 that of one thread's work alone. Where each thread does the same work (fixed
    work a worker, reference "one thread"), the reference is T_1. Where the work is shared out (reference "serial"), one
    thread's even share is the serial time / N; that exists where the tasks divide evenly. Either needs a core a thread:
    elsewhere the figure would mix the GIL with a lack of cores or of work, so there is none.
    """
    is_fixed_a_worker = benchmark.reference is not None and benchmark.reference.name == ONE_THREAD
    gained = speed_up(benchmark, ONE_THREAD if is_fixed_a_worker else SERIAL)
    if isinstance(gained, Missing):
        return gained
    workers = benchmark.integer("workers") or 0
    reason = _no_contention(benchmark, workers, usable_cores or 0, is_shared_out=not is_fixed_a_worker)
    if reason:
        return Missing(reason)
    alone = 1 if is_fixed_a_worker else workers
    return gained.map(lambda ratio: (alone / ratio - 1) / (workers - 1))


def _no_contention(benchmark: Benchmark, workers: int, usable_cores: int, *, is_shared_out: bool) -> str | None:
    """Return why contention has no meaning for this benchmark, or None."""
    if is_shared_out and benchmark.text("kind") != "thread":
        return "contention is a figure of threads"
    if workers <= 1:
        return "one thread has none to contend with"
    if workers > usable_cores:
        return "there are more threads than usable cores"
    if is_shared_out and (not (tasks := benchmark.integer("tasks")) or tasks % workers):
        return f"its tasks cannot be shared evenly among {workers} threads"
    return None
