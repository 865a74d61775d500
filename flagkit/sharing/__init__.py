"""Ways to share with another process, each beside what threads have for the same: a registry of media.

`MEDIA["queue"].processes(1024)` is a `with` block whose value is a function: one call does the medium's operations with
a peer in another process (where it has one) and returns what `expected` says. `.threads(1024)` does the same inside
this process. A new medium is two such blocks and one line in `MEDIA`.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from flagkit.sharing import exchanges, objects
from flagkit.sharing.exchanges import Use
from flagkit.sharing.peers import SPAWN
from flagkit.work.contention import OPERATIONS

__all__ = ["MEDIA", "Medium"]

Block: TypeAlias = Callable[[int], AbstractContextManager[Use]]


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


_SIZES_BYTES = (64, 1 << 20)
MEDIA: Mapping[str, Medium] = MappingProxyType(
    {
        medium.name: medium
        for medium in (
            Medium(
                "queue",
                "there and back through two multiprocessing.Queues; threads: two queue.Queues",
                1,
                partial(exchanges.process_queues, SPAWN.Queue),
                partial(exchanges.thread_queues, queue.Queue),
                exchanges.message,
                _SIZES_BYTES,
            ),
            Medium(
                "simple-queue",
                "through two multiprocessing.SimpleQueues; threads: two queue.SimpleQueues",
                1,
                partial(exchanges.process_queues, SPAWN.SimpleQueue),
                partial(exchanges.thread_queues, queue.SimpleQueue),
                exchanges.message,
                _SIZES_BYTES,
            ),
            Medium(
                "pipe",
                "through a multiprocessing.Pipe; threads: two queue.SimpleQueues",
                1,
                exchanges.pipe,
                partial(exchanges.thread_queues, queue.SimpleQueue),
                exchanges.message,
                _SIZES_BYTES,
            ),
            Medium(
                "shared-memory",
                "written to shared memory, announced by a pipe, copied out; threads: SimpleQueues",
                1,
                exchanges.shared_memory,
                partial(exchanges.thread_queues, queue.SimpleQueue),
                exchanges.message,
                (1 << 20,),
            ),
            Medium(
                "array",
                "a multiprocessing.RawArray written and read; threads: a bytearray",
                1,
                partial(objects.array, partial(SPAWN.RawArray, "B")),
                partial(objects.array, bytearray),
                exchanges.message,
                (1 << 16,),
            ),
            Medium(
                "lock",
                "a multiprocessing.Lock that nobody else wants, taken; threads: a threading.Lock",
                objects.TIMES,
                partial(objects.lock, SPAWN.Lock),
                partial(objects.lock, threading.Lock),
                lambda _: objects.TIMES,
            ),
            Medium(
                "value",
                "a multiprocessing.Value counted up by two processes at once; threads: two, one lock",
                objects.PEERS * OPERATIONS,
                objects.contended_value,
                objects.contended_counter,
                lambda _: objects.PEERS * OPERATIONS,
            ),
            Medium(
                "manager",
                "a manager's dict, written ten times and read; threads: a dict",
                objects.PROXY_TIMES + 1,
                objects.manager,
                objects.plain_dict,
                lambda _: objects.PROXY_TIMES,
            ),
        )
    },
)
