"""Threads that are released together: for measuring what they do to each other, without a pool between them."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

__all__ = ["Crew"]


class Crew:
    """So many threads, kept for the length of a `with` block, that take one job each and start at a barrier.

    A pool hands tasks out one after the other, so that the first may end before the last begins. A crew's jobs begin
    when all threads stand ready, and `run` returns when the last has ended.
    """

    def __init__(self, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"a crew has at least 1 thread, not {threads}")
        self._barrier = threading.Barrier(threads + 1)
        self._jobs: Sequence[Callable[[], Any]] = ()
        self._results: list[Any] = [None] * threads
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work, args=(index,), daemon=True) for index in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Broken, so that nobody waits at it any more: Ctrl-C may have come at either of its two turns
        self._barrier.abort()
        for thread in self._threads:
            thread.join()

    def run(self, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run a job on each thread, all at once; return their results in order, or raise the first error of a job."""
        if len(jobs) != len(self._threads):
            raise ValueError(f"{len(self._threads)} threads take as many jobs, not {len(jobs)}")
        self._jobs = jobs
        self._errors.clear()
        self._barrier.wait()
        self._barrier.wait()
        if self._errors:
            raise self._errors[0]
        return list(self._results)

    def _work(self, index: int) -> None:
        with suppress(threading.BrokenBarrierError):  # the end of the block
            while True:
                self._barrier.wait()
                try:
                    self._results[index] = self._jobs[index]()
                except BaseException as error:  # noqa: BLE001 - run() raises it where it can be handled
                    self._errors.append(error)
                self._barrier.wait()
