"""mpire's process pool as an executor kind (extra `peers`)."""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, TypeVar

from mpire.pool import WorkerPool

from flagkit.executors.adapter import Adapter

__all__ = ["MpireExecutor"]

T = TypeVar("T")


class MpireExecutor(Adapter):
    """`mpire.WorkerPool`, each task by its `apply_async`; `options` go to its constructor.

    A task is with a worker from the start, so none can be cancelled.
    """

    def __init__(
        self,
        workers: int,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        **options: Any,
    ) -> None:
        super().__init__()
        self._pool = WorkerPool(workers, **options)
        self._begin = None if initializer is None else partial(_initialize, initializer, initargs)
        self._broken: BaseException | None = None

    def _send(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[T]:
        if self._broken is not None:
            raise BrokenProcessPool(str(self._broken))
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        self._pool.apply_async(
            function,
            args,
            kwargs,
            callback=future.set_result,
            error_callback=partial(self._fail, future),
            worker_init=self._begin,
        )
        return future

    def _fail(self, future: Future[T], error: BaseException) -> None:
        """Take over an exception: those that come from a worker have its traceback as their cause, mpire's own none."""
        if isinstance(error, RuntimeError) and error.__cause__ is None:
            error = BrokenProcessPool(str(error))
        if isinstance(error, BrokenProcessPool):
            self._broken = error
        future.set_exception(error)

    def _close(self) -> None:
        try:
            self._pool.stop_and_join()
        except Exception:
            if self._broken is None:
                raise

    def _terminate(self) -> None:
        self._pool.terminate()


def _initialize(initializer: Callable[..., object], initargs: tuple[Any, ...]) -> None:
    try:
        initializer(*initargs)
    except BaseException as error:
        raise BrokenProcessPool("the initializer of a worker process failed") from error
