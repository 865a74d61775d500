"""The queue of an executor's results: what multiprocessing's SimpleQueue does, with less of Python for each result."""

import os
import pickle
import sys
from multiprocessing import reduction
from multiprocessing.context import assert_spawning
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final

from flagkit.executors.shared.semaphores import Lock

__all__ = ["ResultQueue"]

HEADER_BYTES: Final = 8
AT_ONCE: Final = 16 * 1024
"""From this size on a second system call costs less than a copy."""


class ResultQueue:
    """A pipe with many writers, the workers, and one reader, the executor's thread.

    What a worker sends is an item with a result, which is plain or pickles itself (`flagkit.executors.shared.tasks`):
    neither needs what multiprocessing's pickler has beyond pickle's own. An exception may.
    """

    def __init__(self, lock: Lock) -> None:
        reader, writer = os.pipe()
        self._reader = _Reader(reader)
        self._writer = writer
        self._lock = lock

    def put(self, item: Any) -> None:
        """Send an item; raises whatever pickling raises, and nothing is sent then."""
        dumps = pickle.dumps if getattr(item, "exception", None) is None else ForkingPickler.dumps
        data = dumps(item)
        header = len(data).to_bytes(HEADER_BYTES, sys.byteorder)
        try:
            with self._lock:
                if len(data) < AT_ONCE:
                    self._write(header + data)
                else:
                    self._write(header)
                    self._write(data)
        except BrokenPipeError:  # the parent has ended, and so do its workers
            os._exit(1)

    def close(self) -> None:
        """Close both ends."""
        self._reader.close()
        writer, self._writer = self._writer, -1
        if writer >= 0:
            os.close(writer)

    def _write(self, data: Any) -> None:
        written = os.write(self._writer, data)
        if written < len(data):
            with memoryview(data) as view:
                while written < len(data):
                    written += os.write(self._writer, view[written:])

    def __getstate__(self) -> Any:
        assert_spawning(self)
        return reduction.DupFd(self._writer), self._lock

    def __setstate__(self, state: Any) -> None:
        duplicate, self._lock = state
        self._reader = _Reader(-1)
        self._writer = duplicate.detach()

    def __del__(self) -> None:
        self.close()


class _Reader:
    """The end that the executor waits at and receives from."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor, to wait for."""
        return self._descriptor

    def recv(self) -> Any:
        """Return the next item; raises EOFError at the end, and what unpickling raises."""
        size = int.from_bytes(self._read(HEADER_BYTES), sys.byteorder)
        return pickle.loads(self._read(size))  # noqa: S301 - from our own worker

    def close(self) -> None:
        """Close it, once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self, size: int) -> bytes | bytearray:
        data = os.read(self._descriptor, min(size, AT_ONCE))
        if len(data) == size:
            return data
        whole = bytearray(size)
        at = len(data)
        whole[:at] = data
        with memoryview(whole) as view:
            while at < size:
                with view[at:] as rest:
                    count = os.readv(self._descriptor, [rest])
                if not count:
                    break
                at += count
        if at < size:
            raise EOFError
        return whole
