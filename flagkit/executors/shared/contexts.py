"""A context of multiprocessing that gives an executor our queue for its results, and nothing with a name."""

import threading
from multiprocessing.context import BaseContext
from typing import Any

from flagkit.executors.shared.results import ResultQueue
from flagkit.executors.shared.tasks import prepare

__all__ = ["NamelessContext"]


class NamelessContext:
    """Another context, but for what the executor makes its queues of: why, is said in `semaphores`."""

    def __init__(self, context: BaseContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def Lock(self) -> Any:  # noqa: N802 - the name that multiprocessing has for it
        """Return any lock: for the executor's own queue of calls, which is never used."""
        return threading.Lock()

    def BoundedSemaphore(self, value: int = 1) -> Any:  # noqa: N802 - likewise
        """Return any semaphore, for the same."""
        return threading.BoundedSemaphore(value)

    def SimpleQueue(self) -> ResultQueue:  # noqa: N802 - likewise
        """Return the queue that the executor receives its results from."""
        return ResultQueue(prepare)
