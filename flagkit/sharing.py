"""Ways to share with another process, each beside what threads have for the same: a registry of media.

`MEDIA["queue"].processes(1024)` is a `with` block whose value is a function: one call does the medium's operations with
a peer in another process (where it has one) and returns what `expected` says. `.threads(1024)` does the same inside
this process. A new medium is two such blocks and one line in `MEDIA`.
"""

import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.shared_memory import SharedMemory
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from flagkit.crew import Crew
from flagkit.work import CONTENDED
from flagkit.work.contention import OPERATIONS

__all__ = ["MEDIA", "Medium"]

Use: TypeAlias = Callable[[], object]
Block: TypeAlias = Callable[[int], AbstractContextManager[Use]]

TIMES = 1_000
PROXY_TIMES = 10
PEERS = 2
_SPAWN = multiprocessing.get_context("spawn")
"""Nothing of this process is copied to a peer, and no server process stays behind."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium: what one call does, how often, and with how many bytes (`sizes_bytes`; none where none are moved)."""

    name: str
    summary: str
    operations: int
    processes: Block
    threads: Block
    expected: Callable[[int], object]
    sizes_bytes: tuple[int, ...] = (0,)


def message(size_bytes: int) -> bytes:
    """Return what is sent."""
    return bytes(size_bytes)


@contextmanager
def _peer(target: Callable[..., None], *arguments: Any, end: Use) -> Iterator[None]:
    process = _SPAWN.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield
        end()
        process.join(5)
    finally:
        process.kill()
        process.join()
        process.close()


def _echo(source: Any, target: Any) -> None:
    """Put back what is got from a queue until None comes."""
    while (item := source.get()) is not None:
        target.put(item)


def _echo_pipe(connection: Any) -> None:
    while item := connection.recv_bytes():
        connection.send_bytes(item)


def _asking(there: Any, back: Any, size_bytes: int) -> Use:
    payload = message(size_bytes)

    def ask() -> object:
        there.put(payload)
        return back.get()

    return ask


@contextmanager
def _process_queues(make: Callable[[], Any], size_bytes: int) -> Iterator[Use]:
    there, back = make(), make()
    try:
        with _peer(_echo, there, back, end=lambda: there.put(None)):
            yield _asking(there, back, size_bytes)
    finally:
        for one in (there, back):
            one.close()
            if hasattr(one, "join_thread"):
                one.join_thread()


@contextmanager
def _thread_queues(make: Callable[[], Any], size_bytes: int) -> Iterator[Use]:
    there, back = make(), make()
    thread = threading.Thread(target=_echo, args=(there, back), daemon=True)
    thread.start()
    yield _asking(there, back, size_bytes)
    there.put(None)
    thread.join()


@contextmanager
def _pipe(size_bytes: int) -> Iterator[Use]:
    ours, theirs = _SPAWN.Pipe()
    payload = message(size_bytes)

    def ask() -> object:
        ours.send_bytes(payload)
        return ours.recv_bytes()

    with ours, theirs, _peer(_echo_pipe, theirs, end=lambda: ours.send_bytes(b"")):
        yield ask


def _memory(segment: SharedMemory) -> memoryview:
    return cast("memoryview", segment.buf)  # None once it is closed


def _copy_out(name: str, connection: Any) -> None:
    segment = SharedMemory(name)
    while connection.recv_bytes():
        connection.send_bytes(str(len(bytes(_memory(segment)))).encode())
    segment.close()


@contextmanager
def _shared_memory(size_bytes: int) -> Iterator[Use]:
    ours, theirs = _SPAWN.Pipe()
    payload = message(size_bytes)
    segment = SharedMemory(create=True, size=size_bytes)

    def hand_over() -> object:
        _memory(segment)[:size_bytes] = payload
        ours.send_bytes(b"read")
        copied_bytes = int(ours.recv_bytes())
        return payload if copied_bytes >= size_bytes else copied_bytes  # a segment may be rounded up to pages

    try:
        with ours, theirs, _peer(_copy_out, segment.name, theirs, end=lambda: ours.send_bytes(b"")):
            yield hand_over
    finally:
        segment.close()
        segment.unlink()


