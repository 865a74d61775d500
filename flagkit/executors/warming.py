"""Make sure that a pool is ready: every worker started, and the code that it will run imported and run once."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, wait
from operator import itemgetter
from typing import Any

__all__ = ["WorkersMissingError", "first_seen", "warm"]

WorkerId = tuple[int, int]


class WorkersMissingError(TimeoutError):
    """Not every worker took up a task in time."""


def warm(
    executor: Executor,
    workers: int,
    function: Callable[..., object] | None = None,
    /,
    *args: Any,
    timeout: float = 60.0,
) -> frozenset[WorkerId]:
    """Return once `workers` workers have each run `function(*args)`, as (process id, native thread id) of each.

    WorkersMissingError after `timeout` seconds; an exception of `function` is raised as it is.
    """
    return frozenset(first_seen(executor, workers, function, *args, timeout=timeout))


def first_seen(
    executor: Executor,
    workers: int,
    function: Callable[..., object] | None = None,
    /,
    *args: Any,
    timeout: float = 60.0,
) -> dict[WorkerId, float]:
    """Return as `warm` does, and when each had run `function(*args)` for the first time, by time.monotonic().

    A task that has run stays with its worker for some milliseconds a worker, so that the next one goes to another;
    rounds repeat, with longer stays, until all have been seen.
    """
    deadline = time.monotonic() + timeout
    seen: dict[WorkerId, float] = {}
    stay_s = 0.004 * workers  # threads start one after the other, each where a task finds none that is idle
    while len(seen) < workers:
        futures = [executor.submit(_touch, stay_s, function, args) for _ in range(workers)]
        done, late = wait(futures, timeout=max(0.0, deadline - time.monotonic()))
        for worker, ran_s in sorted((future.result() for future in done), key=itemgetter(1)):
            seen.setdefault(worker, ran_s)
        if late or (len(seen) < workers and time.monotonic() >= deadline):
            for future in late:
                future.cancel()
            raise WorkersMissingError(f"{len(seen)} of {workers} workers were seen within {timeout:g} s")
        stay_s = min(2 * stay_s, 0.5)
    return seen


def _touch(stay_s: float, function: Callable[..., object] | None, args: tuple[Any, ...]) -> tuple[WorkerId, float]:
    if function is not None:
        function(*args)
    ran_s = time.monotonic()
    time.sleep(stay_s)
    return (os.getpid(), threading.get_native_id()), ran_s
