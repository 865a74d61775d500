"""The queue of the shared executor's calls: small ones at once, others by a thread, long ones by a pipe; in order."""

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
from dataclasses import dataclass
from queue import Full
from typing import Any

import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import missing

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

from flagkit.executors.shared.calls import CallQueue
from flagkit.executors.shared.messages import AT_ONCE
from flagkit.executors.shared.tasks import Named

FORK = multiprocessing.get_context("fork")
LARGE_BYTES = 3_000_000
PLACES = 1000


@dataclass
class Call:
    """What the executor puts: a function, and here a number and bytes."""

    fn: Any
    number: int = 0
    data: bytes = b""


class Refusing:
    """What cannot be pickled."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error or RuntimeError("no")

    def __reduce__(self) -> Any:
        raise self._error


class Slow:
    """What takes a while to be pickled: until `may_go` is set."""

    may_go = threading.Event()

    def __reduce__(self) -> Any:
        assert self.may_go.wait(30)
        return int, ()


@pytest.fixture
def failed() -> list[tuple[BaseException, Any]]:
    """Give the list of calls that could not be pickled."""
    return []


@pytest.fixture
def calls(failed: list[tuple[BaseException, Any]]) -> Iterator[CallQueue]:
    """Give a queue, and close it."""
    queue = CallQueue(PLACES, lambda error, call: failed.append((error, call)))
    yield queue
    queue._terminate_broken()
    if queue._feeder is not None:
        queue._feeder.join(30)


def small(number: int = 0, data: bytes = b"") -> Call:
    """Return a call that may be sent at once."""
    return Call(Named("builtins", "int"), number, data)


def is_waiting(calls: CallQueue) -> bool:
    """Return whether a message is there."""
    return bool(select.select([calls._reader._messages], [], [], 0)[0])


def take(calls: CallQueue, taken: Any) -> None:
    """Take calls until there is None."""
    while (call := calls.get(block=True)) is not None:
        assert call.data == bytes([call.number % 256]) * len(call.data)
        taken.put((call.number, len(call.data)))
    taken.put(None)


def test_each_call_arrives_once(calls: CallQueue) -> None:
    """Calls of all lengths, of which some need the pipe, reach one of several workers each, and are whole."""
    taken = FORK.SimpleQueue()
    workers = [FORK.Process(target=take, args=(calls, taken)) for _ in range(3)]
    for worker in workers:
        worker.start()
    sizes = [10, AT_ONCE - 1000, AT_ONCE, LARGE_BYTES, 0] * 20
    for number, size in enumerate(sizes):
        function: Any = int if number % 3 else Named("builtins", "int")
        calls.put(Call(function, number, bytes([number % 256]) * size))
    for _ in workers:
        calls.put_nowait(None)
    arrived: Counter[tuple[int, int]] = Counter()
    ended = 0
    while ended < len(workers):
        item = taken.get()
        if item is None:
            ended += 1
        else:
            arrived[item] += 1
    assert arrived == Counter(enumerate(sizes))
    for worker in workers:
        worker.join(10)
        assert worker.exitcode == 0


def test_a_small_call_is_sent_at_once(calls: CallQueue) -> None:
    """It is there when `put` returns, by no other thread."""
    calls.put(small(1))
    assert is_waiting(calls)
    assert calls._feeder is None
    assert calls.get(block=True).number == 1


def test_a_small_call_overtakes_none(calls: CallQueue) -> None:
    """While one before it is still being pickled, it stands in line; afterwards the next is sent at once again."""
    Slow.may_go.clear()
    calls.put(Call(Slow(), 1))
    calls.put(small(2))
    calls.put(None)
    assert not is_waiting(calls)
    Slow.may_go.set()
    assert [calls.get(block=True).number for _ in range(2)] == [1, 2]
    assert calls.get(block=True) is None
    deadline = time.monotonic() + 30
    while calls._fed < calls._stood_in_line:
        assert time.monotonic() < deadline
    calls.put(small(3))
    assert is_waiting(calls)


def test_without_room_a_call_waits_in_line(calls: CallQueue) -> None:
    """The executor's thread is not kept where nobody receives, and all arrive in their order."""
    numbers = range(200)
    for number in numbers:
        calls.put(small(number, bytes(10_000)))
    assert calls._feeder is not None
    assert [calls.get(block=True).number for _ in numbers] == list(numbers)


