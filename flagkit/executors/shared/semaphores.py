"""A semaphore of a descriptor: nothing of it has a name in /dev/shm, or outlives its holders.

Those of multiprocessing have one unless the workers are forked. When the parent is killed, they stay until the resource
tracker finds them, which it reports on stderr; when the tracker is killed too, they stay for ever.
"""

import os
import select
import sys
from contextlib import suppress
from multiprocessing import reduction
from multiprocessing.context import assert_spawning
from typing import Any

__all__ = ["Semaphore"]

ONE = (1).to_bytes(8, sys.byteorder)


class Semaphore:
    """A counting semaphore between processes, freed by the system with the last process that has it.

    Any process may give, but one thread of one process takes. So what was given is fetched all at once, and what is
    left of it needs no system call to be counted and taken.
    """

    def __init__(self, value: int) -> None:
        self._left = value
        self._given = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def acquire(self, *, block: bool = True) -> bool:
        """Take one, waiting for it if need be; return whether that was possible."""
        while not self._left and not self._fetch():
            if not block:
                return False
            poll = select.poll()
            poll.register(self._given, select.POLLIN)
            poll.poll()
        self._left -= 1
        return True

    def release(self) -> None:
        """Give one back."""
        os.write(self._given, ONE)

    @property
    def is_zero(self) -> bool:
        """Whether one who takes would have to wait."""
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
