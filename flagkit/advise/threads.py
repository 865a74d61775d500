"""How a function does in several threads at once, against one: what is behind its GIL share and its waiting."""

import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

from flagkit.advise.measured import COMPUTING
from flagkit.advise.memory import voluntary_switches
from flagkit.advise.sandbox import Tell, describe
from flagkit.cpus import usable_cpus

__all__ = ["ROUNDS", "TOO_LONG", "Times", "Together", "enough_threads"]

MOST_THREADS = 64
TOO_LONG = "a task takes too long to be tried in threads in this time: give a longer budget"
LONG_ROUND = 2.0
"""How many times the sample's time one round of such a task in threads may take, if each had to wait for the others."""
ROUNDS = 5
Times = tuple[float, float]
"""Wall time, and processor time of all threads."""


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
class Together:
    """Rounds of a batch alone, and of one such batch in each of several threads, in turn; or why there are none."""

    alone: list[Times]
    together: list[Times]
    threads: int
    cpu_share: float
    reason: str | None = None

    @classmethod
    def of(cls, function: Callable[[Any], Any], items: Sequence[Any], kept: deque[Any], budget_s: float) -> Self:
        """Run them; what the function raises in threads alone is the reason not to use them."""
        cpu_share = _cpu_share(function, items)
        threads = enough_threads(cpu_share, usable_cpus())
        alone: list[Times] = []
        together: list[Times] = []
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
    def once(
        cls, tell: Tell, function: Callable[[Any], Any], items: Sequence[Any], first: Times, budget_s: float
    ) -> Self:
        """Run a long task in each of several threads, once, where that takes no more than the time."""
        first_s, first_cpu_s = first
        cpu_share = first_cpu_s / first_s
        threads = enough_threads(cpu_share, usable_cpus())
        if max(first_s, threads * first_cpu_s) > LONG_ROUND * budget_s:
            return cls.untried([first], cpu_share, TOO_LONG)
        tell("runs in threads")
        try:
            return cls([first], [_round(function, items, deque(), threads)], threads, cpu_share)
        except Exception as error:  # noqa: BLE001 - the function may raise anything
            return cls.untried([first], cpu_share, f"in threads it raised {describe(error)}")

    @classmethod
    def taken(cls, took: Times) -> Self:
        """Take it that threads wait side by side and compute one after the other, as nothing can be run again."""
        wall_s, cpu_s = took
        threads = enough_threads(cpu_s / wall_s, usable_cpus())
        return cls([took], [(max(wall_s, threads * cpu_s), threads * cpu_s)], threads, cpu_s / wall_s)

    @classmethod
    def untried(cls, alone: list[Times], cpu_share: float, reason: str) -> Self:
        """Take it that they would be in each other's way all the time."""
        threads = max(2, usable_cpus())
        return cls(alone, [(threads * wall_s, threads * cpu_s) for wall_s, cpu_s in alone], threads, cpu_share, reason)


def enough_threads(cpu_share: float, cores: int) -> int:
    """Return how many threads keep the processors busy: where tasks wait now and then, twice what that takes."""
    if cpu_share > COMPUTING:
        return max(2, cores)
    return min(MOST_THREADS, max(2, ceil(2 * cores / max(cpu_share, 1e-9))))


def _round(function: Callable[[Any], Any], items: Sequence[Any], kept: deque[Any], threads: int) -> Times:
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
