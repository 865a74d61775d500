"""share(): put an array in shared memory for good, and send its name instead of its bytes."""

import errno
import os
import socket
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Generic, NoReturn, TypeVar

from flagkit.executors.shared.memory import Memory, Reference
from flagkit.executors.shared.transport import Packed, Span, pack, unpack

__all__ = ["Passage", "Shared", "send", "share"]

T = TypeVar("T")

DESCRIPTORS_AT_ONCE = 253
"""How many descriptors Linux takes in one message (SCM_MAX_FD)."""

_known: dict[int, "weakref.ref[Memory]"] = {}  # by inode: what this process has of shared memory, opened once
_passage = threading.local()  # of this thread: `leaving` and `arrived` while a reply is pickled or unpickled


class Shared(Generic[T]):
    """A handle of an object whose buffers lie in shared memory; it pickles as a name, whatever the object's size.

    All who have the handle see the same bytes: if the array that was shared is writable, what one writes, all read.
    The memory is freed when the last process has let go of its handles and of the arrays that it took from them, or
    has been killed. Sent by an executor of this package, a handle needs no care. Sent by any other way, the sender has
    to keep its handle until the receiver has unpickled it; GoneError there otherwise.
    """

    __slots__ = ("_memory", "_packed")

    def __init__(self, memory: Memory, packed: Packed) -> None:
        self._memory = memory
        self._packed = packed

    @property
    def value(self) -> T:
        """The object, with its buffers in place; what cannot pickle out of band is a copy each time."""
        value: T = unpack(self._packed, self._memory.view_for_good())
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        leaving = getattr(_passage, "leaving", None)
        if leaving is not None:
            leaving.append(self._memory.descriptor)
        return _arrive, (self._memory.reference, (self._packed.stream, self._packed.buffers))

    def __repr__(self) -> str:
        return f"<Shared: {self._memory.capacity} bytes>"


def share(value: T) -> Shared[T]:
    """Copy an array, or any object that pickles out of band, into shared memory; return its handle.

    OSError where the system does not have that much memory.
    """
    created: list[Memory] = []

    def create(_: int) -> Memory:
        created.append(Memory.create())
        return created[0]

    packed = pack(value, create, 1, _refuse)
    return Shared(_know(created[0]), packed)


class Passage:
    """The way of memory from an executor's workers to its parent, beside the queue of the results.

    A worker may drop its handle, or end, before the parent has unpickled the result. So it sends the descriptors
    along, ahead of the result: once on the way, they keep the memory by themselves.
    """

    def __init__(self, parent_end: Connection, reserve: int) -> None:
        self._parent_end = parent_end
        self._arrived: defaultdict[int, list[Memory]] = defaultdict(list)  # by inode, one for each time it was sent
        self._reserve = reserve
        # Where this process may open nothing more, they make room for what arrives, which would be lost otherwise. One
        # for each worker: so many may have sent memory ahead of the result that is waited for
        self._reserved: list[int] = []
        self.refill()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Give the handles that are unpickled meanwhile, in this thread, the memory that has come for them."""
        while self._parent_end.poll():
            self._receive()
        _passage.arrived = self._arrived
        try:
            yield
        finally:
            _passage.arrived = None

    def take(self, inode: int) -> Memory:
        """Return memory that has been sent; OSError where it was lost for want of a descriptor."""
        while not self._arrived.get(inode):
            if not self._parent_end.poll():
                raise OSError(errno.EMFILE, "no descriptor was left for the memory of a result")
            self._receive()
        memories = self._arrived[inode]
        memory = memories.pop()
        if not memories:
            del self._arrived[inode]
        return memory

    @property
    def is_short(self) -> bool:
        """Whether there was need of the reserve: what was taken is to be closed soon, and `refill` called."""
        return len(self._reserved) < self._reserve

    def refill(self) -> None:
        """Open the reserve again, as far as that can be."""
        with suppress(OSError):
            while self.is_short:
                self._reserved.append(os.dup(self._parent_end.fileno()))

    def _receive(self) -> None:
        try:
            os.close(os.dup(self._parent_end.fileno()))
        except OSError:
            if self._reserved:
                os.close(self._reserved.pop())
        with _socket(self._parent_end) as channel:
            _, descriptors, _, _ = socket.recv_fds(channel, 1, DESCRIPTORS_AT_ONCE, socket.MSG_CMSG_CLOEXEC)
        for descriptor in descriptors:
            memory = Memory(descriptor, os.fstat(descriptor).st_size)
            self._arrived[memory.inode].append(memory)

    def __del__(self) -> None:
        for descriptor in self._reserved:
            os.close(descriptor)


@contextmanager
def leaving(worker_end: Connection) -> Iterator[list[int]]:
    """Send the descriptors of the handles that are pickled meanwhile, in this thread; give the list of them."""
    descriptors: list[int] = []
    _passage.leaving = descriptors
    try:
        yield descriptors
    finally:
        _passage.leaving = None
    send(worker_end, descriptors)


def send(worker_end: Connection, descriptors: list[int]) -> None:
    """Send memory to the parent, ahead of the result that it belongs to; OSError where too much is on the way."""
    for start in range(0, len(descriptors), DESCRIPTORS_AT_ONCE):
        with _socket(worker_end) as channel:
            socket.send_fds(channel, [b"."], descriptors[start : start + DESCRIPTORS_AT_ONCE])


@contextmanager
def _socket(end: Connection) -> Iterator[socket.socket]:
    channel = socket.socket(fileno=end.fileno())
    try:
        yield channel
    finally:
        channel.detach()


def _arrive(reference: Reference, packed: tuple[bytes | Span, tuple[bytearray | Span, ...]]) -> Shared[Any]:
    inode = reference[2]
    arrived = getattr(_passage, "arrived", None)
    sent = arrived[inode].pop() if arrived and arrived.get(inode) else None
    known = _known.get(inode)
    memory = known() if known is not None else None
    return Shared(memory or _know(sent or Memory.open(reference)), Packed(*packed))


def _know(memory: Memory) -> Memory:
    memory.is_for_good = True
    _known[memory.inode] = weakref.ref(memory, partial(_forget, memory.inode))
    return memory


def _forget(inode: int, gone: "weakref.ref[Memory]") -> None:
    if _known.get(inode) is gone:
        del _known[inode]


def _refuse(error: OSError) -> NoReturn:
    raise error
