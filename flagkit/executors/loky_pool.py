"""loky's process pool as an executor kind (extra `loky`)."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import loky

from flagkit.executors.adapter import Adapter

__all__ = ["LokyExecutor"]

T = TypeVar("T")


class LokyExecutor(Adapter):
    """`loky.ProcessPoolExecutor`: fresh processes, cloudpickle; `options` go to its constructor."""

    def __init__(self, workers: int, **options: Any) -> None:
        super().__init__()
        self._pool = loky.ProcessPoolExecutor(workers, **options)

    def _send(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[T]:
        # Its submit() has parameters of its own names, which those of a task must not meet
        task = partial(function, **kwargs) if kwargs else function
        future: Future[T] = self._pool.submit(task, *args)
        return future

    def _close(self) -> None:
        self._pool.shutdown()

    def _terminate(self) -> None:
        self._pool.shutdown(kill_workers=True)
