"""Media that carry a message to a peer and back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from typing import Any, TypeAlias, cast

from flagkit.sharing.peers import SPAWN, peer

__all__ = ["Use", "message", "pipe", "process_queues", "shared_memory", "thread_queues"]

Use: TypeAlias = Callable[[], object]


def message(size_bytes: int) -> bytes:
    """Return what is sent."""
    return bytes(size_bytes)


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
def process_queues(make: Callable[[], Any], size_bytes: int) -> Iterator[Use]:
    """Make two queues and a process that puts back what it gets."""
    there, back = make(), make()
    there._ignore_epipe = True  # noqa: SLF001 - a peer that dies is told of by `get`, and by no thread of a Queue
    theirs = there._reader, back._writer  # noqa: SLF001 - which no queue closes by itself
    try:
        with peer(_echo, there, back, end=lambda: there.put(None), theirs=theirs):
            yield _asking(there, back, size_bytes)
    finally:
        for one in (there, back):
            one.close()
            if hasattr(one, "join_thread"):
                one.join_thread()


@contextmanager
def thread_queues(make: Callable[[], Any], size_bytes: int) -> Iterator[Use]:
    """Make the same with a thread."""
    there, back = make(), make()
    thread = threading.Thread(target=_echo, args=(there, back), daemon=True)
    thread.start()
    yield _asking(there, back, size_bytes)
    there.put(None)
    thread.join()


@contextmanager
def pipe(size_bytes: int) -> Iterator[Use]:
    """Make a pipe and a process that sends back what it receives."""
    ours, theirs = SPAWN.Pipe()
    payload = message(size_bytes)

    def ask() -> object:
        ours.send_bytes(payload)
        return ours.recv_bytes()

    with ours, theirs, peer(_echo_pipe, theirs, end=lambda: ours.send_bytes(b""), theirs=[theirs]):
        yield ask


def _memory(segment: SharedMemory) -> memoryview:
    return cast("memoryview", segment.buf)  # None once it is closed


def _copy_out(name: str, connection: Any) -> None:
    segment = SharedMemory(name)
    while connection.recv_bytes():
        connection.send_bytes(str(len(bytes(_memory(segment)))).encode())
    segment.close()


@contextmanager
def shared_memory(size_bytes: int) -> Iterator[Use]:
    """Make a segment that is written here, announced by a pipe and copied out by a process."""
    ours, theirs = SPAWN.Pipe()
    payload = message(size_bytes)
    segment = SharedMemory(create=True, size=size_bytes)

    def hand_over() -> object:
        _memory(segment)[:size_bytes] = payload
        ours.send_bytes(b"read")
        copied_bytes = int(ours.recv_bytes())
        return payload if copied_bytes >= size_bytes else copied_bytes  # a segment may be rounded up to pages

    try:
        with ours, theirs, peer(_copy_out, segment.name, theirs, end=lambda: ours.send_bytes(b""), theirs=[theirs]):
            yield hand_over
    finally:
        segment.close()
        segment.unlink()
