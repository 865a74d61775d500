"""The locks of an executor's queues, of event descriptors: nothing of them has a name in /dev/shm.

The semaphores of multiprocessing have one unless the workers are forked. When the parent is killed, they stay until
the resource tracker finds them, which it reports on stderr; when the tracker is killed too, they stay for ever.
"""

import os
import select
import sys
from multiprocessing import queues, reduction
from multiprocessing.context import BaseContext, assert_spawning
from typing import Any

__all__ = ["NamelessContext", "Semaphore"]

ONE = (1).to_bytes(8, sys.byteorder)


class Semaphore:
    """A counting semaphore between processes, freed by the system with the last process that has it."""

    def __init__(self, value: int = 1) -> None:
        self._descriptor = os.eventfd(value, os.EFD_CLOEXEC | os.EFD_SEMAPHORE)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - as multiprocessing's
        """Take one, waiting for it if need be; return whether that was possible.

        With a timeout, or without blocking, another process may come first after all: then it waits. The executor does
        so in one place of one process only, with the places of its call queue.
        """
        if (not block or timeout is not None) and self._is_zero(timeout if block and timeout else 0):
            return False
        os.read(self._descriptor, len(ONE))
        return True

    def release(self) -> None:
        """Give one back."""
        os.write(self._descriptor, ONE)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def _semlock(self) -> "Semaphore":
        # multiprocessing's Queue.full(), which the executor calls, asks for this by its private name
        return self

    def _is_zero(self, timeout: float = 0) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return not poll.poll(timeout * 1000)

    def __getstate__(self) -> Any:
        assert_spawning(self)
        return reduction.DupFd(self._descriptor)

    def __setstate__(self, duplicate: Any) -> None:
        self._descriptor = duplicate.detach()

    def __del__(self) -> None:
        os.close(self._descriptor)


class NamelessContext:
    """A context of multiprocessing whose locks have no name; all else is the other context's."""

    def __init__(self, context: BaseContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def Lock(self) -> Semaphore:  # noqa: N802 - the name that multiprocessing has for it
        """Return a lock, which knows no owner."""
        return Semaphore()

    def BoundedSemaphore(self, value: int = 1) -> Semaphore:  # noqa: N802 - likewise
        """Return a semaphore, which does not check its bound."""
        return Semaphore(value)

    def SimpleQueue(self) -> Any:  # noqa: N802 - likewise
        """Return a queue with such locks."""
        return queues.SimpleQueue(ctx=self)
