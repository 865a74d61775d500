"""The queue that the results of the shared executor come by: whole, whoever sends and whoever is killed."""

import multiprocessing
import os
import select
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import missing

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

from flagkit.executors.shared.messages import AT_ONCE
from flagkit.executors.shared.results import ResultQueue

FORK = multiprocessing.get_context("fork")
LARGE_BYTES = 3_000_000
"""Several times what may be on the way."""


@pytest.fixture
def queue() -> Iterator[ResultQueue]:
    """Give a queue, and close it."""
    made = ResultQueue()
    yield made
    made.close()


def put_often(queue: ResultQueue, mark: int, sizes: list[int]) -> None:
    """Send items of several sizes, all of one mark."""
    for size in sizes:
        queue.put((mark, bytes([mark]) * size))


def arrival(queue: ResultQueue) -> Any:
    """Return the next item that is whole."""
    item = None
    while item is None:
        item = queue._reader.recv()
    return item


def is_waiting(queue: ResultQueue) -> bool:
    """Return whether a message is there."""
    return bool(select.select([queue._reader], [], [], 0)[0])


def test_calls_are_made_by_the_receiver_in_their_order(queue: ResultQueue) -> None:
    """Each when its turn comes, between items; for the receiver they are no item."""
    made: list[int] = []
    sender = threading.Thread(target=queue.call, args=(lambda: made.append(threading.get_ident()),))
    sender.start()
    sender.join()
    queue.put("item")
    queue.call(lambda: made.append(2))
    assert [queue._reader.recv(), made[:], queue._reader.recv()] == [None, [threading.get_ident()], "item"]
    assert len(made) == 1
    assert queue._reader.recv() is None
    assert made[1:] == [2]
    queue._reader.close()
    with pytest.raises(ConnectionError):
        queue.call(lambda: made.append(3))


def test_items_of_several_writers_arrive_whole(queue: ResultQueue) -> None:
    """What processes send at once, in one message or in many, is not mixed up."""
    sizes = [10, 4_000, 65_536, AT_ONCE - 100, AT_ONCE, LARGE_BYTES] * 10
    writers = [FORK.Process(target=put_often, args=(queue, mark, sizes)) for mark in (1, 2, 3)]
    for writer in writers:
        writer.start()
    arrived: Counter[tuple[int, int]] = Counter()
    for _ in range(len(sizes) * len(writers)):
        mark, data = arrival(queue)
        assert data == bytes([mark]) * len(data)
        arrived[mark, len(data)] += 1
    assert arrived == {(mark, size): 10 for mark in (1, 2, 3) for size in sizes[:6]}
    for writer in writers:
        writer.join(10)
        assert writer.exitcode == 0


def test_a_part_keeps_nobody_waiting(queue: ResultQueue) -> None:
    """The reader is done with a part at once, whose writer is stopped, and takes what others send; then the rest."""
    writer = FORK.Process(target=put_often, args=(queue, 1, [LARGE_BYTES]))
    writer.start()
    assert queue._reader.recv() is None
    os.kill(writer.pid or 0, signal.SIGSTOP)
    try:
        while is_waiting(queue):
            assert queue._reader.recv() is None
        other = FORK.Process(target=put_often, args=(queue, 2, [1, LARGE_BYTES]))
        other.start()
        assert arrival(queue) == (2, b"\2")
        assert arrival(queue) == (2, b"\2" * LARGE_BYTES)
    finally:
        os.kill(writer.pid or 0, signal.SIGCONT)
    assert arrival(queue) == (1, b"\1" * LARGE_BYTES)
    for process in (writer, other):
        process.join(10)
        assert process.exitcode == 0


def test_parts_of_a_killed_writer_harm_no_other(queue: ResultQueue) -> None:
    """What a killed writer has sent of its item is not taken for the beginning of another's."""
    killed, other = (FORK.Process(target=put_often, args=(queue, mark, [LARGE_BYTES])) for mark in (1, 2))
    killed.start()
    assert queue._reader.recv() is None
    os.kill(killed.pid or 0, signal.SIGKILL)
    other.start()
    assert arrival(queue) == (2, b"\2" * LARGE_BYTES)
    for process, status in ((killed, -signal.SIGKILL), (other, 0)):
        process.join(10)
        assert process.exitcode == status


def test_a_system_that_takes_less_at_once(queue: ResultQueue) -> None:
    """Where a message may not be that long, an item is sent in more of them."""
    with socket.socket(fileno=os.dup(queue._writer.fileno())) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, AT_ONCE // 8)
    writer = FORK.Process(target=put_often, args=(queue, 1, [100, AT_ONCE - 100, LARGE_BYTES]))
    writer.start()
    assert [len(arrival(queue)[1]) for _ in range(3)] == [100, AT_ONCE - 100, LARGE_BYTES]
    writer.join(10)
    assert writer.exitcode == 0


def test_a_writer_whose_reader_is_gone_ends(queue: ResultQueue) -> None:
    """As a worker does whose parent has ended."""

    def put_alone() -> None:
        queue._reader.close()
        while True:
            queue.put(1)

    writer = FORK.Process(target=put_alone)
    writer.start()
    queue._reader.close()
    writer.join(10)
    assert writer.exitcode == 1


@pytest.mark.parametrize("size", [AT_ONCE, 100_000_000])
def test_a_pool_whose_worker_is_killed_as_it_sends_is_broken(size: int) -> None:
    """A kill in the middle of a result that goes in parts breaks the pool, which is no hang."""
    with SharedMemoryExecutor(1, FORK, min_bytes=1 << 40) as pool:
        victim = pool.submit(os.getpid).result(timeout=30)
        queue: Any = pool._result_queue
        futures: tuple[Any, ...] = (pool.submit(sent_and_killed, size), pool.submit(int))
        deadline = time.monotonic() + 30
        while not queue._reader._parts and not futures[0].done():
            assert time.monotonic() < deadline
        os.kill(victim, signal.SIGKILL)
        for future in futures:
            with pytest.raises(BrokenProcessPool):
                future.result(timeout=30)


def sent_and_killed(size: int) -> Any:
    """Return a result whose last part is never sent: this worker stops itself once the first one is."""
    return Stopping(size)


class Stopping:
    """Bytes whose sender does not come to the end."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __reduce__(self) -> tuple[Any, ...]:
        writev = os.writev

        def once(descriptor: int, pieces: Any) -> int:
            written = writev(descriptor, pieces)
            os.kill(os.getpid(), signal.SIGSTOP)
            return written

        os.writev = once
        return bytes, (bytes(self._size),)
