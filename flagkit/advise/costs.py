"""What each kind costs on this machine: start-up, dispatch and bytes, by functions that do next to nothing themselves.

Each kind is measured in a process of its own, as the first pool that it makes: a program's first pool is its only one
more often than not, and the first one by forkserver starts the server too. That differs from process to process, so it
is done again in further ones, as time allows.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from statistics import median
from typing import Any

from flagkit.advise.memory import tree_bytes
from flagkit.advise.pace import pace
from flagkit.advise.packing import packing
from flagkit.advise.records import KindCosts
from flagkit.advise.sandbox import Tell
from flagkit.cpus import usable_cpus
from flagkit.executors import make, resolve, warm
from flagkit.payloads import PAYLOADS, echo, produce, swallow
from flagkit.work.pure import loop

__all__ = ["measure_costs", "workers_measured"]

PAYLOAD_BYTES = 1 << 20
ROUNDS = 4
ROUND_S = 0.012
STARTS_S = 0.2
CHUNK = 64
SHORT_TURNS = 4_000
LONG_TURNS = 24_000
TASKS_A_WORKER = 12
"""So many that who gets the last one makes little difference."""


def workers_measured() -> int:
    """Return the number of workers that costs are measured with."""
    return max(2, usable_cpus())


def measure_costs(tell: Tell, kind: str) -> KindCosts:
    """Return the costs of a kind."""
    workers = workers_measured()
    tell(f"starts {kind}")
    start_s = _start(kind, workers)
    each_s = _each(kind, workers)
    tell(f"measures {kind}")
    alone_bytes = tree_bytes()
    is_sent = resolve(kind).family != "thread"
    # What can stay out of the stream is what `shared` is there for
    payload_kind = "array" if kind == "shared" else "bytes"
    payload = PAYLOADS[payload_kind].build(PAYLOAD_BYTES)
    pickling_s = 0.0 if kind == "shared" else (packed := packing([payload])).dumps_s + packed.loads_s
    with make(kind, workers) as pool:
        warm(pool, workers, loop, 1)
        worker_bytes = max(0, tree_bytes() - alone_bytes) // workers
        dispatch_s = _per_task(partial(_all, pool, echo, None))
        chunk_s = _per_task(partial(_chunks, pool)) if is_sent else dispatch_s
        bare_s = dispatch_s + pickling_s
        send_s = _per_task(partial(_all, pool, swallow, payload)) if is_sent else bare_s
        return_s = _per_task(partial(_all, pool, partial(produce, payload_kind), PAYLOAD_BYTES)) if is_sent else bare_s
        side_by_side = min(workers, usable_cpus()) if is_sent or not _is_gil_enabled() else 1
        crowding, busy_s = _computing(pool, workers, side_by_side)
    return KindCosts(
        kind=kind,
        workers=workers,
        start_s=(start_s,),
        start_each_s=(each_s,),
        dispatch_s=(dispatch_s,),
        busy_s=(busy_s,),
        crowding=(crowding,),
        item_s=(max(0.0, (chunk_s - dispatch_s) / (CHUNK - 1)) if is_sent else 0.0,),
        send_s_per_byte=(max(0.0, send_s - bare_s) / PAYLOAD_BYTES,),
        return_s_per_byte=(max(0.0, return_s - bare_s) / PAYLOAD_BYTES,),
        worker_bytes=worker_bytes,
        pace_s=(pace(),),
    )


def _start(kind: str, workers: int) -> float:
    began = time.perf_counter()
    with make(kind, workers) as pool:
        for future in [pool.submit(echo, number) for number in range(workers)]:
            future.result()
    return time.perf_counter() - began


def _each(kind: str, workers: int) -> float:
    """Return what each worker beyond the first adds to the start of a pool that is not the process's first."""
    found: list[float] = []
    deadline = time.perf_counter() + STARTS_S
    while len(found) < ROUNDS and (not found or time.perf_counter() < deadline):
        one_s = _start(kind, 1)
        found.append((_start(kind, workers) - one_s) / (workers - 1))
    return max(0.0, median(found))


def _per_task(run: Callable[[int], object]) -> float:
    """Return the seconds a task, the median of several rounds, which are long enough for the pool to be kept busy."""
    count, took = 1, 0.0
    while took < ROUND_S:
        count *= 2
        began = time.perf_counter()
        run(count)
        took = time.perf_counter() - began
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run(count)
        rounds.append((time.perf_counter() - began) / count)
    return median(rounds)


def _computing(pool: Executor, workers: int, side_by_side: int) -> tuple[float, float]:
    """Return how many times as long tasks compute where all workers do, and what each costs beside.

    From tasks of two lengths, as what a pool does for each is the same for both. Alone and in the pool take turns, so
    that the machine's own pace is none of it.
    """
    count = TASKS_A_WORKER * workers
    crowding: list[float] = []
    alone_s: list[float] = []
    pool_s: list[float] = []
    for _ in range(ROUNDS):
        times = []
        for turns in (SHORT_TURNS, LONG_TURNS):
            began = time.perf_counter()
            for _ in range(count):
                loop(turns)
            alone = time.perf_counter() - began
            _all(pool, loop, turns, count)
            times.append((alone / count, (time.perf_counter() - began - alone) / count))
        (short_alone, short), (long_alone, long) = times
        crowding.append(side_by_side * (long - short) / (long_alone - short_alone))
        alone_s.append(short_alone)
        pool_s.append(short)
    crowded = max(1.0, median(crowding))
    return crowded, max(0.0, side_by_side * median(pool_s) - crowded * median(alone_s))


def _all(pool: Executor, function: Callable[[Any], Any], item: Any, count: int) -> None:
    list(pool.map(function, [item] * count))


def _chunks(pool: Executor, count: int) -> None:
    list(pool.map(echo, [None] * (count * CHUNK), chunksize=CHUNK))


def _is_gil_enabled() -> bool:
    return getattr(sys, "_is_gil_enabled", lambda: True)()
