"""One generation: a fresh process for each arm, all with one hash seed, through the benchmarks in one order."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from bench.lockstep import interruption
from bench.lockstep.arms import Arm, ArmError
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.injected.lockstep_arm.messages import Collected, Describe, Described, Message
from bench.lockstep.process import ArmDeadError, ArmProcess

Start = Callable[[Arm], ArmProcess]
_START_S = 120.0
"""How long an arm may take to import a suite or to describe its machine: no benchmark's time-out is meant for that."""


@dataclass(slots=True)
class _Member:
    """An arm's process in this generation, and what it has collected; a dead one is replaced when it is needed."""

    process: ArmProcess
    collected: Collected | None = None
    is_dead: bool = False


class Generation:
    """The processes of one generation, started one by one or all at once; whoever makes one ends or kills it.

    `draws` is where all that is drawn for this generation comes from.
    """

    def __init__(self, arms: Sequence[Arm], start: Start, clock: Clock, draws: Random) -> None:
        self.draws = draws
        self._start = start
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._to_start = list(arms)

    def start_one(self) -> None:
        """Start the next arm, if there is one to start and the one before is ready."""
        is_ready = all(one.collected is not None or one.process.has_answered() for one in self._members.values())
        if self._to_start and is_ready:
            self._start_next()

    def gather(self) -> None:
        """Start what is not yet, and wait until each arm has found its benchmarks; ArmError for one that finds none."""
        while self._to_start:
            self._start_next()
        for member in self._members.values():
            if member.collected is None:
                member.collected = _collected(member.process)

    def collected(self) -> dict[str, Collected]:
        """Return what each arm has collected, once that was waited for."""
        return {name: member.collected for name, member in self._members.items() if member.collected is not None}

    def described(self) -> dict[str, dict[str, object]]:
        """Return what each arm's pytest-benchmark writes beside benchmarks; raises ArmError for one that cannot."""
        for member in self._members.values():
            member.process.doing = "its machine was described"
            with suppress(ArmDeadError):  # whose answer is then missing
                member.process.send(Describe())
        return {name: _described(member.process) for name, member in self._members.items()}

    def ready(self, names: Sequence[str]) -> list[ArmProcess]:
        """Return the processes of these arms, a fresh one for each that has died; raises ArmError if that is none."""
        dead = [self._members[name] for name in names if self._members[name].is_dead]
        with self._clock.phase(Phase.STARTING):
            for member in dead:
                with interruption.held_back():
                    member.process = self._start(member.process.arm)
            for member in dead:
                member.collected = _collected(member.process)
                member.is_dead = False
        return [self._members[name].process for name in names]

    def lost(self, name: str) -> None:
        """Note that an arm's process has died."""
        self._members[name].is_dead = True

    def leave(self, cores: tuple[int, ...]) -> None:
        """Tell the processes to end, on these cores; `end` waits for it."""
        for process in self._alive():
            process.stop(cores)

    def has_left(self) -> bool:
        """Return whether all of them have ended by themselves."""
        return all(process.has_ended() for process in self._alive())

    def end(self) -> None:
        """Wait until the processes have ended, and end what is left of them."""
        for process in self._alive():
            process.end()
        self.kill()

    def kill(self) -> None:
        """End all of it at once."""
        for member in self._members.values():
            member.process.kill()

    def _start_next(self) -> None:
        arm = self._to_start.pop(0)
        with interruption.held_back():
            self._members[arm.name] = _Member(self._start(arm))

    def _alive(self) -> list[ArmProcess]:
        return [member.process for member in self._members.values() if not member.is_dead]


def _collected(process: ArmProcess) -> Collected:
    answer = _answer(process, "did not start")
    if not isinstance(answer, Collected):
        raise ArmError(f"arm {process.arm.name} answered {type(answer).__name__} when it was started")
    if not answer.workers:
        reasons = "; ".join(f"{node}: {reason}" for node, reason in {**answer.uncollected, **answer.skipped}.items())
        raise ArmError(f"arm {process.arm.name} has no benchmarks{': ' * bool(reasons)}{reasons}")
    return answer


def _described(process: ArmProcess) -> dict[str, object]:
    answer = _answer(process, "did not describe its machine")
    if not isinstance(answer, Described):
        raise ArmError(f"arm {process.arm.name} answered {type(answer).__name__} when it was asked for its machine")
    return answer.content


def _answer(process: ArmProcess, failed: str) -> Message:
    try:
        return process.receive(before_s=time.monotonic() + _START_S, limit=f"within {_START_S:g} s")
    except ArmDeadError as error:
        raise ArmError(f"arm {process.arm.name} {failed}: {process.last_words()} (it {error})") from None