@pytest.mark.parametrize("error", [RuntimeError("no"), BrokenPipeError("not the queue's")], ids=["any", "broken pipe"])
def test_what_cannot_be_pickled_is_told(
    calls: CallQueue, failed: list[tuple[BaseException, Any]], error: Exception
) -> None:
    """Such a call fails alone, whatever it raises: its place is free again, and the next one arrives."""
    refused = Call(Refusing(error))
    calls.put(refused)
    calls.put(small(2))
    assert calls.get(block=True).number == 2
    assert failed == [(error, refused)]


def test_places(failed: list[tuple[BaseException, Any]]) -> None:
    """No more calls than that are on the way; one that is received, or fails, makes place."""
    queue = CallQueue(2, lambda error, call: failed.append((error, call)))
    queue.put(small(1))
    queue.put_nowait(small(2))
    assert queue.full()
    with pytest.raises(Full):
        queue.put_nowait(small(3))
    assert queue.get(block=True).number == 1
    assert not queue.full()
    queue.put(Call(Refusing()))
    queue.put(small(4))
    assert [queue.get(block=True).number for _ in range(2)] == [2, 4]
    queue.close()
    queue.join_thread()
    assert queue._feeder is not None
    assert not queue._feeder.is_alive()


def test_the_end_of_the_parent_is_the_end(calls: CallQueue) -> None:
    """A worker that has not the parent's end open receives what was sent before that was closed, then None."""
    calls.put(small(1))
    calls._sender.close()
    assert calls.get(block=True).number == 1
    assert calls.get(block=True) is None


def test_a_broken_pool_does_not_wait_for_what_cannot_be_pickled() -> None:
    """Pickling, or telling of what fails, may wait for whatever the executor has while it ends."""
    lock = threading.Lock()
    is_telling = threading.Event()

    def failed(*_: Any) -> None:
        is_telling.set()
        with lock:
            pass

    queue = CallQueue(PLACES, failed)
    with lock:
        queue.put(Call(Refusing()))
        assert is_telling.wait(30)
        queue._terminate_broken()
    assert queue._feeder is not None
    queue._feeder.join(30)
    assert not queue._feeder.is_alive()


@pytest.mark.parametrize("unread", [False, True])
def test_calls_to_nobody_end_the_feeder(calls: CallQueue, failed: list[Any], unread: bool) -> None:  # noqa: FBT001
    """It is no failure of a call, whether there were others that nobody has received or not."""
    if unread:
        calls.put(small(1))
    calls._reader.close()
    calls.put(Call(int, 2))
    assert calls._feeder is not None
    calls._feeder.join(30)
    assert not calls._feeder.is_alive()
    calls.put(small(3))
    assert not failed


def test_a_system_that_takes_less_at_once(calls: CallQueue) -> None:
    """Where a message may not be that long, the pipe is taken earlier."""
    with socket.socket(fileno=os.dup(calls._sender._messages.fileno())) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, AT_ONCE // 8)
    calls.put(small(1, bytes(AT_ONCE - 1000)))
    assert len(calls.get(block=True).data) == AT_ONCE - 1000


def test_a_pool_whose_worker_is_killed_as_it_receives_is_broken() -> None:
    """Further long calls wait for their turn, which does not come: the pool is broken all the same, and ends."""
    with SharedMemoryExecutor(1, FORK, min_bytes=1 << 40) as pool:
        victim = pool.submit(os.getpid).result(timeout=30)
        os.kill(victim, signal.SIGSTOP)
        futures = [pool.submit(len, bytes(LARGE_BYTES)) for _ in range(4)]
        deadline = time.monotonic() + 30
        while not pool._call_queue._sender._turn.is_zero:
            assert time.monotonic() < deadline
        os.kill(victim, signal.SIGKILL)
        for future in futures:
            with pytest.raises(BrokenProcessPool):
                future.result(timeout=30)
