"""What the adapters of other libraries' pools have in common: the parts of the Executor interface that they lack."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar, cast

from flagkit.executors.chunks import map_in_chunks

__all__ = ["Adapter"]

P = ParamSpec("P")
T = TypeVar("T")


class Adapter(Executor):
    """An executor on another library's pool: `_send` hands a task over, `_close` and `_terminate` end it.

    map() takes chunks and, since Python 3.14, a buffersize; shutdown() can cancel what can still be cancelled, and need
    not wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: set[Future[Any]] = set()
        self._shut_down = False
        self._closing: threading.Thread | None = None

    def _send(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[T]:
        raise NotImplementedError

    def _close(self) -> None:
        """Finish what was sent, and end the workers."""
        raise NotImplementedError

    def _terminate(self) -> None:
        """End the workers at once."""
        raise NotImplementedError

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand a task to the pool; RuntimeError after shutdown."""
        with self._lock:
            if self._shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            future = self._send(fn, args, kwargs)
            self._pending.add(future)
        future.add_done_callback(self._forget)
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
        """Map as ProcessPoolExecutor does; `buffersize` since Python 3.14."""
        if chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout, **options)
        chunked = cast("Callable[..., Iterator[list[T]]]", super().map)
        return map_in_chunks(chunked, fn, *iterables, chunksize=chunksize, timeout=timeout, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the interface's own
        """Refuse further tasks, and end the workers when those that are left are done."""
        with self._lock:
            self._shut_down = True
            pending = list(self._pending) if cancel_futures else []
        for future in pending:
            future.cancel()
        with self._lock:
            if self._closing is None:
                self._closing = threading.Thread(target=self._close, name=f"{type(self).__name__}-shutdown")
                self._closing.start()
        if wait:
            self._closing.join()

    def terminate_workers(self) -> None:
        """End the workers at once, whatever they do; ProcessPoolExecutor has it since Python 3.14."""
        with self._lock:
            self._shut_down = True
        self._terminate()

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._pending.discard(future)
