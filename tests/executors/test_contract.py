"""What every executor kind must do: one suite, run on each kind that is available here.

The tasks come from the standard library, since every worker, of whatever start method, can import that.
"""

import math
import operator
import os
import time
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool

import pytest

from flagkit.executors import EXECUTORS, available, make, warm
from flagkit.work import WORKLOADS


@pytest.fixture(params=available())
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind that can run here."""
    return str(request.param)


def pool_of(kind: str) -> Executor:
    """Make a pool of two workers, or of the one that the kind has."""
    return make(kind, EXECUTORS[kind].max_workers or 2)


def test_results_arrive_through_futures(kind: str) -> None:
    """submit() returns a future with the result of the call, keyword arguments included."""
    with pool_of(kind) as pool:
        assert pool.submit(math.gcd, 12, 18).result(timeout=30) == 6
        assert pool.submit(int, "11", base=2).result(timeout=30) == 3


def test_map_keeps_the_order(kind: str) -> None:
    """map() yields results in the order of the items, whoever is first to finish."""
    with pool_of(kind) as pool:
        assert list(pool.map(operator.neg, range(20))) == [-n for n in range(20)]


def test_an_exception_is_the_futures(kind: str) -> None:
    """A task that raises leaves its exception in its own future, and the pool goes on."""
    with pool_of(kind) as pool:
        failed = pool.submit(operator.truediv, 1, 0)
        with pytest.raises(ZeroDivisionError):
            failed.result(timeout=30)
        assert pool.submit(operator.truediv, 1, 2).result(timeout=30) == 0.5


def test_nothing_is_taken_after_shutdown(kind: str) -> None:
    """A pool that is shut down refuses further tasks."""
    pool = pool_of(kind)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(math.gcd, 1, 1)


def test_shutdown_waits_for_what_is_pending(kind: str) -> None:
    """Leaving the context finishes what was submitted."""
    with pool_of(kind) as pool:
        futures = [pool.submit(time.sleep, 0.01) for _ in range(4)]
    assert all(future.done() and future.exception() is None for future in futures)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_workloads_give_the_serial_results(kind: str, workload: str) -> None:
    """Every workload gives the same results on this kind as in a plain loop, and those are the right ones."""
    work = WORKLOADS[workload]
    items = work.items[:4]
    with pool_of(kind) as pool:
        results = list(pool.map(work.function, items))
    assert results == [work.function(item) for item in items] == work.expected()[:4]


def test_warm_sees_every_worker(kind: str) -> None:
    """warm() returns as many different workers as the pool has, the caller's own for serial."""
    workers = EXECUTORS[kind].max_workers or 3
    with make(kind, workers) as pool:
        seen = warm(pool, workers, math.gcd, 2, 4)
        processes = {process for process, _ in seen}
        assert len(seen) == workers
        assert len(processes) == (workers if EXECUTORS[kind].family == "process" else 1)
        assert (os.getpid() in processes) == (EXECUTORS[kind].family != "process")


def test_a_killed_worker_breaks_its_pool(kind: str) -> None:
    """When a worker process dies, its task's future tells, and nothing hangs."""
    if EXECUTORS[kind].family != "process":
        pytest.skip(f"{kind} has no process that could die by itself")
    with pool_of(kind) as pool, pytest.raises(BrokenProcessPool):
        pool.submit(os._exit, 1).result(timeout=30)
