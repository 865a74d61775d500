"""Real runs: a job on a pool; and a pilot, a short run from which a kind's costs for this function are known.

What is timed is what a program would do, once in a process of its own: make the pool, map the function over the items,
shut the pool down. A second round in the same process would be another matter: it finds memory that has been touched,
objects that threads share already, and processors that are awake.
"""

import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from itertools import cycle, islice
from typing import Any

from flagkit.advise.pace import pace
from flagkit.advise.records import AdviseError, Candidate, PilotPlan
from flagkit.advise.sandbox import Tell
from flagkit.advise.target import Job, Target
from flagkit.executors import make, resolve
from flagkit.executors.properties import Property, deviation
from flagkit.executors.warming import first_seen
from flagkit.payloads import swallow

__all__ = ["pilot", "run_job"]

PilotTimes = tuple[float, float, float, float]
"""The whole run, some items alone after it, the pace, and the start and shutdown of another pool (0: not measured)."""
MOST_BYTES = 1 << 28
"""Of items that are repeated, as objects of their own."""


def run_job(tell: Tell, target: Target, candidate: Candidate, n: int | None) -> float:
    """Return the seconds that the whole job takes, pool included; in a process of its own, as any other program is."""
    tell("loads the function")
    job = target.load(tell)
    items = _repeated(list(islice(job.items, n)), n, candidate) if n is not None else job.items
    tell(f"runs the job: {candidate}")
    took_s, _ = _run(job, items, candidate)
    return took_s


def pilot(tell: Tell, target: Target, plan: PilotPlan) -> PilotTimes:
    """Return what a job of few items takes, and what the start of another pool does after it.

    The job's results are there until some items have run alone, which as in the sample need memory of their own.
    """
    tell("loads the function")
    job = target.load(tell)
    tell(f"tries {plan.candidate.kind}")
    distinct = list(dict.fromkeys(plan.indices))
    items = _repeated([job.items[index] for index in distinct], len(plan.indices), plan.candidate)
    whole_s, results = _run(job, items, plan.candidate)
    alone_s, alone_results = _run(job, items[: plan.alone], Candidate("serial", 1, 1))
    del results, alone_results
    pace_s = pace()
    return whole_s, alone_s, pace_s, _start(job, plan.candidate) if plan.is_first else 0.0


def _repeated(items: list[Any], count: int, candidate: Candidate) -> list[Any]:
    """Return so many items, these in turn; where they are sent, each time as other objects, as far as memory allows.

    Of an object that is there twice in a chunk pickle sends the second one as a mere reference. What some of the items
    share is shared by their copies.
    """
    same = list(islice(cycle(items), count))
    if count <= len(items) or resolve(candidate.kind).family in ("serial", "thread"):
        return same
    try:
        packed = pickle.dumps(items)
        if len(packed) * count > MOST_BYTES * len(items):
            return same
        found = list(items)
        while len(found) < count:
            found += pickle.loads(packed)  # noqa: S301 - what was packed above
    except Exception:  # noqa: BLE001 - it may raise anything, and will again, where it is told, when they are sent
        return same
    return found[:count]


def _run(job: Job, items: Sequence[Any], candidate: Candidate) -> tuple[float, list[Any]]:
    """Return the seconds of a whole run, and its results: when a program lets go of them is none of it."""
    began = time.perf_counter()
    if candidate.kind == "serial":
        results = list(map(job.function, items))
    else:
        with _make(candidate, job) as pool:
            results = list(_map(pool, job.function, items, candidate))
    return time.perf_counter() - began, results


def _start(job: Job, candidate: Candidate) -> float:
    """Return the seconds that a pool takes to be there, and to be gone."""
    began = time.monotonic()
    pool = _make(candidate, job)
    try:
        # What a worker needs to unpickle the function is its module: each of them has imported it then
        seen_s = max(first_seen(pool, candidate.workers, swallow, job.function).values())
        ready_s = max(0.0, min(seen_s, time.monotonic()) - began)  # the clock of another host is another one
        down = time.perf_counter()
        pool.shutdown()
        down_s = time.perf_counter() - down
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return ready_s + down_s


def _make(candidate: Candidate, job: Job) -> Executor:
    # Threads share what the caller has set up
    if job.setup is None or candidate.kind == "thread":
        return make(candidate.kind, candidate.workers)
    if reason := deviation(candidate.kind, Property.INITIALIZER):
        raise AdviseError(reason)
    return make(candidate.kind, candidate.workers, initializer=job.setup)


def _map(pool: Executor, function: Callable[[Any], Any], items: Iterable[Any], candidate: Candidate) -> Iterable[Any]:
    if candidate.chunksize > 1:
        return pool.map(function, items, chunksize=candidate.chunksize)
    return pool.map(function, items)
