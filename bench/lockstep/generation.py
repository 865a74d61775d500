"""One generation: a fresh process for each arm, all with one hash seed, through the benchmarks in one order."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bench.lockstep.arms import Arm, ArmError
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.injected.lockstep_arm.messages import Collected, Describe, Described, Message
from bench.lockstep.process import ArmDeadError, ArmProcess

Start = Callable[[Arm], ArmProcess]
_START_S = 120.0
"""How long an arm may take to import a suite or to describe its machine: no benchmark's time-out is meant for that."""


@dataclass(slots=True)
class Member:
    """An arm's process in this generation, and what it has collected; a dead one is replaced when it is needed."""

    process: ArmProcess
    collected: Collected
    is_dead: bool = False


class Generation:
    """The processes of one generation; use ``running``, which ends them whatever happens."""

    def __init__(self, members: Mapping[str, Member], start: Start, clock: Clock) -> None:
        self._members = members
        self._start = start
        self._clock = clock

    @classmethod
    @contextmanager
    def running(cls, arms: Sequence[Arm], start: Start, clock: Clock) -> Iterator["Generation"]:
        """Start an arm's process each, all at once; raises ArmError for an arm that finds no benchmarks."""
        processes: list[ArmProcess] = []
        members: dict[str, Member] = {}
        try:
            with clock.phase(Phase.STARTING):
                processes += [start(arm) for arm in arms]
                for process in processes:
                    members[process.arm.name] = Member(process, _collected(process))
            yield cls(members, start, clock)
            with clock.phase(Phase.STOPPING):
                alive = [member.process for member in members.values() if not member.is_dead]
                for process in alive:
                    process.stop()  # at once, wherever there is room: nothing is measured any more
                for process in alive:
                    process.end()
        finally:
            for process in [*processes, *(member.process for member in members.values())]:
                process.kill()

    def collected(self) -> dict[str, Collected]:
        """Return what each arm has collected."""
        return {name: member.collected for name, member in self._members.items()}

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
                member.process = self._start(member.process.arm)
            for member in dead:
                member.collected = _collected(member.process)
                member.is_dead = False
        return [self._members[name].process for name in names]

    def lost(self, name: str) -> None:
        """Note that an arm's process has died."""
        self._members[name].is_dead = True


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
        return process.receive(before_s=time.monotonic() + _START_S)
    except ArmDeadError as error:
        raise ArmError(f"arm {process.arm.name} {failed}: {process.last_words()} (it {error})") from None
