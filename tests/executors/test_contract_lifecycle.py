"""What every executor kind must do from its start to its end, and when a worker dies: each test has its own pool."""

import math
import operator
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.instrument import leaks
from flagkit.executors import EXECUTORS, warm
from flagkit.executors.properties import Property

MakePool = Callable[..., Executor]

NOTE_INITIALIZER = "import builtins; builtins.flag = 'up'"


@pytest.fixture(scope="module", autouse=True)
def quick_clusters(kind: str) -> Iterator[None]:
    """Have Dask's workers forked from a server that has imported what they need: by spawn each takes seconds for it."""
    if kind != "dask" or sys.platform == "win32":
        yield
        return
    from multiprocessing import forkserver  # noqa: PLC0415 - Windows has none

    import dask  # noqa: PLC0415 - not everywhere is the extra installed
    import distributed  # noqa: F401, PLC0415 - its own settings have to be there before one is set, or go with it

    server: Any = forkserver._forkserver
    server._stop()  # that of other kinds has imported nothing
    try:
        with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
            yield
    finally:
        server._stop()
        server.set_forkserver_preload(["__main__"])


@pytest.mark.property(Property.SHUTDOWN_WAITS)
@pytest.mark.parametrize("by", ["with", "shutdown"])
def test_shutdown_waits_for_what_is_pending(make_pool: MakePool, by: str) -> None:
    """Leaving the context, and shutting down, finishes what was submitted."""
    pool = make_pool()
    if by == "with":
        with pool:
            futures = [pool.submit(time.sleep, 0.02) for _ in range(6)]
    else:
        futures = [pool.submit(time.sleep, 0.02) for _ in range(6)]
        pool.shutdown()
    assert all(future.done() and future.exception() is None for future in futures)
    pool.shutdown()  # a second time does nothing


@pytest.mark.property(Property.SHUTDOWN_NO_WAIT)
def test_shutdown_need_not_wait(make_pool: MakePool) -> None:
    """shutdown(wait=False) returns while a task is running, and what was submitted is finished nevertheless."""
    pool = make_pool()
    warm(pool, 2)
    futures = [pool.submit(time.sleep, 0.5) for _ in range(3)]
    pool.shutdown(wait=False)
    assert not futures[-1].done()
    done, late = wait(futures, timeout=30)
    assert not late
    assert [future.exception() for future in done] == [None] * 3


@pytest.mark.property(Property.SHUTDOWN_CANCELS)
def test_shutdown_can_cancel(make_pool: MakePool) -> None:
    """shutdown(cancel_futures=True) cancels tasks that wait, and lets that finish which runs."""
    pool = make_pool()
    warm(pool, 2)
    futures = [pool.submit(time.sleep, 0.3) for _ in range(20)]
    try:
        while not futures[0].running():
            assert not futures[0].done()
            time.sleep(0.01)
    finally:
        pool.shutdown(cancel_futures=True)
    assert all(future.done() for future in futures)
    assert futures[-1].cancelled()
    assert not futures[0].cancelled()
    assert futures[0].exception() is None


@pytest.mark.property(Property.SHUT)
def test_nothing_is_taken_after_shutdown(make_pool: MakePool) -> None:
    """A pool that is shut down refuses further tasks, whether it has been used or not."""
    unused, used = make_pool(), make_pool()
    used.submit(math.gcd, 1, 1).result(timeout=30)
    for pool in (unused, used):
        pool.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(math.gcd, 1, 1)
        with pytest.raises(RuntimeError, match="after shutdown"):
            list(pool.map(math.sqrt, [1]))


@pytest.mark.property(Property.INITIALIZER)
def test_an_initializer_runs_in_every_worker(make_pool: MakePool) -> None:
    """The initializer, with its arguments, has run in each worker before the worker's first task."""
    with make_pool(initializer=exec, initargs=(NOTE_INITIALIZER, {})) as pool:
        warm(pool, 2)
        assert [pool.submit(eval, "flag", {}).result(timeout=30) for _ in range(6)] == ["up"] * 6


