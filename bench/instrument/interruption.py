"""Ctrl-C and SIGTERM end a run within seconds, whatever its pools are doing."""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

import pytest

from bench.instrument import leaks, reminder

GRACE_S = 1.0
AGAIN_AFTER = 5
"""Graces after which the interruption is raised again: one that came amid a pool's own locks can leave it waiting."""
_SIGNALS: dict[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interruption:
    """Turns both signals into KeyboardInterrupt, and sees to it that nothing holds that up.

    A pool that is left waits for the tasks that its workers are busy with: whatever still runs after GRACE_S is killed,
    and the pool, broken, waits no more. An exception that gets lost, as in a destructor, is raised again before the
    next test. Forked children are given the system's own way: to end at once, where KeyboardInterrupt would unwind a
    copy of pytest, or be handed back by a pool's worker as a result.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._received = False
        self._is_closing = False
        self._closed = threading.Event()
        self._replaced: list[signal.Signals] = []
        self._reminder = reminder.Reminder(self._replaced, lambda: self._received)

    def pytest_sessionstart(self) -> None:
        """Take over the signals that still do what they do by default; only a main thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number, default in _SIGNALS.items():
            if signal.getsignal(number) is default:
                signal.signal(number, self._handle)
                self._replaced.append(number)
        if self._replaced and reminder.IS_NEEDED:
            self._reminder.start()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._release_in_child)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Stop here if the exception got lost on its way."""
        if self._received:
            raise KeyboardInterrupt
        return (yield)

    def pytest_unconfigure(self) -> None:
        """Give the signals back."""
        self._closed.set()
        self._reminder.stop()
        for number in self._replaced:
            signal.signal(number, _SIGNALS[number])
        self._replaced.clear()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None]:
        """Ignore further signals: what follows, in the plugins registered later, is short and must not stop."""
        try:
            return (yield)
        finally:
            self._is_closing = True

    def _handle(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._pid:
            os._exit(128 + number)  # a child that has not yet got its own handlers
        if self._is_closing:
            return
        if not self._received:
            self._received = True
            threading.Thread(target=self._kill_what_lingers, name="interruption", daemon=True).start()
        raise KeyboardInterrupt

    def _kill_what_lingers(self) -> None:
        for second in itertools.count(1):
            if self._closed.wait(GRACE_S):
                return
            leaks.kill(leaks.descendants())
            if second % AGAIN_AFTER == 0 and hasattr(signal, "pthread_kill"):  # not on Windows
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _release_in_child(self) -> None:
        for number in self._replaced:
            signal.signal(number, signal.SIG_DFL)
        if self._replaced and reminder.IS_NEEDED:
            self._reminder.silence()
