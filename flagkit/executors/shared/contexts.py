"""A context of multiprocessing from which an executor gets our locks and our queue for its results."""

from multiprocessing.context import BaseContext
from typing import Any

from flagkit.executors.shared.results import ResultQueue
from flagkit.executors.shared.semaphores import Lock, Semaphore
from flagkit.executors.shared.tasks import prepare

__all__ = ["NamelessContext"]


class NamelessContext:
    """A context of multiprocessing whose locks have no name; all else is the other context's."""

    def __init__(self, context: BaseContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def Lock(self) -> Lock:  # noqa: N802 - the name that multiprocessing has for it
        """Return a lock that no killed process can hold."""
        return Lock()

    def BoundedSemaphore(self, value: int = 1) -> Semaphore:  # noqa: N802 - likewise
        """Return a semaphore, which does not check its bound."""
        return Semaphore(value)

    def SimpleQueue(self) -> ResultQueue:  # noqa: N802 - likewise
        """Return the queue that the executor receives its results from."""
        return ResultQueue(self.Lock(), prepare)