def _repeat(operation: Callable[[], object]) -> object:
    for _ in range(TIMES):
        operation()
    return TIMES


@contextmanager
def _lock(make: Callable[[], Any], _: int) -> Iterator[Use]:
    lock = make()

    def take() -> None:
        with lock:
            pass

    yield partial(_repeat, take)


def _count_up(value: Any, connection: Any) -> None:
    while connection.recv_bytes():
        for _ in range(OPERATIONS):
            with value.get_lock():
                value.value += 1
        connection.send_bytes(b"done")


@contextmanager
def _contended_value(_: int) -> Iterator[Use]:
    value = _SPAWN.Value("q", 0)
    ours, theirs = _SPAWN.Pipe()

    def count() -> object:
        before = value.value
        ours.send_bytes(b"count")
        for _ in range(OPERATIONS):
            with value.get_lock():
                value.value += 1
        ours.recv_bytes()
        return value.value - before

    with ours, theirs, _peer(_count_up, value, theirs, end=lambda: ours.send_bytes(b"")):
        yield count


@contextmanager
def _contended_counter(_: int) -> Iterator[Use]:
    jobs = CONTENDED["counter"].shared(PEERS)
    with Crew(PEERS) as crew:
        yield lambda: sum(crew.run(jobs))


@contextmanager
def _array(make: Callable[[int], Any], size_bytes: int) -> Iterator[Use]:
    held = memoryview(make(size_bytes)).cast("B")
    payload = message(size_bytes)

    def write_and_read() -> object:
        held[:] = payload
        return bytes(held)

    yield write_and_read


@contextmanager
def _manager(_: int) -> Iterator[Use]:
    with _SPAWN.Manager() as manager:
        yield partial(_write_and_read, manager.dict())


@contextmanager
def _plain_dict(_: int) -> Iterator[Use]:
    yield partial(_write_and_read, {})


def _write_and_read(table: Any) -> object:
    for number in range(PROXY_TIMES):
        table["key"] = number
    return table["key"] + 1


_SIZES_BYTES = (64, 1 << 20)
MEDIA: Mapping[str, Medium] = MappingProxyType(
    {
        medium.name: medium
        for medium in (
            Medium("queue", "there and back through two multiprocessing.Queues; threads: two queue.Queues",
                   1, partial(_process_queues, _SPAWN.Queue), partial(_thread_queues, queue.Queue), message,
                   _SIZES_BYTES),
            Medium("simple-queue", "through two multiprocessing.SimpleQueues; threads: two queue.SimpleQueues",
                   1, partial(_process_queues, _SPAWN.SimpleQueue), partial(_thread_queues, queue.SimpleQueue), message,
                   _SIZES_BYTES),
            Medium("pipe", "through a multiprocessing.Pipe; threads: two queue.SimpleQueues",
                   1, _pipe, partial(_thread_queues, queue.SimpleQueue), message, _SIZES_BYTES),
            Medium("shared-memory", "written to shared memory, announced by a pipe, copied out; threads: SimpleQueues",
                   1, _shared_memory, partial(_thread_queues, queue.SimpleQueue), message, (1 << 20,)),
            Medium("array", "a multiprocessing.RawArray written and read; threads: a bytearray",
                   1, partial(_array, partial(_SPAWN.RawArray, "B")), partial(_array, bytearray), message, (1 << 16,)),
            Medium("lock", "a multiprocessing.Lock that nobody else wants, taken; threads: a threading.Lock",
                   TIMES, partial(_lock, _SPAWN.Lock), partial(_lock, threading.Lock), lambda _: TIMES),
            Medium("value", "a multiprocessing.Value counted up by two processes at once; threads: two, one lock",
                   PEERS * OPERATIONS, _contended_value, _contended_counter, lambda _: PEERS * OPERATIONS),
            Medium("manager", "a manager's dict, written ten times and read; threads: a dict",
                   PROXY_TIMES + 1, _manager, _plain_dict, lambda _: PROXY_TIMES),
        )
    },
)  # fmt: skip
