"""Warming: no worker is left cold, and what cannot be warmed is said."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from flagkit.executors import WorkersMissingError, make, warm
from flagkit.executors.warming import first_seen


def test_the_function_runs_on_every_worker() -> None:
    """Each of three threads has run the function with its arguments by the time warm() returns."""
    ran: set[tuple[int, str]] = set()
    with make("thread", 3) as pool:
        seen = warm(pool, 3, lambda word: ran.add((threading.get_native_id(), word)), "flag")
    assert ran == {(thread, "flag") for _, thread in seen}


def test_it_is_known_when_a_worker_was_there() -> None:
    """When it had run the function for the first time, however long the tasks that look for the others stay."""
    with make("process-spawn", 2) as pool:
        began = time.monotonic()
        seen = first_seen(pool, 2)
        took = time.monotonic() - began

    assert len(seen) == 2
    assert all(0 < ran_s - began < took for ran_s in seen.values())


class Starting(Executor):
    """Stands for a pool that starts a thread where none is idle, each in a millisecond; no time passes."""

    def __init__(self, threads: int) -> None:
        self.submitted = 0
        self._threads = threads
        self._now_s = 0.0
        self._busy_until_s: list[float] = []

    def submit(self, _: Callable[..., Any], /, *args: Any, **__: Any) -> Future[Any]:
        """Have the task done, by a thread that stays for as long as it is told."""
        stay_s = args[0]
        if self.submitted % self._threads == 0:  # the tasks before this one have been waited for
            self._now_s = max([self._now_s, *self._busy_until_s])
        self.submitted += 1
        self._now_s += 0.001
        idle = (place for place, until_s in enumerate(self._busy_until_s) if until_s <= self._now_s)
        place = next(idle, len(self._busy_until_s))
        self._busy_until_s[place : place + 1] = [self._now_s + stay_s]
        done: Future[Any] = Future()
        done.set_result(((1, place), self._now_s))
        return done


@pytest.mark.parametrize("threads", [1, 2, 32, 64])
def test_threads_that_start_slowly_are_seen_at_once(threads: int) -> None:
    """The first ones stay until the last one has come, so that each task finds none idle."""
    pool = Starting(threads)
    assert len(first_seen(pool, threads)) == threads
    assert pool.submitted == threads


def test_a_worker_that_is_not_there_is_missed() -> None:
    """A pool of one worker cannot show two: the error counts them."""
    with make("serial") as pool, pytest.raises(WorkersMissingError, match="1 of 2 workers"):
        warm(pool, 2, timeout=0.05)


def test_a_worker_that_does_not_answer_is_missed() -> None:
    """A function that outlasts the time-out is an error as well, not a hang."""
    release = threading.Event()
    with make("thread", 1) as pool:
        with pytest.raises(WorkersMissingError, match="0 of 1 workers"):
            warm(pool, 1, release.wait, timeout=0.05)
        release.set()


def test_an_exception_of_the_function_is_raised() -> None:
    """A function that fails while warming fails the caller: nothing would be measured rightly after it."""
    with make("thread", 2) as pool, pytest.raises(ZeroDivisionError):
        warm(pool, 2, lambda: 1 / 0)