@pytest.mark.property(Property.INITIALIZER_FAILS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_initializer_that_fails_breaks_the_pool(make_pool: MakePool, patience_s: float) -> None:
    """Where the initializer raises, futures have a BrokenExecutor and so do later tasks; nothing hangs."""
    pool = make_pool(initializer=exec, initargs=("1 / 0", {}))
    try:
        with pytest.raises(BrokenExecutor):
            pool.submit(math.gcd, 1, 1).result(timeout=patience_s)
        with pytest.raises(BrokenExecutor):
            pool.submit(math.gcd, 1, 1).result(timeout=patience_s)
    finally:
        pool.shutdown()


@pytest.mark.property(Property.KILLED)
def test_a_killed_worker_breaks_its_pool(make_pool: MakePool, patience_s: float) -> None:
    """When a worker process dies in mid-task, its future tells, and so does every later task; nothing hangs."""
    with make_pool() as pool:
        victim = min(process for process, _ in warm(pool, 2))
        futures = [pool.submit(time.sleep, 2) for _ in range(2)]
        time.sleep(0.1)
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(BrokenExecutor):
            [future.result(timeout=patience_s) for future in futures]
        with pytest.raises(BrokenExecutor):
            pool.submit(math.gcd, 1, 1).result(timeout=patience_s)


@pytest.mark.property(Property.MAX_TASKS)
def test_workers_are_replaced_after_their_tasks(make_pool: MakePool) -> None:
    """With max_tasks_per_child a process ends after so many tasks, and another goes on."""
    with make_pool(1, max_tasks_per_child=2) as pool:
        processes = [pool.submit(os.getpid).result(timeout=30) for _ in range(6)]
    assert processes[0::2] == processes[1::2]
    assert len(set(processes)) == 3


@pytest.mark.property(Property.TWO_POOLS)
def test_two_pools_do_not_disturb_each_other(make_pool: MakePool) -> None:
    """Of two pools at once each has its own workers, and one goes on when the other is shut down."""
    with make_pool() as one:
        with make_pool() as other:
            assert one.submit(math.gcd, 4, 6).result(timeout=30) == 2
            assert other.submit(math.gcd, 6, 9).result(timeout=30) == 3
        assert one.submit(math.gcd, 4, 6).result(timeout=30) == 2


def test_warm_sees_every_worker(kind: str, make_pool: MakePool) -> None:
    """warm() returns as many different workers as the pool has, the caller's own for serial."""
    spec = EXECUTORS[kind.removeprefix("trace(").removesuffix(")")]
    workers = min(3, spec.max_workers or 3)
    with make_pool(workers) as pool:
        seen = warm(pool, workers, math.gcd, 2, 4)
    processes = {process for process, _ in seen}
    assert len(seen) == workers
    has_processes = spec.family in ("process", "cluster")
    assert len(processes) == (workers if has_processes else 1)
    assert (os.getpid() in processes) != has_processes


@pytest.mark.property(Property.NOTHING_LEFT)
def test_nothing_is_left(make_pool: MakePool, patience_s: float) -> None:
    """Ten seconds after its shutdown at most, nothing is left of a pool that has done and cancelled tasks."""
    assert left_by(make_pool, use, min(patience_s, 10)) == []


@pytest.mark.property(Property.NOTHING_LEFT_KILLED)
def test_nothing_is_left_of_a_broken_pool(make_pool: MakePool, patience_s: float) -> None:
    """Nor is anything left of a pool of which a worker was killed."""
    assert left_by(make_pool, partial(use, kill=True), min(patience_s, 10)) == []


def use(pool: Executor, *, kill: bool = False) -> None:
    """Give a pool various work, a task that fails included, and kill a worker in the midst of it."""
    ((victim, _),) = warm(pool, 1)
    futures: list[Future[Any]] = [pool.submit(bytes, 2_000_000) for _ in range(4)]
    if kill:  # a peer waits for ever for the rest of a result whose worker was killed as it sent it
        wait(futures, timeout=30)
    futures += [
        pool.submit(time.sleep, 0.2),
        pool.submit(time.sleep, 0.2),
        pool.submit(operator.truediv, 1, 0),
    ]
    if kill:
        time.sleep(0.05)
        os.kill(victim, signal.SIGKILL)
    wait(futures, timeout=30)


def left_by(make_pool: MakePool, work: Callable[[Executor], Any], within_s: float) -> list[str]:
    """Return what is left of a pool; what the first pool of a process starts for all that follow is not counted."""
    for _ in range(2):
        before, descriptors = leaks.take(None), open_descriptors()
        with make_pool() as pool:
            work(pool)
        del pool
        left = [str(one) for one in leaks.remaining(lambda: leaks.take(None) - before, within_s)]  # noqa: B023 - called at once
    deadline = time.monotonic() + within_s
    while (more := open_descriptors() - descriptors) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [*left, *(f"file descriptor {number}" for number in sorted(more))]


def open_descriptors() -> set[int]:
    """Return the file descriptors of this process, where the system shows them (Linux)."""
    own = Path("/proc/self/fd")
    return {int(link.name) for link in own.iterdir()} if sys.platform == "linux" else set()
