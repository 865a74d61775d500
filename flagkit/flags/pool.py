"""A pool of workers that is made again when one of them dies."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flagkit import executors
from flagkit.cpus import usable_cpus
from flagkit.executors.adapter import Adapter
from flagkit.executors.serial import SerialExecutor
from flagkit.flags.client import Job, download_one
from flagkit.flags.results import Result
from flagkit.flags.sessions import close_sessions_of_ended_threads
from flagkit.flags.workers import begin_worker_process, without_interrupts

__all__ = ["Concurrency", "DownloadPool", "WorkersError", "concurrency"]

MOST_PROCESSES = 100
MOST_REPLACEMENTS = 5
"""Pools that may break before the rest of the codes are given up."""


class WorkersError(Exception):
    """The system starts no further worker; the message says why."""

    def __init__(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        super().__init__(f"no further worker can be started ({reason})")


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many workers a kind has when nothing is said, and how many it may have."""

    default: int
    most: int


def concurrency(kind: str) -> Concurrency:
    """Return the concurrency of a kind: threads wait cheaply, a process or interpreter is a whole Python each.

    UnknownKindError for a kind that the registry does not have.
    """
    spec = executors.resolve(kind)
    if spec.family == "serial":
        return Concurrency(1, 1)
    if spec.family == "thread":
        return Concurrency(30, 1000)
    most = min(MOST_PROCESSES, spec.max_workers or MOST_PROCESSES)
    return Concurrency(min(usable_cpus(), most), most)


class DownloadPool:
    """Runs `download_one` on an executor: one of a kind, made and closed here, or one of the caller's.

    WorkersError where the system lacks what a worker takes: a process, memory, an open file.
    """

    def __init__(
        self, executor: str | Executor, workers: int | None, options: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self._make: Callable[[], Executor] | None = None
        self._starts_processes = False
        self.replaced = 0
        if isinstance(executor, Executor):
            usual = 1 if isinstance(executor, SerialExecutor) else concurrency("thread").default
            self.workers = workers or usual
            self.executor = executor
            return
        spec = executors.resolve(executor)
        count = concurrency(spec.kind).default if workers is None else workers
        self._starts_processes = spec.family == "process"
        own = {"initializer": begin_worker_process} if self._starts_processes else {}

        def make() -> Executor:
            try:
                with without_interrupts():  # some start their workers here
                    return executors.make(spec.kind, count, **own, **options)
            except OSError as error:
                raise WorkersError(error) from error

        self._make = make
        self.workers = count
        self.executor = self._make()

    def submit(self, code: str, job: Job) -> Future[Result]:
        """Submit one code. Raises what the executor raises: BrokenExecutor when a worker has died."""
        try:
            with without_interrupts() if self._starts_processes else nullcontext():
                return self.executor.submit(download_one, code, job)
        except (EOFError, OSError) as error:  # EOFError: the process that is to fork has ended, as it could not
            raise WorkersError(error) from error

    def replace(self, broken: Executor) -> bool:
        """Put a new executor in the place of `broken`, unless that has been done; False when it cannot be."""
        if broken is not self.executor:
            return True
        if self._make is None or self.replaced == MOST_REPLACEMENTS:
            return False
        self.replaced += 1
        broken.shutdown(wait=False, cancel_futures=True)
        self.executor = self._make()
        return True

    def close(self) -> None:
        """Shut down the executor that was made here, and close its workers' sessions."""
        if self._make is not None:
            self.executor.shutdown(cancel_futures=True)
            close_sessions_of_ended_threads()

    def abandon(self) -> None:
        """Shut down without waiting for what is in flight: processes are ended, threads are left to themselves."""
        if self._make is not None and isinstance(self.executor, Adapter):
            self.executor.terminate_workers()
        elif self._make is not None:
            # Since 3.14 there is kill_workers, which finds them in the same place. SIGTERM could be lost: in a worker
            # that has just been forked by a program with a handler for it.
            processes = list((getattr(self.executor, "_processes", None) or {}).values())
            for process in processes:
                process.kill()
            self.executor.shutdown(wait=bool(processes), cancel_futures=True)
            for process in processes:  # for which nobody else waits if not all could be started
                process.join()
            close_sessions_of_ended_threads()
