"""A signal that was overlooked is sent again, until it is handled and not once more."""

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from bench.instrument import reminder
from bench.instrument.reminder import Reminder

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system cannot signal a thread")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remind often."""
    monkeypatch.setattr(reminder, "AGAIN_S", 0.02)


@pytest.fixture
def seen() -> Iterator[list[int]]:
    """Return the list of the signals that came, SIGUSR1 and SIGUSR2 among them."""
    seen: list[int] = []
    before = {number: signal.signal(number, lambda n, _: seen.append(n)) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


def wait_until(number: int, seen: list[int]) -> None:
    """Wait until so many have come, and a moment for more."""
    deadline_s = time.monotonic() + 30
    while len(seen) < number:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    time.sleep(0.1)


def test_a_signal_is_repeated_until_it_is_handled(seen: list[int]) -> None:
    """It comes a third time where the first two come to nothing, and no fourth time."""
    one = Reminder([signal.SIGUSR1], lambda: len(seen) >= 3)
    one.start()
    os.kill(os.getpid(), signal.SIGUSR1)
    wait_until(3, seen)
    one.stop()
    assert seen == [signal.SIGUSR1] * 3


def test_other_signals_are_not_repeated(seen: list[int]) -> None:
    """They are somebody else's."""
    one = Reminder([signal.SIGUSR1], lambda: False)
    one.start()
    os.kill(os.getpid(), signal.SIGUSR2)
    wait_until(1, seen)
    one.stop()
    assert seen == [signal.SIGUSR2]


def test_a_stopped_one_repeats_nothing_and_gives_back_what_it_replaced(seen: list[int]) -> None:
    """Stopping amid the repetitions ends them; whoever listened before listens again."""
    before = signal.set_wakeup_fd(-1)
    try:
        one = Reminder([signal.SIGUSR1], lambda: False)
        one.start()
        os.kill(os.getpid(), signal.SIGUSR1)
        wait_until(2, seen)
        one.stop()
        one.stop()
        count = len(seen)
        wait_until(count, seen)
        assert len(seen) <= count + 1  # one may have been on its way
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.set_wakeup_fd(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_silenced_child_reminds_nobody(seen: list[int]) -> None:
    """A signal to the child is not repeated to the parent."""
    one = Reminder([signal.SIGUSR1], lambda: False)
    one.start()
    child = os.fork()
    if child == 0:
        Reminder.silence()
        os.kill(os.getpid(), signal.SIGUSR1)
        os._exit(len(seen))
    _, status = os.waitpid(child, 0)
    wait_until(0, seen)
    one.stop()
    assert os.waitstatus_to_exitcode(status) == 1
    assert seen == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who wrote into a socket")
def test_a_child_that_gets_a_signal_before_it_is_silenced_reminds_nobody(seen: list[int]) -> None:
    """A pool ends its workers with SIGTERM, and one that was just forked has not run a line of Python yet."""
    one = Reminder([signal.SIGUSR1], lambda: False)
    one.start()
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGUSR1)
        os._exit(len(seen))
    _, status = os.waitpid(child, 0)
    wait_until(0, seen)
    one.stop()
    assert os.waitstatus_to_exitcode(status) == 1
    assert seen == []
