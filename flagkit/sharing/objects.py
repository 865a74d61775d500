"""Media that are an object which both sides use: locks, values, memory, proxies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from flagkit.crew import Crew
from flagkit.sharing.exchanges import Use, message
from flagkit.sharing.peers import SPAWN, peer
from flagkit.work import CONTENDED
from flagkit.work.contention import OPERATIONS

__all__ = [
    "PEERS",
    "PROXY_TIMES",
    "TIMES",
    "array",
    "contended_counter",
    "contended_value",
    "lock",
    "manager",
    "plain_dict",
]

TIMES = 1_000
PROXY_TIMES = 10
PEERS = 2


def _repeat(operation: Callable[[], object]) -> object:
    for _ in range(TIMES):
        operation()
    return TIMES


@contextmanager
def lock(make: Callable[[], Any], _: int) -> Iterator[Use]:
    """Make a lock that nobody else wants."""
    made = make()

    def take() -> None:
        with made:
            pass

    yield partial(_repeat, take)


def _count_up(value: Any, connection: Any) -> None:
    while connection.recv_bytes():
        for _ in range(OPERATIONS):
            with value.get_lock():
                value.value += 1
        connection.send_bytes(b"done")


@contextmanager
def contended_value(_: int) -> Iterator[Use]:
    """Make a value behind its lock, counted up here and by a process at once."""
    value = SPAWN.Value("q", 0)
    ours, theirs = SPAWN.Pipe()

    def count() -> object:
        before = value.value
        ours.send_bytes(b"count")
        for _ in range(OPERATIONS):
            with value.get_lock():
                value.value += 1
        ours.recv_bytes()
        return value.value - before

    with ours, theirs, peer(_count_up, value, theirs, end=lambda: ours.send_bytes(b""), theirs=[theirs]):
        yield count


@contextmanager
def contended_counter(_: int) -> Iterator[Use]:
    """Make a counter behind a lock, counted up by threads at once."""
    jobs = CONTENDED["counter"].shared(PEERS)
    with Crew(PEERS) as crew:
        yield lambda: sum(crew.run(jobs))


@contextmanager
def array(make: Callable[[int], Any], size_bytes: int) -> Iterator[Use]:
    """Make memory that is written and read."""
    held = memoryview(make(size_bytes)).cast("B")
    payload = message(size_bytes)

    def write_and_read() -> object:
        held[:] = payload
        return bytes(held)

    yield write_and_read


@contextmanager
def manager(_: int) -> Iterator[Use]:
    """Make a dict of a manager's process."""
    with SPAWN.Manager() as serving:
        yield partial(_write_and_read, serving.dict())


@contextmanager
def plain_dict(_: int) -> Iterator[Use]:
    """Make a dict."""
    yield partial(_write_and_read, {})


def _write_and_read(table: Any) -> object:
    for number in range(PROXY_TIMES):
        table["key"] = number
    return table["key"] + 1
