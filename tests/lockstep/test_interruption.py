"""Ctrl-C and SIGTERM: held back where something would get lost, heeded elsewhere, and done as before in the end."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.lockstep import interruption
from bench.lockstep.arms import Arm
from bench.lockstep.controller import Lockstep
from bench.lockstep.cost import Clock
from bench.lockstep.generation import Generation
from bench.lockstep.pinning import usable
from bench.lockstep.succession import Succession
from tests.lockstep.conftest import Silent

NUMBERS = (signal.SIGINT, signal.SIGTERM)
ARMS = [Arm(name, Path(sys.executable), Path()) for name in ("base", "head")]


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Let signals raise KeyboardInterrupt, and not stop the tests."""
    before = [signal.getsignal(number) for number in NUMBERS]
    with interruption.heeded():
        yield
    assert [signal.getsignal(number) for number in NUMBERS] == before


class Victim:
    """Stands for a process or a generation; the signal comes once more as it is killed."""

    def __init__(self) -> None:
        self.is_killed = False

    def kill(self) -> None:
        """End."""
        self.is_killed = True
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", NUMBERS)
def test_held_back_until_the_block_has_ended(number: signal.Signals) -> None:
    """A signal interrupts what follows the outermost block, once, however often it came."""
    done = []

    def work() -> None:
        with interruption.held_back():
            with interruption.held_back():
                signal.raise_signal(number)
                done.append("inner")
            signal.raise_signal(number)
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    done.append("once")

    assert done == ["inner", "outer", "once"]


@pytest.mark.parametrize("number", NUMBERS)
def test_heeded_within_what_is_held_back(number: signal.Signals) -> None:
    """What is told of an interruption is not interrupted again, though the work before it was."""
    told = []

    def work() -> None:
        with interruption.held_back():
            with suppress(KeyboardInterrupt), interruption.heeded():
                signal.raise_signal(number)
                told.append("went on")
            signal.raise_signal(number)
            told.append("interrupted")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert told == ["interrupted"]


def test_held_back_in_another_thread() -> None:
    """There it does nothing, as no signal is heard there."""
    done = []

    def work() -> None:
        with interruption.held_back():
            done.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done == [before]


def test_interrupted_as_a_process_starts() -> None:
    """The generation knows the process by then, and ends it."""
    started: list[Victim] = []

    def start(_: Arm) -> Any:
        started.append(Victim())
        signal.raise_signal(signal.SIGINT)
        return started[-1]

    generation = Generation(ARMS, start, Clock(), Random(1))

    with pytest.raises(KeyboardInterrupt):
        generation.gather()
    with suppress(KeyboardInterrupt):
        generation.kill()
    assert [victim.is_killed for victim in started] == [True]


def test_interrupted_again_while_processes_are_ended() -> None:
    """The rest of them are ended all the same, and nothing of the private folder is left."""
    lockstep = Lockstep(ARMS, base="base", arguments=(), seed=1, timeout_s=1, watcher=Silent())
    succession: Any = Succession(NotImplemented, 1, usable(), Clock())
    victims = [Victim(), Victim(), Victim()]
    succession._last, succession._current, succession._coming = victims
    lockstep._succession = succession

    with pytest.raises(KeyboardInterrupt), lockstep:
        signal.raise_signal(signal.SIGINT)

    assert [victim.is_killed for victim in victims] == [True, True, True]
    assert not lockstep.folder.exists()
