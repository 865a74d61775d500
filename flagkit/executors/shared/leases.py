"""A task's trip to a worker and back: what travels, and which memory it has borrowed meanwhile.

All memory that results and arguments travel in belongs to the parent, so nothing is lost with a worker:

- With the arguments goes a second memory, in which the worker can put the result.
- The worker's reply says whether views of the arguments still live there. If not, the memory goes back to the pool.
  If so, the parent forgets it and it is the worker's alone, freed with the last view.
- Views of the result that live in the parent keep its memory out of the pool, for as long as they live.
- Whatever comes to no reply (a killed worker, an exception) is not reused, only closed.
"""

import itertools
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from contextlib import nullcontext
from traceback import format_tb
from typing import Any, TypeAlias

from flagkit.executors.shared import memory as memories
from flagkit.executors.shared.memory import Memory, Reference
from flagkit.executors.shared.pool import MemoryPool
from flagkit.executors.shared.sharing import Passage
from flagkit.executors.shared.transport import Packed, Span, pack, unpack

__all__ = ["Lease", "Loan", "Undelivered", "deliver", "deliver_plain", "receive"]

LENT_AT_MOST = 64
"""How many pieces of memory views may live in; what arrives then is copied, so that descriptors do not run out."""

Loan: TypeAlias = tuple[Reference, int]
"""Memory of the parent's that a worker may use: how to open it, and its capacity now."""

_tokens = itertools.count()
_leases: "dict[int, Lease]" = {}  # of the tasks that have been sent, until their futures are done


class Undelivered:
    """In place of a result that arrived, but whose unpickling raised `error`."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Lease:
    """What one task has borrowed of its executor's pool, from its being sent until its future is done."""

    def __init__(self, pool: MemoryPool, passage: Passage, min_bytes: int) -> None:
        self.token = next(_tokens)
        self.passage = passage
        self.min_bytes = min_bytes
        self._pool = pool
        self._is_over = False
        self._arguments: Memory | None = None
        self._reply: Memory | None = None

    def pack(self, call: Any) -> tuple[Any, ...]:
        """Pickle the call; return the arguments of a `Delivery`."""
        try:
            packed = pack(call, self._take, self.min_bytes, self._refuse)
            self._reply = self._take_reply()
        except BaseException:
            self._give_back()  # nobody has seen it
            raise
        if not packed.is_in_memory:
            self._give_back()
        _leases[self.token] = self
        if self._is_over:  # the pool has broken meanwhile
            _leases.pop(self.token, None)
        return (
            self.token,
            (packed.stream, packed.buffers),
            _loan(self._arguments),
            _loan(self._reply),
            self.min_bytes,
        )

    def collect(self, packed: Packed, capacity: int, *, is_kept: bool, refusal: str | None) -> Any:
        """Take what the worker has sent: return the result, and give back what is not used any more."""
        if refusal is not None:
            self._pool.warn(refusal)
        reply = self._return_arguments(is_kept=is_kept)
        if reply is None:
            return unpack(packed)
        reply.capacity = max(reply.capacity, capacity)
        if not packed.is_in_memory:
            self._pool.put(reply)
            return unpack(packed)
        return receive(packed, reply, self._pool.put)

    def collect_plain(self, *, is_kept: bool) -> None:
        """Give back everything: the result was small enough to come by itself."""
        reply = self._return_arguments(is_kept=is_kept)
        if reply is not None:
            self._pool.put(reply)

    def _return_arguments(self, *, is_kept: bool) -> Memory | None:
        """Give back the memory of the arguments, and return that of the reply."""
        arguments, reply, self._arguments, self._reply = self._arguments, self._reply, None, None
        if arguments is not None:
            if is_kept:
                arguments.close()
            else:
                self._pool.put(arguments)
        return reply

    def end(self, future: Future[Any]) -> None:
        """Let go of what is still borrowed once the future is done.

        If the task has raised, the worker has taken over the arguments and has not touched the other. If the pool is
        broken, a worker may be at work on either yet, or the call may be being pickled this moment: they are closed
        when nobody has them any more.
        """
        self._is_over = True
        _leases.pop(self.token, None)
        reply, arguments, self._reply, self._arguments = self._reply, self._arguments, None, None
        if (reply or arguments) and not future.cancelled() and not isinstance(future.exception(), BrokenExecutor):
            if reply is not None:
                self._pool.put(reply)
            if arguments is not None:
                arguments.close()

    def _take(self, size: int) -> Memory:
        self._arguments = self._pool.take(size)
        return self._arguments

    def _take_reply(self) -> Memory | None:
        try:
            return self._pool.take()
        except OSError as error:
            self._refuse(error)
            return None

    def _refuse(self, error: OSError) -> None:
        self._pool.warn(error.strerror or str(error))

    def _give_back(self) -> None:
        if self._arguments is not None:
            self._pool.put(self._arguments)
            self._arguments = None


def deliver(
    token: int,
    packed: tuple[bytes | Span, tuple[bytearray | Span, ...]],
    capacity: int,
    outcome: tuple[bool, bool, str | None],
) -> Any:
    """Unpickle a worker's reply, in the parent."""
    is_kept, has_handles, refusal = outcome
    lease = _leases.pop(token)
    try:
        with lease.passage.arriving() if has_handles else nullcontext():
            return lease.collect(Packed(*packed), capacity, is_kept=is_kept, refusal=refusal)
    except BaseException as error:  # noqa: BLE001 - the executor would take it for the end of a worker
        # As text, like the traceback of a task: as frames, it would keep those of the executor's thread alive
        error.add_note("".join(["raised while the result was unpickled:\n", *format_tb(error.__traceback__)]))
        return Undelivered(error.with_traceback(None))


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


def _loan(memory: Memory | None) -> Loan | None:
    return None if memory is None else (memory.reference, memory.capacity)
