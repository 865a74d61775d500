"""trace(executor): any pool, with a record of where the time of each task went."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from time import perf_counter_ns
from typing import Any, ParamSpec, TypeVar, cast

from flagkit.executors.chunks import map_in_chunks
from flagkit.executors.stamps import Call, Reply, Trail
from flagkit.executors.steps import Task

__all__ = ["TracedExecutor", "trace"]

P = ParamSpec("P")
T = TypeVar("T")


def trace(executor: Executor) -> "TracedExecutor":
    """Return an executor that runs its tasks on `executor` and records where the time of each went."""
    return TracedExecutor(executor)


class TracedExecutor(Executor):
    """Runs tasks on another executor; its futures, results and exceptions are what they would be without it.

    `tasks` has the record of each task that is done, and `trace_of(future)` that of one. Nothing of the executor is
    looked into or replaced: what it is given is the task in a wrapper that reads the clock as it is pickled, unpickled
    and called (see `flagkit.executors.stamps`). A map with chunks is traced chunk by chunk. Shutting this one down
    shuts down the executor.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self._seen: set[tuple[object, ...]] = set()
        self._trails: list[Trail] = []

    @property
    def tasks(self) -> list[Task]:
        """The records of the tasks that are done, in the order in which they came to be."""
        return [Task.of(trail) for trail in self._trails.copy()]

    def trace_of(self, future: Future[Any]) -> Task:
        """Return the record of a future of this executor that is done; ValueError for any other."""
        if not isinstance(future, _TracedFuture) or not future.trail.done:
            raise ValueError(f"{future!r} is not traced, or not done yet")
        return Task.of(future.trail)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit the task to the executor; raises what that raises."""
        trail = Trail(perf_counter_ns(), _name(fn))
        inner = self._executor.submit(Call(trail, fn, args, kwargs))
        future: _TracedFuture[T] = _TracedFuture(inner, trail, self._record)
        inner.add_done_callback(future.follow)
        return future

    def map(  # type: ignore[override] # the standard library's own signature grows with its version
        self,
        fn: Callable[..., T],
        /,
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        **options: Any,
    ) -> Iterator[T]:
        """Map as the executor would: in chunks if it does so, one task a chunk; `buffersize` since Python 3.14."""
        if type(self._executor).map is Executor.map or chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout, **options)
        chunked = cast("Callable[..., Iterator[list[T]]]", super().map)
        return map_in_chunks(chunked, fn, *iterables, chunksize=chunksize, timeout=timeout, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the interface's own
        """Shut down the executor."""
        self._executor.shutdown(wait, cancel_futures=cancel_futures)

    def _record(self, trail: Trail) -> None:
        with self._lock:
            self._trails.append(trail)
            if trail.worker is not None:
                key = (*trail.worker, trail.function[0])
                trail.is_first = key not in self._seen
                self._seen.add(key)


class _TracedFuture(Future[T]):
    """A future that follows one of the wrapped executor, and takes the reply apart."""

    def __init__(self, inner: Future[Any], trail: Trail, record: Callable[[Trail], None]) -> None:
        super().__init__()
        self.trail = trail
        self._inner: Future[Any] | None = inner
        self._record = record

    def cancel(self) -> bool:
        """Cancel the executor's own future, if that can be."""
        inner = self._inner
        if inner is not None and not inner.cancel():
            return False
        return super().cancel()

    def running(self) -> bool:
        """Tell what the executor's own future tells, until this one is done."""
        inner = self._inner
        return not self.done() and inner is not None and (inner.running() or inner.done())

    def follow(self, inner: Future[Any]) -> None:
        """Take over what became of the executor's own future."""
        if inner.cancelled():
            self._end(CancelledError.__name__)
            super().cancel()
            self.set_running_or_notify_cancel()
        elif (error := inner.exception()) is not None:
            self._end(type(error).__name__)
            self.set_running_or_notify_cancel()
            self.set_exception(error)
        else:
            result = self._unwrapped(inner.result())
            self.set_running_or_notify_cancel()
            self._end(None)
            self.set_result(result)
        self._inner = None  # which refers to this one: neither is to be left to the garbage collector

    def _unwrapped(self, result: Any) -> T:
        if isinstance(result, Reply):
            trail = self.trail
            trail.there, trail.run, trail.worker, trail.back = result.there, result.run, result.worker, result.back
            result = result.result
        return cast("T", result)

    def _end(self, failure: str | None) -> None:
        """Have the record ready before anybody who waits for this future can ask for it."""
        self.trail.failure = failure
        self.trail.done = perf_counter_ns()
        self._record(self.trail)


def _name(function: Callable[..., Any]) -> tuple[str, str]:
    """Return the module and the qualified name of what is called in the end."""
    inside: Any = function
    while (within := inside.func if isinstance(inside, partial) else getattr(inside, "__wrapped__", None)) is not None:
        inside = within
    named = inside if hasattr(inside, "__qualname__") else type(inside)
    return named.__module__ or "builtins", named.__qualname__
