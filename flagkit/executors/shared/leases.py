"""A task's trip to a worker and back: what travels, and which memory it has borrowed meanwhile.

All memory that arguments travel in belongs to the parent, so nothing is lost with a worker:

- With the arguments goes a second memory, in which the worker can put the result, if one is idle. If none is, as in a
  pool whose results are all small, a worker makes one for a large result and hands it over to the parent.
- A result that is, as a whole, in the memory of the arguments, as an array is that was changed in place, comes back in
  that memory: without a copy, if the worker has nothing left of it.
- The worker's reply says whether views of the arguments still live there. If not, the memory goes back to the pool.
  If so, the parent forgets it and it is the worker's alone, freed with the last view.
- Views of the result that live in the parent keep its memory out of the pool, for as long as they live.
- Whatever comes to no reply (a killed worker, an exception) is not reused, only closed.

A task that borrows nothing has no lease, and nothing to give back.
"""

import itertools
import pickle
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import nullcontext
from traceback import format_tb
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from flagkit.executors.shared import memory as memories
from flagkit.executors.shared.memory import Memory, Reference
from flagkit.executors.shared.pool import MemoryPool
from flagkit.executors.shared.sharing import Passage
from flagkit.executors.shared.transport import Packed, Packing, pack, unpack

__all__ = [
    "Home",
    "Lease",
    "Loan",
    "Loans",
    "Undelivered",
    "deliver",
    "deliver_plain",
    "deliver_small",
    "numbers",
    "receive",
]

LENT_AT_MOST = 64
"""How many pieces of memory views may live in; what arrives then is copied, so that descriptors do not run out."""

Loan: TypeAlias = tuple[Reference, int]
"""Memory of the parent's that a worker may use: how to open it, and its capacity now."""
Loans: TypeAlias = tuple[int, Loan | None, Loan | None]
"""What a task borrows: the token of its lease, the memory of its arguments and that for its result."""

numbers = itertools.count()
"""Of the executors of this process, by which a worker's reply finds home."""

_tokens = itertools.count()
_homes: "WeakValueDictionary[int, Home]" = WeakValueDictionary()
_leases: "dict[int, Lease]" = {}  # of the tasks that have been sent, until their futures are done


