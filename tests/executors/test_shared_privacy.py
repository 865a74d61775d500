"""SharedMemoryExecutor: what arrives is the receiver's own, for as long as it likes."""

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import forks, leases, memory, missing
from flagkit.executors.shared.pool import MemoryPool
from flagkit.payloads import echo

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

SIZE = 50_000
KEPT: list[Any] = []


@pytest.fixture
def pool() -> Iterator[SharedMemoryExecutor]:
    """Give a pool of one worker that knows this module."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork")) as executor:
        yield executor


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def numbers(first: int = 0) -> Any:
    """Return an array of 400 kB."""
    return np.arange(first, first + SIZE, dtype=np.float64)


def written() -> memory.Memory:
    """Return memory that is mapped."""
    one = memory.Memory.create()
    one.reserve(SIZE)
    one.writable()[:4] = b"flag"
    return one


def status_of_child(function: Callable[[], object]) -> int:
    """Return the exit status of a forked child that calls a function and ends."""
    if (child := os.fork()) == 0:
        try:
            function()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def overwrite(array: Any) -> float:
    """Write to the argument, and return what was there."""
    before = float(array[0])
    array[:] = -1
    return before


def keep(array: Any) -> None:
    """Keep the argument for later tasks."""
    KEPT.append(array)


def keep_and_return(array: Any) -> Any:
    """Keep what the caller gets."""
    KEPT.append(array)
    return array


def sums_of_kept() -> list[float]:
    """Return what the kept arrays add up to by now."""
    return [float(array.sum()) for array in KEPT]


def write_to_kept() -> None:
    """Write to all that was kept."""
    for array in KEPT:
        array[:] = 0


def test_the_worker_writes_to_its_own_copy(pool: SharedMemoryExecutor) -> None:
    """A task that changes its argument changes nothing of the caller's, and the next task gets the caller's again."""
    sent = numbers()
    assert pool.submit(overwrite, sent).result() == 0
    assert np.array_equal(sent, numbers())
    assert pool.submit(overwrite, sent).result() == 0


def test_the_caller_writes_to_its_own_copy(pool: SharedMemoryExecutor) -> None:
    """An array that the worker keeps and returns is two arrays: neither sees what is written to the other."""
    received = pool.submit(keep_and_return, numbers()).result()
    received[:] = 7
    assert pool.submit(sums_of_kept).result() == [numbers().sum()]
    pool.submit(write_to_kept).result()
    assert np.all(received == 7)


def test_a_kept_argument_is_not_overwritten(pool: SharedMemoryExecutor) -> None:
    """Arrays that tasks keep are what they were after many more have come and gone."""
    for first in range(5):
        pool.submit(keep, numbers(first)).result()
        for other in range(5):
            pool.submit(echo, numbers(100 * other)).result()
    assert pool.submit(sums_of_kept).result() == [numbers(first).sum() for first in range(5)]


def test_a_kept_result_is_not_overwritten(pool: SharedMemoryExecutor) -> None:
    """Results that the caller keeps are what they were, whole or a slice of one."""
    results = [pool.submit(echo, numbers(first)).result() for first in range(5)]
    slices = [pool.submit(echo, numbers(first)).result()[10:20] for first in range(5)]
    for other in range(10):
        pool.submit(echo, numbers(100 * other)).result()
    for first in range(5):
        assert np.array_equal(results[first], numbers(first))
        assert np.array_equal(slices[first], numbers(first)[10:20])


def test_results_outlive_their_executor() -> None:
    """What was received stays when the pool, its workers and its memory are gone."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork")) as pool:
        result = pool.submit(echo, numbers()).result()
    del pool
    gc.collect()
    result += 1
    assert np.array_equal(result, numbers(1))


def test_results_arrive_though_their_executor_is_gone() -> None:
    """A future is enough to wait for the large result of a small call."""
    pool = SharedMemoryExecutor(1, multiprocessing.get_context("fork"))
    future = pool.submit(late_numbers, 1)
    manager: Any = pool._executor_manager_thread
    pool.shutdown(wait=False)
    del pool
    assert np.array_equal(future.result(timeout=30), numbers(1))
    manager.join(30)
    assert not manager.is_alive()


def late_numbers(first: int) -> Any:
    """Return an array after a while."""
    time.sleep(0.2)
    return numbers(first)


def test_any_number_of_results_can_be_kept(pool: SharedMemoryExecutor) -> None:
    """Hundreds of kept results cost no more descriptors than the limit of memory that is used in place."""
    before = descriptors()
    results = list(pool.map(echo, [numbers(first) for first in range(200)]))
    assert descriptors() - before < leases.LENT_AT_MOST + 20
    assert all(np.array_equal(result, numbers(first)) for first, result in enumerate(results))


def test_memory_is_reused(pool: SharedMemoryExecutor) -> None:
    """One round trip after the other, with the result dropped, needs no new memory after the first few."""
    for _ in range(5):
        pool.submit(echo, numbers()).result()
    created = next(memory._serial)
    for _ in range(20):
        pool.submit(echo, numbers()).result()
    assert next(memory._serial) == created + 1


