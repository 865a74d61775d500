"""What a gate run found, as frozen records: the only form in which the exporters and the exit status know it.

Ratios are head / base of time: above 1 is slower. README.md beside this file describes the JSON of these records.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeAlias

from bench.gate.procedure.rules import ALPHA, ALPHA_SUITE, DELTA, LIMIT_GAP, POWER

SCHEMA = 1

Outcome: TypeAlias = Literal["pass", "regression", "could not run", "changed", "inconclusive"]
Decision: TypeAlias = Literal["slower", "faster", "no change", "inconclusive", "added", "removed", "failed"]
Stage: TypeAlias = Literal["screen", "confirm"]


class Status(IntEnum):
    """Exit statuses."""

    PASS = 0
    REGRESSION = 1
    USAGE = 2
    COULD_NOT_RUN = 3
    CHANGED = 4
    INCONCLUSIVE = 5
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: the ref as given, the commit that it means, and whether uncommitted changes were measured."""

    ref: str
    commit: str
    dirty: bool
    packages: tuple[str, ...]
    """What each process proved to have imported, as "name version" each."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one benchmark.

    `ratio` with its 95% interval by generations is an estimate and decides nothing; `bound` and `p` belong to the
    decision and are there for a confirmed benchmark alone. `found` is the least ratio that this run would have found
    with 90% power. All of these are None where nothing was measured; `why` says what happened then.
    """

    name: str
    decision: Decision
    why: str
    stage: Stage | None = None
    generations: int = 0
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    delta: float | None = None
    p: float | None = None
    bound: float | None = None
    found: float | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """What one stage measured, fixed before it began."""

    generations: int
    rounds: int
    benchmarks: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of one benchmark in processes of its own; bytes, medians of `processes` an arm."""

    name: str
    base_bytes: int
    head_bytes: int
    ratio: float
    limit: float
    processes: int
    decision: Literal["more", "less", "no change"]


@dataclass(frozen=True, slots=True)
class Instructions:
    """Advisory: user-space instructions of one benchmark's process on each side, by `perf stat`."""

    name: str
    base: int
    head: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What was held to, fixed before anything was measured."""

    alpha: float
    alpha_suite: float
    delta: float
    delta_suite: float
    limit: float
    power: float
    allow_removed: bool
    inconclusive: Literal["pass", "fail"]

    @classmethod
    def of(
        cls, delta: float = DELTA, *, allow_removed: bool = False, inconclusive: Literal["pass", "fail"] = "pass"
    ) -> "Rules":
        """Return the gate's rules for the change that is let pass, 0.01 for 1%."""
        return cls(
            alpha=ALPHA,
            alpha_suite=ALPHA_SUITE,
            delta=delta,
            delta_suite=delta / 2,
            limit=delta + LIMIT_GAP,
            power=POWER,
            allow_removed=allow_removed,
            inconclusive=inconclusive,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate run's answer, whole enough to be judged again by a reader."""

    outcome: Outcome
    status: Status
    line: str
    why: tuple[str, ...]
    base: Side | None
    head: Side | None
    rules: Rules
    budget_s: float
    wall_s: float
    started: str
    machine: str
    promised: float | None = None
    """The slowdown that each benchmark but the noisiest twentieth was to be found at, as told before measuring."""
    pilot: Sizes | None = None
    screen: Sizes | None = None
    confirm: Sizes | None = None
    suite: Finding | None = None
    benchmarks: tuple[Finding, ...] = ()
    memory: tuple[Memory, ...] = ()
    memory_note: str = ""
    instructions: tuple[Instructions, ...] = ()
    instructions_note: str = ""