class Undelivered:
    """In place of a result that arrived, but whose unpickling raised `error`."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Home:
    """What an executor has in the parent, for as long as a task of its is on its way."""

    def __init__(self, number: int, memory: MemoryPool, passage: Passage, min_bytes: int) -> None:
        self.memory = memory
        self.passage = passage
        self.min_bytes = min_bytes
        _homes[number] = self

    def refuse(self, error: OSError) -> None:
        """Take it that the system has no memory."""
        self.memory.warn(error.strerror or str(error))


class Lease:
    """What one task has borrowed of its executor's pool, from its being sent until its future is done."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.token = next(_tokens)
        self._arguments: Memory | None = None
        self._reply: Memory | None = None

    def pack(self, call: Any) -> Packed:
        """Pickle the call."""
        try:
            packed = pack(call, self._take, self.home.min_bytes, self.home.refuse)
        except BaseException:
            self._give_back_arguments()  # nobody has seen it
            raise
        if not packed.is_in_memory:
            self._give_back_arguments()
        return packed

    def begin(self) -> Loans | None:
        """Borrow memory for the reply too, if some is idle; return what is borrowed, None if nothing is."""
        self._reply = self.home.memory.spare()
        if self._arguments is None and self._reply is None:
            return None
        _leases[self.token] = self
        return self.token, _loan(self._arguments), _loan(self._reply)

    def collect(self, packed: Packed, capacity: int, *, is_kept: bool) -> Any:
        """Take what the worker has sent: return the result, and give back what is not used any more."""
        if packed.is_back and self._arguments is not None:
            arguments, self._arguments = self._arguments, None
            self._give_back_reply()
            return receive(packed, arguments, self.home.memory.put)
        self._return_arguments(is_kept=is_kept)
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.capacity = max(reply.capacity, capacity)
            if packed.is_in_memory:
                return receive(packed, reply, self.home.memory.put)
            self.home.memory.put(reply)
        return unpack(packed)

    def collect_plain(self, *, is_kept: bool) -> None:
        """Give back everything: the result came by itself."""
        self._return_arguments(is_kept=is_kept)
        self._give_back_reply()

    def end(self, future: Future[Any]) -> None:
        """Let go of what is still borrowed once the future is done.

        If the task has raised, the worker has taken over the arguments and has not touched the other. If the pool is
        broken, a worker may be at work on either yet: they are closed when nobody has them any more.
        """
        if _leases.pop(self.token, None) is None:
            return  # delivered
        reply, arguments, self._reply, self._arguments = self._reply, self._arguments, None, None
        if not future.cancelled() and not isinstance(future.exception(), BrokenExecutor):
            if reply is not None:
                self.home.memory.put(reply)
            if arguments is not None:
                arguments.close()

    def _take(self, size: int) -> Memory:
        self._arguments = self.home.memory.take(size)
        return self._arguments

    def _return_arguments(self, *, is_kept: bool) -> None:
        if is_kept and self._arguments is not None:
            self._arguments.close()
            self._arguments = None
        self._give_back_arguments()

    def _give_back_arguments(self) -> None:
        arguments, self._arguments = self._arguments, None
        if arguments is not None:
            self.home.memory.put(arguments)

    def _give_back_reply(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            self.home.memory.put(reply)


def deliver(
    number: int,
    token: int | None,
    packed: Packing,
    capacity: int,
    outcome: tuple[bool, bool, str | None, int | None],
) -> Any:
    """Unpickle a worker's reply, in the parent."""
    is_kept, has_handles, refusal, made = outcome
    try:
        home = _homes[number]
        lease = Lease(home) if token is None else _leases.pop(token)
        if refusal is not None:
            home.memory.warn(refusal)
        with home.passage.arriving() if has_handles else nullcontext():
            if made is None:
                return lease.collect(Packed(*packed), capacity, is_kept=is_kept)
            lease.collect_plain(is_kept=is_kept)
            return _adopt(Packed(*packed), home, made)
    except BaseException as error:  # noqa: BLE001 - the executor would take it for the end of a worker
        return _undelivered(error)


def deliver_small(stream: bytes) -> Any:
    """Unpickle a small reply of a task that has borrowed nothing."""
    try:
        return pickle.loads(stream)  # noqa: S301 - from our own worker
    except BaseException as error:  # noqa: BLE001 - likewise
        return _undelivered(error)


def deliver_plain(token: int, result: Any, is_kept: bool) -> Any:  # noqa: FBT001 - called by unpickling alone
    """Return a small result, which came with the reply as it is."""
    _leases.pop(token).collect_plain(is_kept=is_kept)
    return result


def receive(packed: Packed, memory: Memory, returned: Callable[[Memory], object]) -> Any:
    """Unpickle what is in the memory, in place as long as that many may be; `returned(memory)` when it is unused."""
    try:
        view = None if len(memories.lent) >= LENT_AT_MOST else memory.lend(returned)
    except OSError:  # the system allows no further mapping
        view = None
    if view is not None:
        return unpack(packed, view)
    copied = packed.copied(memory.copy)
    returned(memory)
    return unpack(copied)


def _adopt(packed: Packed, home: Home, inode: int) -> Any:
    """Unpickle what is in memory that the worker has made, which is the parent's from now on."""
    memory = home.passage.take(inode)
    if not home.passage.is_short:
        return receive(packed, memory, home.memory.put)
    copied = packed.copied(memory.copy)  # the memory has the descriptor of last resort
    memory.close()
    home.passage.refill()
    return unpack(copied)


def _undelivered(error: BaseException) -> Undelivered:
    # As text, like the traceback of a task: as frames, it would keep those of the executor's thread alive
    error.add_note("".join(["raised while the result was unpickled:\n", *format_tb(error.__traceback__)]))
    return Undelivered(error.with_traceback(None))


def _loan(memory: Memory | None) -> Loan | None:
    return None if memory is None else (memory.reference, memory.capacity)
