"""What a run has measured so far: rounds by benchmark, generation and arm, and all that was refused, with reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bench.lockstep.estimate import PairedRounds


class Why(StrEnum):
    """Why an arm has no result for a benchmark."""

    ABSENT = "absent"
    SKIPPED = "skipped"
    FAILED = "failed"
    DIED = "died"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A benchmark without a result on an arm; `generation` is when that was found, None before the first."""

    benchmark: str
    arm: str
    why: Why
    reason: str
    generation: int | None = None

    def __str__(self) -> str:
        return f"{self.benchmark}: {self.arm}: {self.why}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds of one benchmark in one generation, by arm: seconds per call, and the place in each turn (0 first).

    Index i of all arms is turn i: they were measured directly one after the other.
    """

    generation: int
    iterations: int
    cores: tuple[int, ...]
    times_s: Mapping[str, tuple[float, ...]]
    places: Mapping[str, tuple[int, ...]]


@dataclass(slots=True)
class Recording:
    """What is known of a run; it grows benchmark by benchmark, and holds complete ones only."""

    arms: tuple[str, ...]
    base: str
    rounds: dict[str, list[Rounds]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    described: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """What pytest-benchmark says of a benchmark beside its times, by node id and arm."""

    def heads(self, nodeid: str) -> tuple[str, ...]:
        """Return the arms other than the base that have a result for a benchmark, if the base has one too."""
        out = {refusal.arm for refusal in self.refusals if refusal.benchmark == nodeid}
        if nodeid not in self.rounds or self.base in out:
            return ()
        return tuple(arm for arm in self.arms if arm != self.base and arm not in out)

    def measured(self, arm: str) -> Iterable[str]:
        """Return the benchmarks for which an arm has a result that can be compared."""
        for nodeid in self.rounds:
            heads = self.heads(nodeid)
            if arm in heads or (heads and arm == self.base):
                yield nodeid

    def pairs(self, nodeid: str, head: str) -> Sequence[PairedRounds]:
        """Return the rounds of the base and of another arm that took turns, one element a generation."""
        return [
            PairedRounds(generation.times_s[self.base], generation.times_s[head])
            for generation in self.rounds[nodeid]
            if {self.base, head} <= generation.times_s.keys()
        ]

    def refused(self, nodeid: str, arm: str) -> bool:
        """Return whether an arm has been found to have no result for a benchmark."""
        return any(refusal.benchmark == nodeid and refusal.arm == arm for refusal in self.refusals)
