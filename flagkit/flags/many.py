"""Download many flags by any executor kind: every code ends in one result, whatever happens to the workers."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Any

from flagkit.flags.client import TIMEOUT_S, Job, remove_temporary_files
from flagkit.flags.pool import DownloadPool, WorkersError
from flagkit.flags.results import Result, Tally

__all__ = ["DownloadInterruptedError", "download_many"]

POLL_S = 0.5
"""How often the wait for results lets a signal through where a wait without end would not (Windows)."""
GRACE_S = 1.0
"""What is in flight when the run is interrupted has this long to end."""

Progress = Callable[[Result], object]


class DownloadInterruptedError(KeyboardInterrupt):
    """Ctrl-C came; `tally` has the results so far."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(f"interrupted after {len(tally.results)} codes")
        self.tally = tally


def download_many(
    codes: Iterable[str],
    *,
    base_url: str,
    dest: Path | str = "downloads",
    executor: str | Executor = "thread",
    executor_options: Mapping[str, Any] = MappingProxyType({}),
    workers: int | None = None,
    timeout_s: float = TIMEOUT_S,
    retries: int = 0,
    progress: Progress | None = None,
) -> Tally:
    """Download the flags of `codes` and return what became of each; the counts always add up to the codes.

    `executor` is a kind of `flagkit.executors.EXECUTORS`, made and shut down here with `workers` workers and
    `executor_options`, or an executor of the caller's, which stays open, and so do its workers' sessions. `progress`
    is called in this thread with each result as it comes. Codes are taken from the iterable as they are needed, a few
    a worker ahead.

    When a process of a pool dies, the pool is replaced and the codes that it had are tried once more. Ctrl-C raises
    DownloadInterruptedError with the tally so far. Raises the errors of `flagkit.executors.make` for the kind, and
    WorkersError where the system starts no further worker.
    """
    job = Job(base_url.rstrip("/"), Path(dest).absolute(), timeout_s, retries)  # a worker may be in another folder
    pool = DownloadPool(executor, workers, executor_options)
    run = _Run(pool, job, progress)
    try:
        tally = run.work(codes)
        pool.close()
    except KeyboardInterrupt:
        for step in (run.wind_down, pool.abandon, partial(remove_temporary_files, job)):
            with suppress(KeyboardInterrupt):  # who is impatient cuts a step short, and still has the results
                step()
        raise DownloadInterruptedError(run.tally()) from None
    except WorkersError:
        job.stop.set()
        pool.abandon()  # it may be too incomplete to be closed
        remove_temporary_files(job)
        raise
    except BaseException:
        job.stop.set()
        pool.close()
        raise
    return tally


@dataclass(frozen=True, slots=True)
class _Task:
    """A code on an executor; `lost` says that an executor has broken with it before."""

    number: int
    code: str
    executor: Executor
    lost: bool = False


class _Run:
    """One download_many: keeps a few codes in flight, and settles each as it is done."""

    def __init__(self, pool: DownloadPool, job: Job, progress: Progress | None) -> None:
        self._pool = pool
        self._job = job
        self._progress = progress
        # By number, so that Ctrl-C between two statements of _record can lose no result and count none twice.
        self._results: dict[int, Result] = {}
        self._in_flight: dict[Future[Result], _Task] = {}
        self._done: SimpleQueue[Future[Result]] = SimpleQueue()
        self._started = time.perf_counter()

    def tally(self) -> Tally:
        elapsed_s = time.perf_counter() - self._started
        return Tally(tuple(self._results.values()), self._pool.workers, elapsed_s, self._pool.replaced)

    def work(self, codes: Iterable[str]) -> Tally:
        """Bring every code to its end."""
        # One code runs while the next is at hand. The serial executor runs it at once, so there nothing is ahead.
        ahead = 1 if self._pool.workers == 1 else 2 * self._pool.workers
        for number, code in enumerate(codes):
            while len(self._in_flight) >= ahead:
                self._settle_next()
            self._start(_Task(number, code, self._pool.executor))
            while not self._done.empty():
                self._settle_next()
        while self._in_flight:
            self._settle_next()
        return self.tally()

    def wind_down(self) -> None:
        """Begin nothing more, and take the results of what ends within the grace."""
        self._job.stop.set()
        running = [future for future in self._in_flight if not future.cancel()]
        try:
            wait(running, timeout=GRACE_S)
        finally:  # a second Ctrl-C: no grace
            for future in running:
                if future.done() and future.exception() is None:
                    self._results[self._in_flight[future].number] = future.result()

    def _start(self, task: _Task) -> None:
        try:
            future = self._pool.submit(task.code, self._job)
        except BrokenExecutor as error:
            self._lose(task, error)
        except RuntimeError as error:  # no further thread can be started
            self._record(task, Result.failed(task.code, error))
        else:
            self._in_flight[future] = task
            future.add_done_callback(self._done.put)

    def _settle_next(self) -> None:
        """Wait for a code to end, and take its result."""
        future = None
        while future is None:
            with suppress(Empty):
                future = self._done.get(timeout=POLL_S)
        task = self._in_flight[future]
        try:
            result = future.result()
        except BrokenExecutor as error:
            self._lose(task, error)
        except Exception as error:  # noqa: BLE001 - a worker that cannot even begin: the code ends in an error
            self._record(task, Result.failed(task.code, error))
        else:
            self._record(task, result)
        del self._in_flight[future]

    def _lose(self, task: _Task, error: BrokenExecutor) -> None:
        """Try once more on a new executor: a worker died, and the old one with it, whoever's task it was."""
        if self._pool.replace(task.executor) and not task.lost:
            self._start(_Task(task.number, task.code, self._pool.executor, lost=True))
        else:
            self._record(task, Result.failed(task.code, f"a worker died ({error})"))

    def _record(self, task: _Task, result: Result) -> None:
        self._results[task.number] = result
        if self._progress is not None:
            self._progress(result)
