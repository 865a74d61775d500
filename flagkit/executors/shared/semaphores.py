"""The locks of an executor's queues, of descriptors: nothing of them has a name in /dev/shm, or outlives its holder.

The semaphores of multiprocessing have one unless the workers are forked. When the parent is killed, they stay until
the resource tracker finds them, which it reports on stderr; when the tracker is killed too, they stay for ever. And a
worker that is killed while it waits for work holds the lock of the call queue: if that happens as the executor shuts
down, which does not look for dead workers any more, the other workers never hear of it, and it waits for them.
"""

import os
import select
import sys
from contextlib import suppress
from multiprocessing import reduction
from multiprocessing.context import assert_spawning
from typing import Any

if sys.platform != "win32":
    import fcntl

__all__ = ["Lock", "Semaphore"]

ONE = (1).to_bytes(8, sys.byteorder)


class Lock:
    """A lock between processes, which the system releases when its holder ends, however that ends.

    It is a record lock on a file without a name. Threads of one process are not kept apart: each lock of the queues is
    used by one thread in a process.
    """

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("flagkit-lock", os.MFD_CLOEXEC)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - as multiprocessing's
        """Take the lock, waiting for it if need be; return whether that was possible."""
        if timeout is not None:
            raise ValueError("this lock knows no time-out")
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give it back."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    @property
    def is_free(self) -> bool:
        """Whether no other process holds it; for one that does not hold it either."""
        is_free = self.acquire(block=False)
        if is_free:
            self.release()
        return is_free

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __getstate__(self) -> Any:
        assert_spawning(self)
        return reduction.DupFd(self._descriptor)

    def __setstate__(self, duplicate: Any) -> None:
        self._descriptor = duplicate.detach()

    def __del__(self) -> None:
        os.close(self._descriptor)


class Semaphore:
    """A counting semaphore between processes, freed by the system with the last process that has it.

    Any process may give, but one thread of one process takes, as it is with the places of the executor's call queue.
    So what was given is fetched all at once, and what is left of it needs no system call to be counted and taken.
    """

    def __init__(self, value: int) -> None:
        self._left = value
        self._given = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - as multiprocessing's
        """Take one, waiting for it if need be; return whether that was possible."""
        if not self._left and not self._fetch():
            if not block:
                return False
            poll = select.poll()
            poll.register(self._given, select.POLLIN)
            poll.poll(None if timeout is None else timeout * 1000)
            if not self._fetch():
                return False
        self._left -= 1
        return True

    def release(self) -> None:
        """Give one back."""
        os.write(self._given, ONE)

    @property
    def _semlock(self) -> "Semaphore":
        # multiprocessing's Queue.full(), which the executor calls, asks for this by its private name
        return self

    def _is_zero(self) -> bool:
        return not self._left and not self._fetch()

    def _fetch(self) -> int:
        with suppress(BlockingIOError):
            self._left += os.eventfd_read(self._given)
        return self._left

    def __getstate__(self) -> Any:
        assert_spawning(self)
        return reduction.DupFd(self._given)

    def __setstate__(self, duplicate: Any) -> None:
        self._left = 0
        self._given = duplicate.detach()

    def __del__(self) -> None:
        os.close(self._given)
