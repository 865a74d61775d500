"""Warming: no worker is left cold, and what cannot be warmed is said."""

import threading

import pytest

from flagkit.executors import WorkersMissingError, make, warm


def test_the_function_runs_on_every_worker() -> None:
    """Each of three threads has run the function with its arguments by the time warm() returns."""
    ran: set[tuple[int, str]] = set()
    with make("thread", 3) as pool:
        seen = warm(pool, 3, lambda word: ran.add((threading.get_native_id(), word)), "flag")
    assert ran == {(thread, "flag") for _, thread in seen}


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
