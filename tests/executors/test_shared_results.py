"""The queue that the results of the shared executor come by: whole, whoever writes and whoever is killed."""

import fcntl
import multiprocessing
import os
import signal
import sys
import termios
import time
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import missing

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

from flagkit.executors.shared.results import ResultQueue
from flagkit.executors.shared.semaphores import Lock

FORK = multiprocessing.get_context("fork")
LARGE_BYTES = 300_000
"""Several times what a pipe holds."""


def wait_until_full(queue: ResultQueue) -> None:
    """Wait until the pipe holds all it can: whoever sends a large item is in the middle of it then."""
    deadline = time.monotonic() + 30
    while int.from_bytes(fcntl.ioctl(queue._reader.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder) < 60_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def put_often(queue: ResultQueue, mark: int, sizes: list[int]) -> None:
    """Send items of several sizes, all of one mark."""
    for size in sizes:
        queue.put((mark, bytes([mark]) * size))


def test_items_of_several_writers_arrive_whole() -> None:
    """What processes send at once, small, as large as the pipe, and larger, is not mixed up."""
    queue = ResultQueue(Lock())
    sizes = [10, 4_000, 65_400, 65_536, LARGE_BYTES] * 10
    writers = [FORK.Process(target=put_often, args=(queue, mark, sizes)) for mark in (1, 2, 3)]
    for writer in writers:
        writer.start()
    arrived: Counter[tuple[int, int]] = Counter()
    for _ in range(len(sizes) * len(writers)):
        mark, data = queue._reader.recv()
        assert data == bytes([mark]) * len(data)
        arrived[mark, len(data)] += 1
    assert arrived == {(mark, size): 10 for mark in (1, 2, 3) for size in sizes[:5]}
    for writer in writers:
        writer.join(10)
        assert writer.exitcode == 0
    queue.close()


def test_a_writer_killed_in_the_middle_is_the_end() -> None:
    """Of an item whose writer was killed on the way the reader says so within seconds, instead of waiting for ever."""
    queue = ResultQueue(Lock())
    writer = FORK.Process(target=put_often, args=(queue, 1, [LARGE_BYTES]))
    writer.start()
    wait_until_full(queue)
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join(10)
    with pytest.raises(EOFError, match="a worker has ended while it sent a result"):
        queue._reader.recv()
    queue.close()


def test_nobody_goes_on_after_a_writer_killed_in_the_middle() -> None:
    """A writer that waited for the one that was killed ends instead: its item would be taken for the other's rest."""
    queue = ResultQueue(Lock())
    killed, waiting = (FORK.Process(target=put_often, args=(queue, mark, [LARGE_BYTES])) for mark in (1, 2))
    killed.start()
    wait_until_full(queue)
    waiting.start()
    os.kill(killed.pid or 0, signal.SIGKILL)
    with pytest.raises(EOFError, match="a worker has ended while it sent a result"):
        queue._reader.recv()
    for process, status in ((killed, -signal.SIGKILL), (waiting, 1)):
        process.join(10)
        assert process.exitcode == status
    queue.close()


def test_a_slow_writer_is_waited_for() -> None:
    """A writer that is stopped in the middle of an item for longer than the reader waits at a time is not given up."""
    queue = ResultQueue(Lock())
    writer = FORK.Process(target=put_often, args=(queue, 1, [LARGE_BYTES]))
    writer.start()
    wait_until_full(queue)
    os.kill(writer.pid or 0, signal.SIGSTOP)
    resume = FORK.Process(target=resume_after, args=(writer.pid, 1.5))
    resume.start()
    assert queue._reader.recv() == (1, b"\1" * LARGE_BYTES)
    for process in (writer, resume):
        process.join(10)
    queue.close()


def test_a_pool_whose_worker_is_killed_as_it_sends_is_broken() -> None:
    """A kill in the middle of a result that goes through the pipe breaks the pool, which is no hang."""
    with SharedMemoryExecutor(1, FORK, min_bytes=1 << 40) as pool:
        victim = pool.submit(os.getpid).result(timeout=30)
        futures: tuple[Any, ...] = (pool.submit(bytes, 100_000_000), pool.submit(int))
        queue: Any = pool._result_queue
        deadline = time.monotonic() + 30
        while queue._lock.is_free:
            assert time.monotonic() < deadline
        os.kill(victim, signal.SIGKILL)
        for future in futures:
            with pytest.raises(BrokenProcessPool):
                future.result(timeout=30)


def resume_after(process: int, delay_s: float) -> None:
    """Let a stopped process go on."""
    time.sleep(delay_s)
    os.kill(process, signal.SIGCONT)
