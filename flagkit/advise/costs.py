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
LOOP_TURNS = 4_000
"""A task some times as long as what a pool does for it."""
LONG_TURNS = 60_000
"""One beside which that is nothing."""


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
    send_s: tuple[float, ...] = (0.0,)
    return_s: tuple[float, ...] = (0.0,)
    with make(kind, workers) as pool:
        warm(pool, workers, loop, 1)
        worker_bytes = max(0, tree_bytes() - alone_bytes) // workers
        dispatch_s = _per_task(partial(_all, pool, echo, None))
        chunk_s = _per_task(partial(_chunks, pool)) if is_sent else (0.0,)
        alone_s = _middle(_per_task(lambda count: [loop(LOOP_TURNS) for _ in range(count)]))
        busy_s = _per_task(partial(_all, pool, loop, LOOP_TURNS))
        long_alone_s = _middle(_per_task(lambda count: [loop(LONG_TURNS) for _ in range(count)]))
        long_s = _per_task(partial(_all, pool, loop, LONG_TURNS))
        bare_s = _middle(dispatch_s) + pickling_s
        if is_sent:
            send_s = _per_task(partial(_all, pool, swallow, payload))
            return_s = _per_task(partial(_all, pool, partial(produce, payload_kind), PAYLOAD_BYTES))
    side_by_side = min(workers, usable_cpus()) if is_sent or not _is_gil_enabled() else 1
    crowding = tuple(max(1.0, took * side_by_side / long_alone_s) for took in long_s)
    return KindCosts(
        kind=kind,
        workers=workers,
        start_s=(start_s,),
        start_each_s=each_s,
        dispatch_s=dispatch_s,
        busy_s=tuple(max(0.0, took * side_by_side - alone_s * _middle(crowding)) for took in busy_s),
        crowding=crowding,
        item_s=tuple(max(0.0, (took - _middle(dispatch_s)) / (CHUNK - 1)) for took in chunk_s),
        send_s_per_byte=tuple(max(0.0, took - bare_s) / PAYLOAD_BYTES for took in send_s),
        return_s_per_byte=tuple(max(0.0, took - bare_s) / PAYLOAD_BYTES for took in return_s),
        worker_bytes=worker_bytes,
        pace_s=pace(),
    )


def _start(kind: str, workers: int) -> float:
    began = time.perf_counter()
    with make(kind, workers) as pool:
        for future in [pool.submit(echo, number) for number in range(workers)]:
            future.result()
    return time.perf_counter() - began


def _each(kind: str, workers: int) -> tuple[float, ...]:
    """Return what each worker beyond the first adds to the start of a pool that is not the process's first."""
    found: list[float] = []
    deadline = time.perf_counter() + STARTS_S
    while len(found) < ROUNDS and (not found or time.perf_counter() < deadline):
        one_s = _start(kind, 1)
        found.append(max(0.0, _start(kind, workers) - one_s) / (workers - 1))
    return tuple(found)


def _per_task(run: Callable[[int], object]) -> tuple[float, ...]:
    """Return the seconds a task in each of several rounds, which are long enough for the pool to be kept busy."""
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
    return tuple(rounds)


def _all(pool: Executor, function: Callable[[Any], Any], item: Any, count: int) -> None:
    list(pool.map(function, [item] * count))


def _chunks(pool: Executor, count: int) -> None:
    list(pool.map(echo, [None] * (count * CHUNK), chunksize=CHUNK))


def _middle(values: tuple[float, ...]) -> float:
    return sorted(values)[len(values) // 2]


def _is_gil_enabled() -> bool:
    return getattr(sys, "_is_gil_enabled", lambda: True)()
