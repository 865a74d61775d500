"""joblib's process pool as an executor kind (extra `peers`)."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from joblib.executor import get_memmapping_executor

from flagkit.executors.adapter import Adapter

__all__ = ["JoblibExecutor"]

T = TypeVar("T")


class JoblibExecutor(Adapter):
    """The pool that `joblib.Parallel` runs on: loky's, with large arrays going to the workers as memory-mapped files.

    joblib has one such pool a process, so two of these are the same.
    """

    def __init__(
        self,
        workers: int,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        super().__init__()
        self._pool = get_memmapping_executor(workers, initializer=initializer, initargs=initargs)

    def _send(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[T]:
        # Its submit() has parameters of its own names, which those of a task must not meet
        task = partial(function, **kwargs) if kwargs else function
        future: Future[T] = self._pool.submit(task, *args)
        return future

    def _close(self) -> None:
        self._pool.terminate()

    def _terminate(self) -> None:
        self._pool.terminate(kill_workers=True)
