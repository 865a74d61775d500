"""The figures of one benchmark by itself: its time, its ratio to what took turns with it, its bandwidth."""

from dataclasses import dataclass
from typing import TypeAlias

from bench.instrument import statistics
from bench.instrument.records import Benchmark
from bench.instrument.statistics import Estimate

ROUND_TRIP = "round trip"
EXCHANGE = "exchange"
SERIAL = "serial"
MEMCPY = "memcpy"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a figure cannot be derived from these records."""

    reason: str


Derived: TypeAlias = Estimate | Missing


def median(benchmark: Benchmark) -> Estimate:
    """Return the median time of a round, in seconds per iteration; raises ValueError without raw rounds."""
    return statistics.median(benchmark.rounds_s, benchmark.visits, benchmark.spreads.times)


def reference_median(benchmark: Benchmark) -> Estimate:
    """Return the median time of the reference's rounds, in seconds per call; raises ValueError without a reference."""
    rounds_s = benchmark.reference.rounds_s if benchmark.reference else ()
    return statistics.median(rounds_s, benchmark.visits, benchmark.spreads.times)


def time(benchmark: Benchmark) -> Derived:
    """Return the median time of a round, in seconds per iteration."""
    if not benchmark.rounds_s:
        return Missing("the file keeps no raw rounds")
    return median(benchmark)


def speed_up(benchmark: Benchmark, over: str | None = None) -> Derived:
    """Return reference time / time over paired rounds: 2 is twice as fast as `over`, or as any reference."""
    if benchmark.reference is None:
        return Missing("no reference took turns with it")
    if over is not None and benchmark.reference.name != over:
        return Missing(f"{over} is not what took turns with it")
    rounds_s, reference_s = benchmark.rounds_s, benchmark.reference.rounds_s
    return statistics.speed_up(rounds_s, reference_s, benchmark.visits, benchmark.spreads.ratios)


def bandwidth(benchmark: Benchmark) -> Derived:
    """Return payload bytes moved per second; a round trip or an exchange moves as many there and back."""
    size_bytes = benchmark.integer("size_bytes")
    if size_bytes is None or size_bytes < 1:
        return Missing("no size_bytes parameter")
    moved_bytes = size_bytes * (2 if benchmark.text("measurement") in {ROUND_TRIP, EXCHANGE} else 1)
    taken = time(benchmark)
    return taken if isinstance(taken, Missing) else taken.map(lambda taken_s: moved_bytes / taken_s)


def memcpy_ratio(benchmark: Benchmark) -> Derived:
    """Return time / memcpy time of the same bytes, over paired rounds: how many copies the time would pay for."""
    gained = speed_up(benchmark, MEMCPY)
    return gained if isinstance(gained, Missing) else gained.map(lambda ratio: 1 / ratio)


def core_use(benchmark: Benchmark) -> Derived:
    """Return how many cores' worth of processor time the process itself used per second of a round.

    Near 1 a process with a GIL is busy throughout: what it does is limited by that, whatever it waits for.
    """
    used_s = benchmark.parameters.get("client_cpu_s")
    if not isinstance(used_s, float) or used_s <= 0:
        return Missing("no client_cpu_s parameter")
    taken = time(benchmark)
    return taken if isinstance(taken, Missing) else taken.map(lambda taken_s: used_s / taken_s)