def test_idle_memory_is_bounded(pool: SharedMemoryExecutor) -> None:
    """After many results have been kept and dropped, no more stays reserved than tasks in flight can use."""
    results = list(pool.map(echo, [numbers(first) for first in range(50)]))
    del results
    gc.collect()
    assert pool._home.memory.idle_bytes <= 6 * 1.25 * numbers().nbytes


def test_what_came_back_may_be_taken_by_another_thread() -> None:
    """A call takes memory while another takes the last that came back: each has its own."""
    pool = MemoryPool(keep=2)
    taken: list[memory.Memory | None] = []

    class Contended(deque[memory.Memory]):
        def popleft(self) -> memory.Memory:
            taken.append(pool.spare())
            return super().popleft()

    pool._returned = Contended()
    pool.put(one := memory.Memory.create())
    other = pool.take(1)
    assert taken == [one]
    assert other is not one


def test_a_fork_copies_what_was_received(pool: SharedMemoryExecutor) -> None:
    """After a fork, parent and child write to received arrays without seeing each other's writes."""
    result = pool.submit(echo, numbers()).result()
    ready, go = multiprocessing.get_context("fork").Pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - coverage does not follow it
        ready.close()
        result[0] = 1000
        go.send(float(result[0]))
        go.recv()
        os._exit(int(result[0] == 1000 and result[1] == 1))
    assert ready.recv() == 1000
    assert result[0] == 0
    result[1] = 2000
    ready.send(None)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert result[1] == 2000
    assert pool.submit(overwrite, numbers(3)).result() == 3


def test_a_task_that_forks_keeps_its_arguments(pool: SharedMemoryExecutor) -> None:
    """What a worker has received when it forks is not reused, as the child may read it still."""
    assert pool.submit(fork_and_read, numbers(5)).result(timeout=30) == numbers(5).sum()


def fork_and_read(array: Any) -> float:
    """Return what a forked child reads after the parent has overwritten its own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    written = context.Event()

    def child() -> None:
        written.wait()
        sender.send(float(array.sum()))

    process = context.Process(target=child)
    process.start()
    array[:] = 0
    written.set()
    total: float = receiver.recv()
    process.join()
    return total


def test_a_fork_in_the_middle_of_unmapping_unmaps_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come to that place meanwhile, in another thread, is not the child's to unmap: it would crash."""
    one = written()
    munmap = memory._libc.munmap
    statuses = []

    def unmap(address: int, size: int) -> None:
        munmap(address, size)
        monkeypatch.setattr(memory._libc, "munmap", lambda again, _: again == address and os._exit(1))
        statuses.append(status_of_child(one.close))

    monkeypatch.setattr(memory._libc, "munmap", unmap)
    one.close()
    monkeypatch.undo()
    assert statuses == [0]


def test_a_fork_leaves_memory_alone_that_is_about_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the last view has died another thread may unmap the memory: to map it anew could hit anything."""
    forks.follow()
    one = written()
    one.lend(lambda _: None).release()
    assert not one.is_lent
    monkeypatch.setitem(memory.lent, one.serial, one)  # as while that thread has not got there yet
    assert status_of_child(lambda: os._exit(one.is_lent or one._address > 0)) == 0
    one.writable()[:4] = b"kept"
    assert one.copy(0, 4) == b"kept"


def test_what_is_lent_during_a_fork_is_not_shared_with_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that arrives in another thread meanwhile waits for the fork, whose child could see what is written."""
    forks.follow()
    one = written()
    begun, views = threading.Event(), []

    def lend() -> None:
        begun.set()
        views.append(one.lend(lambda _: None))

    def look() -> None:
        thread.start()
        begun.wait()
        thread.join(0.2)

    thread = threading.Thread(target=lend)
    monkeypatch.setattr(memory, "lent", _Watched(look))
    assert status_of_child(lambda: None) == 0
    monkeypatch.undo()
    thread.join()
    assert not one.is_copied_by_fork  # it was lent after the fork
    assert bytes(views[0][:4]) == b"flag"


class _Watched(dict[int, Any]):
    """The table of what is lent, that calls a function when a fork goes through it."""

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look

    def values(self) -> Any:
        self._look()
        return super().values()


def test_memory_that_is_there_at_the_very_end_is_left_to_the_system() -> None:
    """When nothing of the module is left that could free it, nothing is said of it either."""
    code = "import builtins\nfrom flagkit.executors.shared.memory import Memory\nbuiltins.kept = Memory.create()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert done.stderr == ""


def test_many_threads_submit_at_once() -> None:
    """Threads that share a pool get their own results, large and small ones in turn."""
    wrong: list[tuple[int, int]] = []

    def use(pool: SharedMemoryExecutor, thread: int) -> None:
        for turn in range(10):
            sent = numbers(thread * 100 + turn)[: SIZE if turn % 2 else 10]
            if not np.array_equal(pool.submit(echo, sent).result(), sent):
                wrong.append((thread, turn))

    with SharedMemoryExecutor(2, multiprocessing.get_context("fork")) as pool:
        pool.submit(echo, 0).result()
        threads = [threading.Thread(target=use, args=(pool, thread)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
