"""The serial executor: the caller's own thread, behind the interface of the others."""

import threading

import pytest

from flagkit.executors import SerialExecutor


def test_a_task_runs_before_submit_returns() -> None:
    """The future is done when it is handed out."""
    with SerialExecutor() as executor:
        assert executor.submit(len, "four").done()


def test_a_task_runs_in_the_callers_thread() -> None:
    """No other thread is involved."""
    with SerialExecutor() as executor:
        assert executor.submit(threading.get_ident).result() == threading.get_ident()


def test_an_interrupt_is_the_callers() -> None:
    """KeyboardInterrupt is not swallowed into a future: Ctrl-C must end the program."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with SerialExecutor() as executor, pytest.raises(KeyboardInterrupt):
        executor.submit(interrupt)
