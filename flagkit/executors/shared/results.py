"""The queue of an executor's results: multiprocessing's SimpleQueue, but for a worker that is killed while it sends.

There the reader waits for ever for the rest of a result, and the executor with it.
"""

import mmap
import os
import pickle
import select
import sys
from collections.abc import Callable
from multiprocessing import reduction
from multiprocessing.context import assert_spawning
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final

from flagkit.executors.shared.semaphores import Lock

__all__ = ["ResultQueue"]

HEADER_BYTES: Final = 8
AT_ONCE: Final = 64 * 1024
"""What is read with one system call at most: as much as a pipe of Linux holds."""
WAIT_MS: Final = 1000
"""How long the rest of an item may be missing before one looks for who was to send it."""


class ResultQueue:
    """A pipe with many writers, the workers, and one reader, the executor's thread.

    An item that the pipe has room for goes by one system call, which no kill divides. A worker that is killed while it
    waits for room leaves part of one; the system releases its lock, by which the reader knows that no more will come.
    For that no other worker may go on after the part, whose rest its own item would be taken for: a byte of memory that
    all have tells that somebody is sending, and one that finds it set although it has got the lock ends.
    """

    def __init__(self, lock: Lock, prepare: Callable[[Any], object] | None = None) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        self._reader = _Reader(reader, lock)
        self._writer = writer
        self._lock = lock
        self._prepare = prepare
        self._share(os.memfd_create("flagkit-results", os.MFD_CLOEXEC))

    def put(self, item: Any) -> None:
        """Send an item, once `prepare(item)` has made it fit; raises what that or pickling does, and sends nothing."""
        if self._prepare is not None:
            self._prepare(item)
        data = ForkingPickler.dumps(item)
        header = len(data).to_bytes(HEADER_BYTES, sys.byteorder)
        try:
            with self._lock:
                if self._is_sending[0]:
                    os._exit(1)
                self._is_sending[0] = 1
                written = os.writev(self._writer, (header, data))
                if written < HEADER_BYTES + len(data):  # a signal came while it waited for room, or it is beyond 2 GiB
                    self._finish((header, data), written)
                self._is_sending[0] = 0
        except BrokenPipeError:  # the parent has ended, and so do its workers
            os._exit(1)

    def close(self) -> None:
        """Close both ends."""
        self._reader.close()
        writer, self._writer = self._writer, -1
        if writer >= 0:
            os.close(writer)
            os.close(self._memory)
            self._is_sending.close()

    def _share(self, memory: int) -> None:
        os.ftruncate(memory, 1)
        self._memory = memory
        self._is_sending = mmap.mmap(memory, 1)

    def _finish(self, pieces: tuple[Any, ...], written: int) -> None:
        for piece in pieces:
            with memoryview(piece) as view:
                while written < view.nbytes:
                    written += os.write(self._writer, view[written:])
                written -= view.nbytes

    def __getstate__(self) -> Any:
        assert_spawning(self)
        return reduction.DupFd(self._writer), reduction.DupFd(self._memory), self._lock, self._prepare

    def __setstate__(self, state: Any) -> None:
        writer, memory, self._lock, self._prepare = state
        self._reader = _Reader(-1, self._lock)
        self._writer = writer.detach()
        self._share(memory.detach())

    def __del__(self) -> None:
        self.close()


class _Reader:
    """The end that the executor waits at and receives from."""

    def __init__(self, descriptor: int, lock: Lock) -> None:
        self._descriptor = descriptor
        self._lock = lock

    def fileno(self) -> int:
        """Return the descriptor, to wait for."""
        return self._descriptor

    def recv(self) -> Any:
        """Return the next item; raises EOFError if it does not come whole, and what unpickling raises."""
        size = int.from_bytes(self._read(HEADER_BYTES), sys.byteorder)
        return pickle.loads(self._read(size))  # noqa: S301 - from our own worker

    def close(self) -> None:
        """Close it, once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self, size: int) -> bytes | bytearray:
        data = self._some(size)
        if len(data) == size:
            return data
        whole = bytearray(data)
        while len(whole) < size:
            whole += self._some(size - len(whole))
        return whole

    def _some(self, size: int) -> bytes:
        """Return at least one byte and at most `size`, waiting for it if need be; raises EOFError if none will come."""
        while True:
            try:
                data = os.read(self._descriptor, min(size, AT_ONCE))
            except BlockingIOError:
                if not self._is_ready(WAIT_MS) and self._lock.is_free and not self._is_ready(0):
                    raise EOFError("a worker has ended while it sent a result") from None
                continue
            if not data:
                raise EOFError
            return data

    def _is_ready(self, within_ms: int) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(within_ms))
