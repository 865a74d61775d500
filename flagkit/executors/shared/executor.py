"""SharedMemoryExecutor: a ProcessPoolExecutor whose large arguments and results travel through memory."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import _RemoteTraceback
from functools import partial
from multiprocessing.context import BaseContext
from traceback import format_exception
from typing import Any, ParamSpec, TypeVar

from flagkit.executors.shared import forks, workers
from flagkit.executors.shared.calls import CallQueue
from flagkit.executors.shared.contexts import NamelessContext
from flagkit.executors.shared.leases import Home, Undelivered, numbers
from flagkit.executors.shared.memory import missing
from flagkit.executors.shared.parcels import Parcel, named
from flagkit.executors.shared.pool import MemoryPool
from flagkit.executors.shared.results import ResultQueue
from flagkit.executors.shared.sharing import Passage
from flagkit.executors.shared.transport import MIN_BYTES

__all__ = ["SharedMemoryExecutor"]

P = ParamSpec("P")
T = TypeVar("T")


class SharedMemoryExecutor(ProcessPoolExecutor):
    """A ProcessPoolExecutor for which a large array costs one copy each way.

    A result that is in the memory of the arguments, as an argument that was changed in place, costs none on its way
    back, unless the worker keeps some of it.

    The constructor is that of ProcessPoolExecutor and, by name, `min_bytes`: from this size on, a buffer or a pickle
    goes through memory rather than in a message.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        mp_context: BaseContext | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        max_tasks_per_child: int | None = None,
        min_bytes: int = MIN_BYTES,
    ) -> None:
        if reason := missing():
            raise NotImplementedError(reason)
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        if mp_context is None:  # as ProcessPoolExecutor chooses
            mp_context = multiprocessing.get_context(None if max_tasks_per_child is None else "spawn")
        context: Any = NamelessContext(mp_context)
        parent_end, worker_end = multiprocessing.Pipe()
        number = next(numbers)
        super().__init__(
            max_workers,
            context,
            workers.begin,
            (workers.Origin(number, worker_end, min_bytes), initializer, tuple(initargs)),
            max_tasks_per_child=max_tasks_per_child,
        )
        forks.follow()
        size: int = self._max_workers  # type: ignore[attr-defined]
        results: Any = self._result_queue
        self._call_queue = _ours(self._call_queue, size + 1, results)  # type: ignore[has-type]
        # At most one task at each worker, one more for each waiting on the way, and one in the feeder's hands, each
        # with memory for its arguments and for its result. More than that are idle only after having been kept.
        memory = MemoryPool(keep=2 * (2 * size + 1))
        self._home = Home(number, memory, Passage(parent_end, reserve=size), min_bytes)
        results.home = self._home  # a program may let go of this executor, and wait for its futures

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Schedule `fn(*args, **kwargs)` and return its future, as ProcessPoolExecutor does."""
        future: Future[Any]
        if (known := named(self._home, fn, args, kwargs)) is not None:
            future = super().submit(known, *args, **kwargs)
            future.__class__ = _Future
            return future
        parcel = Parcel(self._home, fn, args, kwargs)
        future = super().submit(parcel)
        future.__class__ = _Future
        parcel.meet(future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the interface's own
        """Shut down as ProcessPoolExecutor does; memory is freed as soon as nothing uses it."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._home.memory.close()


def _ours(queue: Any, places: int, results: Any) -> CallQueue:
    """Return what takes the place of the executor's queue of calls."""
    queue._reader.close()  # noqa: SLF001
    queue._writer.close()  # noqa: SLF001
    return CallQueue(places, partial(_tell, results))


def _tell(results: ResultQueue, error: BaseException, call: Any) -> None:
    """Tell the executor's thread why a call could not be pickled, with the traceback as text, as a task's comes."""
    text = "".join(format_exception(error))
    error.__cause__ = _RemoteTraceback(f'\n"""\n{text}"""')  # type: ignore[arg-type] # typeshed errs
    results.call(partial(_fail, call.work_id, error.with_traceback(None)))


def _fail(work_id: int, error: BaseException) -> None:
    """Fail a call, in the executor's thread; all have failed already in a broken pool."""
    thread: Any = threading.current_thread()
    item = thread.pending_work_items.pop(work_id, None)
    if item is not None:
        item.future.set_exception(error)


class _Future(Future[T]):
    """A future that knows how a result fails which arrived, but could not be unpickled.

    ProcessPoolExecutor makes its futures itself, and takes such a result for the end of the whole pool.
    """

    def result(self, timeout: float | None = None) -> T:
        """Return the result, or raise what the task, or unpickling its result, has raised."""
        result = super().result(timeout)
        if isinstance(result, Undelivered):
            raise result.error
        return result

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return what `result` would raise."""
        error = super().exception(timeout)
        if error is None:
            result = super().result()
            if isinstance(result, Undelivered):
                return result.error
        return error

    if hasattr(Future, "_get_snapshot"):  # since 3.15, for asyncio

        def _get_snapshot(self) -> tuple[bool, bool, T | None, BaseException | None]:
            done, cancelled, result, error = super()._get_snapshot()  # type: ignore[misc] # see above
            if isinstance(result, Undelivered):
                return done, cancelled, None, result.error
            return done, cancelled, result, error
