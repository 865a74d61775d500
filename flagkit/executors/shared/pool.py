"""The pool of memory that an executor lends to its tasks: reused, so that its pages are there already."""

import logging
import threading
from collections import deque

from flagkit.executors.shared.memory import Memory

__all__ = ["MemoryPool"]

_log = logging.getLogger(__name__)


class MemoryPool:
    """Idle memory of an executor, of which `keep` pieces at most stay reserved.

    What is lent out is nowhere in here. What comes back may do so in any thread and in the middle of anything, since
    the garbage collector may be what sends it: `put` never waits for a lock.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._returned: deque[Memory] = deque()
        self._idle: list[Memory] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._has_warned = False

    def take(self, size: int) -> Memory:
        """Return the smallest idle memory of at least `size` bytes, or else the largest, or else a new one.

        An idle one that is too small is made larger by whoever writes to it, rather than being kept beside a new one.
        OSError where the system has no descriptor for a new one.
        """
        with self._lock:
            self._sort_in()
            if self._idle:
                return self._idle.pop(self._best(size))
        return Memory.create()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is idle."""
        return not (self._returned or self._idle)

    def spare(self) -> Memory | None:
        """Return idle memory, the one that came back last, if there is any."""
        try:
            return self._returned.pop()
        except IndexError:
            if not self._idle:
                return None
        with self._lock:
            return self._idle.pop() if self._idle else None

    def put(self, memory: Memory) -> None:
        """Take back what nobody has a view of any more."""
        if memory.is_copied_by_fork:
            memory.close()  # nobody knows what the child makes of it
            return
        self._returned.append(memory)
        if self._is_closed or len(self._returned) + len(self._idle) > self._keep:
            self._trim()

    def close(self) -> None:
        """Free what is idle; what is lent is freed when it comes back."""
        self._is_closed = True
        self._trim()

    def warn(self, reason: str) -> None:
        """Say, once, that the system has refused memory."""
        if not self._has_warned:
            self._has_warned = True
            _log.warning("no shared memory to be had (%s): large data is pickled as a whole", reason)

    @property
    def idle_bytes(self) -> int:
        """How much memory is reserved without being used."""
        with self._lock:
            self._sort_in()
            return sum(memory.capacity for memory in self._idle)

    def _trim(self) -> None:
        # Whoever holds the lock may be interrupted by this very call, in the same thread; it will trim the next time
        if self._lock.acquire(blocking=False):
            try:
                self._sort_in()
                surplus = len(self._idle) if self._is_closed else len(self._idle) - self._keep
                discarded, self._idle = self._idle[: max(0, surplus)], self._idle[max(0, surplus) :]
            finally:
                self._lock.release()
            for memory in discarded:
                memory.discard()

    def _sort_in(self) -> None:
        try:
            while self._returned:
                self._idle.append(self._returned.popleft())
        except IndexError:  # `spare` has taken the last one meanwhile, without the lock
            pass

    def _best(self, size: int) -> int:
        """Return the index of the best fit; the latest of equals, as its pages are the likeliest in the caches."""
        fits = [(memory.capacity, -at) for at, memory in enumerate(self._idle) if memory.capacity >= size]
        if fits:
            return -min(fits)[1]
        return max((memory.capacity, at) for at, memory in enumerate(self._idle))[1]
