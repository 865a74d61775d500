"""Work whose threads meet at one object, and the same work on an object for each: what sharing itself costs.

For threads alone: what other workers share is a copy, or nothing. A job is a function without arguments that does its
operations and returns what it has counted; `Contended.check` knows what all of them together have to find.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from flagkit.work.workload import WrongAnswerError

__all__ = ["CONTENDED", "OPERATIONS", "Contended"]

OPERATIONS = 5_000
"""What each job does in one call."""
KEYS = 64

Job: TypeAlias = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Contended:
    """`shared(n)` makes jobs for n threads that meet at one object; `independent(n)` the same with one object each."""

    name: str
    summary: str
    shared: Callable[[int], list[Job]]
    independent: Callable[[int], list[Job]]

    def check(self, counts: Sequence[int]) -> None:
        """Raise WrongAnswerError unless every job has counted its operations."""
        if list(counts) != [OPERATIONS] * len(counts):
            raise WrongAnswerError(f"{self.name}: expected {OPERATIONS} of each job, found {list(counts)}")


def _dict_job(table: dict[int, int], first: int) -> Job:
    def count() -> int:
        found = 0
        for number in range(first, first + OPERATIONS):
            key = number % KEYS
            table[key] = number
            found += key in table
        return found

    return count


class _Counter:
    """A count behind a lock, as programs have them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value = 0


def _counter_job(counter: _Counter) -> Job:
    def count() -> int:
        mine = 0
        for _ in range(OPERATIONS):
            with counter.lock:
                counter.value += 1
                mine += 1
        return mine

    return count


class _Plain:
    value = 1


class _Local(threading.local):
    value = 1


def _reading_job(holder: _Plain | _Local) -> Job:
    def count() -> int:
        total = 0
        for _ in range(OPERATIONS):
            total += holder.value
        return total

    return count


def _shared_dict(threads: int) -> list[Job]:
    table: dict[int, int] = {}
    return [_dict_job(table, number) for number in range(threads)]


def _shared_counter(threads: int) -> list[Job]:
    counter = _Counter()
    return [_counter_job(counter) for _ in range(threads)]


def _one_thread_local(threads: int) -> list[Job]:
    local = _Local()
    return [_reading_job(local) for _ in range(threads)]


CONTENDED: Mapping[str, Contended] = MappingProxyType(
    {
        contended.name: contended
        for contended in (
            Contended(
                "dict",
                "writes to one dict and looks into it, as against a dict for each thread",
                _shared_dict,
                lambda threads: [_dict_job({}, number) for number in range(threads)],
            ),
            Contended(
                "counter",
                "counts up behind one lock, as against a lock and a counter for each thread",
                _shared_counter,
                lambda threads: [_counter_job(_Counter()) for _ in range(threads)],
            ),
            Contended(
                "thread-local",
                "reads an attribute of one threading.local, as against a plain object for each thread",
                _one_thread_local,
                lambda threads: [_reading_job(_Plain()) for _ in range(threads)],
            ),
        )
    },
)
