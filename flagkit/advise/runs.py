"""Real runs: a job on a pool, cold; and a pilot, a short run from which a kind's costs for this function are known.

What is timed is what a program would do: make the pool, map the function over the items, shut the pool down.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from itertools import cycle, islice
from typing import Any

from flagkit.advise.pace import pace
from flagkit.advise.records import AdviseError, Candidate, PilotPlan
from flagkit.advise.sandbox import Tell
from flagkit.advise.target import Job, Target
from flagkit.executors import make
from flagkit.executors.properties import Property, deviation
from flagkit.executors.warming import first_seen
from flagkit.payloads import swallow

__all__ = ["pilot", "run_job"]

MOST_ROUNDS = 5

PilotTimes = tuple[float, tuple[float, ...], tuple[float, ...], float]
"""Start and shutdown, each round, the items alone after each round, and the pace."""


def run_job(tell: Tell, target: Target, candidate: Candidate, n: int | None) -> float:
    """Return the seconds that the whole job takes, pool included; in a process of its own, as any other program is."""
    tell("loads the function")
    job = target.load(tell)
    items = list(islice(cycle(job.items), n)) if n is not None else job.items
    tell(f"runs the job: {candidate}")
    began = time.perf_counter()
    if candidate.kind == "serial":
        kept = list(map(job.function, items))
    else:
        with _make(candidate, job) as pool:
            kept = list(_map(pool, job.function, items, candidate))
    took_s = time.perf_counter() - began
    del kept  # what a program does with its results, and when it lets go of them, is none of it
    return took_s


def pilot(tell: Tell, target: Target, plan: PilotPlan) -> PilotTimes:
    """Return what a pool of the candidate takes to start, and rounds of the items, warm, until the time is spent."""
    candidate = plan.candidate
    tell("loads the function")
    job = target.load(tell)
    tell(f"tries {candidate.kind}")
    items = [job.items[index] for index in plan.indices]
    began = time.monotonic()
    pool = _make(candidate, job)
    try:
        # What a worker needs to unpickle the function is its module: each of them has imported it then
        seen_s = max(first_seen(pool, candidate.workers, swallow, job.function).values())
        ready_s = max(0.0, min(seen_s, time.monotonic()) - began)  # the clock of another host is another one
        for future in [pool.submit(job.function, items[0]) for _ in range(candidate.workers)]:
            future.result()
        job.function(items[0])  # what a first call takes longer, workers have behind them too
        rounds_s: list[float] = []
        alone_s: list[float] = []
        while len(rounds_s) < MOST_ROUNDS and (not rounds_s or sum(rounds_s) + sum(alone_s) < plan.budget_s):
            round_began = time.perf_counter()
            kept = list(_map(pool, job.function, items, candidate))
            rounds_s.append(time.perf_counter() - round_began)
            del kept
            alone_began = time.perf_counter()
            kept = list(map(job.function, items[: plan.alone]))
            alone_s.append(time.perf_counter() - alone_began)
            del kept
        down = time.perf_counter()
        pool.shutdown()
        down_s = time.perf_counter() - down
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return ready_s + down_s, tuple(rounds_s), tuple(alone_s), pace()


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
