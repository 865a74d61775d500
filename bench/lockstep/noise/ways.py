"""The ways of measuring whose noise is told: each a name and what measures once by it."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from bench.lockstep import identical, pinning
from bench.lockstep.arms import ArmError
from bench.lockstep.estimate import PairedRounds
from bench.lockstep.identical import IdenticalError
from bench.lockstep.noise import blocks, pairs, suite_twice
from bench.lockstep.noise.pairs import LiveProcessError, Turns
from bench.lockstep.noise.spread import Observation
from bench.lockstep.noise.suite_twice import SuiteError
from bench.lockstep.workloads import WORKLOADS

SERIAL_ROUND_S: Final = 0.005
POOL_ROUND_S: Final = 0.007
ROUNDS: Final = 30
SPLIT: Final = 5
LOCKSTEP_WORKLOADS: Final = 3
"""The benchmarks of a generation of lockstep, which takes longer to start than to measure one."""
THREADS_WORKLOAD: Final = "sha256"
"""Releases the GIL where it hashes, so that two threads use two cores on every Python."""
GIL_WORKLOAD: Final = "recursion"
"""Holds the GIL throughout, and without one shares no object whose references would have to be counted."""
FAILURES: Final = (ArmError, IdenticalError, LiveProcessError, SuiteError, OSError)
"""What can go wrong while measuring; `words` says it in one line."""
_BETWEEN = (("3.14", "3.11"), ("3.14", "3.14t"))


@dataclass(frozen=True, slots=True)
class Measured:
    """What one go gives: log ratios that share their luck, and the rounds where they were taken in turn."""

    observations: tuple[Observation, ...]
    rounds: PairedRounds | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A way of measuring: `measure` goes once, and its name is the row's.

    `identical` says that both sides run the same code on the same Python, so that the true ratio is 1. `share` is its
    share of the time, beside 1 for others. `missing` is the reason why it cannot be measured here, or None.
    """

    name: str
    measure: Callable[[Random], Measured]
    identical: bool = True
    share: float = 1.0
    missing: str | None = None


def wanted_pythons() -> frozenset[str]:
    """Return the versions that rows between two Pythons ask for."""
    return frozenset(name for names in _BETWEEN for name in names)


def ways(pythons: Mapping[str, str]) -> tuple[Way, ...]:
    """Return the rows in order, those between Pythons with the interpreters that were found, by version."""
    serial = Turns("serial", SERIAL_ROUND_S, ROUNDS)
    return (
        Way(
            "two runs of a suite, one after the other",
            lambda random: Measured(tuple(suite_twice.observe(random))),
            share=3,
        ),
        Way(
            "blocks of 0.25 to 0.5 s, base then head, in one process",
            lambda random: Measured(tuple(blocks.observe(random))),
        ),
        Way("two live processes in turn, 5 ms rounds, on any core", _turns(serial, WORKLOADS)),
        Way("the same, both on one core, order drawn each round", _lockstep(1), missing=pinning.usable().reason),
        Way("the same in 1 ms rounds, five times as many", _lockstep(SPLIT), missing=pinning.usable().reason),
        Way(
            "two thread pools of 2 in turn, 7 ms rounds",
            _turns(Turns("threads", POOL_ROUND_S, ROUNDS), [THREADS_WORKLOAD]),
        ),
        Way(
            "two process pools of 2 in turn, 7 ms rounds",
            _turns(Turns("processes", POOL_ROUND_S, ROUNDS), [GIL_WORKLOAD]),
        ),
        *(_between(base, head, pythons) for base, head in _BETWEEN),
    )


def _lockstep(split: int) -> Callable[[Random], Measured]:
    def measure(random: Random) -> Measured:
        names = random.sample(list(WORKLOADS), LOCKSTEP_WORKLOADS)
        measured = identical.run(1, ROUNDS, random.randrange(1, 2**31), names, split=split)
        return Measured(tuple(_observation(name, rounds) for name, (rounds,) in measured.items()))

    return measure


def _observation(workload: str, rounds: PairedRounds) -> Observation:
    base_s, head_s = statistics.median(rounds.base_s), statistics.median(rounds.head_s)
    return Observation(workload, math.log(head_s / base_s), math.log(base_s))


def _between(base: str, head: str, pythons: Mapping[str, str]) -> Way:
    lacking = [name for name in (base, head) if name not in pythons]
    turns = Turns("threads", POOL_ROUND_S, ROUNDS, base=pythons.get(base, ""), head=pythons.get(head, ""))
    return Way(
        f"{head} against {base}, two threads that compute",
        _turns(turns, [GIL_WORKLOAD]),
        identical=False,
        missing=f"no Python {' and no Python '.join(lacking)} was found; give it with --python PATH"
        if lacking
        else None,
    )


def _turns(turns: Turns, workloads: Iterable[str]) -> Callable[[Random], Measured]:
    names = list(workloads)

    def measure(random: Random) -> Measured:
        workload = random.choice(names)
        rounds = pairs.generation(turns, workload, random)
        return Measured((_observation(workload, rounds),), rounds)

    return measure
