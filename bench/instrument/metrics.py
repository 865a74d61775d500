"""What the report and the gate ask of a benchmark, derived from its record: an estimate, or why there is none.

Every function returns an `Estimate` or a `Missing` with the reason; a figure that cannot be had is never a zero.
"""

from dataclasses import dataclass
from typing import TypeAlias

from bench.instrument import statistics
from bench.instrument.records import Benchmark
from bench.instrument.statistics import Estimate

ROUND_TRIP = "round trip"
SERIAL = "serial"
MEMCPY = "memcpy"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a figure cannot be derived from this record."""

    reason: str


Derived: TypeAlias = Estimate | Missing


def time(benchmark: Benchmark) -> Derived:
    """Return the median time of a round, in seconds per iteration."""
    if not benchmark.rounds_s:
        return Missing("the file keeps no raw rounds")
    return statistics.median(benchmark.rounds_s)


def speed_up(benchmark: Benchmark, over: str | None = None) -> Derived:
    """Return reference time / time over paired rounds: 2 is twice as fast as `over`, or as any reference."""
    if benchmark.reference is None:
        return Missing("no reference took turns with it")
    if over is not None and benchmark.reference.name != over:
        return Missing(f"{over} is not what took turns with it")
    return statistics.speed_up(benchmark.rounds_s, benchmark.reference.rounds_s)


def parallel_efficiency(benchmark: Benchmark) -> Derived:
    """Return serial time / (workers * time): 1 is a worker's full worth from each worker."""
    workers = _workers(benchmark)
    if isinstance(workers, Missing):
        return workers
    gained = speed_up(benchmark, SERIAL)
    return gained if isinstance(gained, Missing) else gained.map(lambda ratio: ratio / workers)


def gil_contention(benchmark: Benchmark, usable_cores: int | None) -> Derived:
    """Return (T_N - T_1) / ((N - 1) * T_1) for N threads: 0 is free, 1 fully serialised, above 1 a convoy.

    T_N is the time of the N threads; T_1, what one thread's even share of the work takes alone, is the paired serial
    time / N. That share exists where the tasks divide evenly, and a core a thread where N <= usable_cores; elsewhere
    the figure would mix the GIL with a lack of work or of cores, so there is none.
    """
    gained = speed_up(benchmark, SERIAL)
    if isinstance(gained, Missing):
        return gained
    workers = benchmark.integer("workers") or 0
    reason = _no_contention(benchmark, workers, usable_cores or 0)
    return Missing(reason) if reason else gained.map(lambda ratio: (workers / ratio - 1) / (workers - 1))


def _no_contention(benchmark: Benchmark, workers: int, usable_cores: int) -> str | None:
    """Return why contention has no meaning for this benchmark, or None."""
    if benchmark.text("kind") != "thread":
        return "contention is a figure of threads"
    if workers <= 1:
        return "one thread has none to contend with"
    if workers > usable_cores:
        return "there are more threads than usable cores"
    if not (tasks := benchmark.integer("tasks")) or tasks % workers:
        return f"its tasks cannot be shared evenly among {workers} threads"
    return None


def bandwidth(benchmark: Benchmark) -> Derived:
    """Return payload bytes moved per second; a round trip moves its payload twice, there and back."""
    size_bytes = benchmark.integer("size_bytes")
    if size_bytes is None or size_bytes < 1:
        return Missing("no size_bytes parameter")
    moved_bytes = size_bytes * (2 if benchmark.text("measurement") == ROUND_TRIP else 1)
    taken = time(benchmark)
    return taken if isinstance(taken, Missing) else taken.map(lambda taken_s: moved_bytes / taken_s)


def memcpy_ratio(benchmark: Benchmark) -> Derived:
    """Return time / memcpy time of the same bytes, over paired rounds: how many copies the time would pay for."""
    gained = speed_up(benchmark, MEMCPY)
    return gained if isinstance(gained, Missing) else gained.map(lambda ratio: 1 / ratio)


def break_even_task(benchmark: Benchmark, workers: int | None) -> Derived:
    """Return how long a task with this payload must run for a pool of that size to match serial; a model, in seconds.

    N tasks of time T cost N * T serially, and N * R + T in a pool of N whose parent moves payloads one after the
    other with round trip R. They are equal at T = R * N / (N - 1).
    """
    if benchmark.text("measurement") != ROUND_TRIP:
        return Missing("break-even follows from a round trip")
    if workers is None or workers < 2:  # noqa: PLR2004 - a pool of one worker has nothing to gain
        return Missing("with one core a pool cannot beat serial")
    taken = time(benchmark)
    return taken if isinstance(taken, Missing) else taken.map(lambda taken_s: taken_s * workers / (workers - 1))


def _workers(benchmark: Benchmark) -> int | Missing:
    workers = benchmark.integer("workers")
    return workers if workers is not None and workers >= 1 else Missing("no workers parameter")
