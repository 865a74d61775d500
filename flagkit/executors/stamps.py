"""What travels for a traced task: a call and its reply, which note the clock as they are pickled and unpickled.

A pickle is written and read from its first byte to its last. So an object at the front of the stream whose `__reduce__`
reads the clock notes when pickling begins, one at the end when it is done; and what they leave in the stream, a call of
`time.perf_counter_ns`, reads the clock again at the same places when the stream is read:

    call:   clock, function, clock, this module, clock, arguments, clock
    reply:  clock, result, the times so far, clock

The function comes before this module, so that importing the function's module costs what it does without tracing; the
first clock needs nothing but `time`, which every Python has loaded. A stream may be read and written again on its way
(Dask's scheduler does so): the last reading counts.
"""

import operator
import os
import threading
from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from time import perf_counter_ns
from typing import Any
from zlib import crc32

__all__ = ["Call", "Reply", "Trail"]


def clock_id() -> int:
    """Return a number that two processes share if their `perf_counter_ns` can be compared.

    Linux: CLOCK_MONOTONIC, the same for all processes of a boot within a time namespace (time_namespaces(7)). macOS
    (mach_absolute_time) and Windows (QueryPerformanceCounter): the same for all processes of a machine.
    """
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text() + str(Path("/proc/self/ns/time").readlink())
    except OSError:
        name = gethostname()
    return crc32(name.encode())


CLOCK = clock_id()

Reduced = tuple[Callable[..., Any], tuple[Any, ...]]


class Trail:
    """What is known of a task so far, in the caller's process; times of `perf_counter_ns`, 0 for what has not been."""

    __slots__ = (
        "back",
        "done",
        "failure",
        "function",
        "is_first",
        "pickle_began",
        "pickle_ended",
        "run",
        "submitted",
        "there",
        "worker",
    )

    def __init__(self, submitted: int, function: tuple[str, str]) -> None:
        self.submitted = submitted
        self.function = function
        """Its module and its name."""
        self.pickle_began = self.pickle_ended = 0
        self.there: tuple[int, int, int, int] | None = None
        """In the worker: reading began; function, then this module, then all was there. None where nothing was read."""
        self.run: tuple[int, int] | None = None
        self.worker: tuple[int, int, int] | None = None
        """Process id, native thread id and clock."""
        self.back: tuple[int, int, int, int] | None = None
        """The reply: pickling it began and ended, reading it began and ended. None where it was not pickled."""
        self.done = 0
        self.is_first = False
        self.failure: str | None = None


class _Now:
    """Unpickles as the time at which it is unpickled."""

    __slots__ = ()

    def __reduce__(self) -> Reduced:
        return perf_counter_ns, ()


class _CallEnd:
    """Notes the time at which it is pickled, and unpickles as the time at which that is done."""

    __slots__ = ("_trail",)

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def __reduce__(self) -> Reduced:
        self._trail.pickle_ended = perf_counter_ns()
        return perf_counter_ns, ()


class _Item:
    """Unpickles as one item of a tuple that is used again after it: pickle sends that once."""

    __slots__ = ("_index", "_whole")

    def __init__(self, whole: tuple[Any, ...], index: int) -> None:
        self._whole = whole
        self._index = index

    def __reduce__(self) -> Reduced:
        return operator.getitem, (self._whole, self._index)


def _stream(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], end: object) -> Reduced:
    # Each clock is an object of its own: of one that it has sent before, pickle sends a reference, which reads nothing.
    head = (_Now(), function, _Now(), Delivery, _Now())
    return operator.call, (_Item(head, 3), head, args, kwargs, end)


class Call:
    """A task on the caller's side; it is run as it is where nothing is pickled."""

    __slots__ = ("_args", "_function", "_kwargs", "_trail")

    def __init__(
        self, trail: Trail, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._trail = trail
        self._function = function
        self._args = args
        self._kwargs = kwargs

    def __call__(self) -> Any:
        """Run the task and return its result."""
        began = perf_counter_ns()
        try:
            return self._function(*self._args, **self._kwargs)
        finally:
            self._trail.run = began, perf_counter_ns()
            self._trail.worker = _worker()

    def __reduce__(self) -> Reduced:
        # A pool that tries one pickler after another has begun with the first
        self._trail.pickle_began = self._trail.pickle_began or perf_counter_ns()
        return _stream(self._function, self._args, self._kwargs, _CallEnd(self._trail))


class Delivery:
    """A task that has arrived in a worker, or at a stop on the way, from which it can be sent on."""

    __slots__ = ("_args", "_function", "_kwargs", "_there")

    def __init__(
        self,
        head: tuple[int, Callable[..., Any], int, type["Delivery"], int],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        ended: int,
    ) -> None:
        began, self._function, function_loaded, _, instrument_loaded = head
        self._args = args
        self._kwargs = kwargs
        self._there = began, function_loaded, instrument_loaded, ended

    def __call__(self) -> "Reply":
        """Run the task and return its reply."""
        began = perf_counter_ns()
        result = self._function(*self._args, **self._kwargs)
        return Reply(result, self._there, (began, perf_counter_ns()), _worker())

    def __reduce__(self) -> Reduced:
        return _stream(self._function, self._args, self._kwargs, _Now())


class Reply:
    """A result, with what a Trail takes from it; `back` is None until it has been pickled and unpickled."""

    __slots__ = ("_pickle_began", "back", "result", "run", "there", "worker")

    def __init__(
        self,
        result: Any,
        there: tuple[int, int, int, int],
        run: tuple[int, int],
        worker: tuple[int, int, int],
        back: tuple[int, int, int, int] | None = None,
    ) -> None:
        self.result = result
        self.there = there
        self.run = run
        self.worker = worker
        self.back = back
        self._pickle_began = 0

    def __reduce__(self) -> Reduced:
        self._pickle_began = self._pickle_began or perf_counter_ns()
        return _arrived, (_Now(), self.result, _ReplyEnd(self, self._pickle_began))


class _ReplyEnd:
    """Unpickles as all that the worker knows, with the times at which this was pickled and unpickled."""

    __slots__ = ("_began", "_reply")

    def __init__(self, reply: Reply, began: int) -> None:
        self._reply = reply
        self._began = began

    def __reduce__(self) -> Reduced:
        reply = self._reply
        return _tail, (reply.there, reply.run, reply.worker, self._began, perf_counter_ns(), _Now())


def _tail(*known: Any) -> tuple[Any, ...]:
    return known


def _arrived(unpickle_began: int, result: Any, tail: tuple[Any, ...]) -> Reply:
    there, run, worker, pickle_began, pickle_ended, unpickle_ended = tail
    return Reply(result, there, run, worker, (pickle_began, pickle_ended, unpickle_began, unpickle_ended))


def _worker() -> tuple[int, int, int]:
    return os.getpid(), threading.get_native_id(), CLOCK
