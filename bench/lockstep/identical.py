"""Lockstep on two arms that are the same, over the suite of known work: every ratio is 1."""

import itertools
import os
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.lockstep.arms import Arm
from bench.lockstep.controller import Lockstep
from bench.lockstep.estimate import PairedRounds
from bench.lockstep.noise.pairs import ROOT
from bench.lockstep.progress import Silent
from bench.lockstep.suite import node
from bench.lockstep.workloads import WORKLOADS

TIMEOUT_S: Final = 60.0
_BASE, _HEAD = "base", "head"


class IdenticalError(RuntimeError):
    """A benchmark of the suite failed on an arm; the message is one line."""


def generations(
    rounds: int, seed: int, names: Iterable[str] = WORKLOADS, *, split: int = 1
) -> Generator[Mapping[str, PairedRounds]]:
    """Measure one generation after the other, until closed; yield the paired rounds of each, by workload.

    Raises IdenticalError, and ArmError where an arm does not start.
    """
    plain = ["--noconftest", f"--rootdir={ROOT}", "-c", os.devnull, "-p", "no:cacheprovider"]
    lockstep = Lockstep(
        [Arm(name, Path(sys.executable), ROOT) for name in (_BASE, _HEAD)],
        base=_BASE,
        arguments=[*map(node, names), *plain],
        seed=seed,
        timeout_s=TIMEOUT_S,
        watcher=Silent(),
        split=split,
    )
    with lockstep:
        for recording, _ in lockstep.record(sys.maxsize, rounds):
            if recording.refusals:
                raise IdenticalError(str(recording.refusals[0]))
            if recording.rounds:
                yield {_name(nodeid): recording.pairs(nodeid, _HEAD)[-1] for nodeid in recording.rounds}


def run(
    n: int, rounds: int, seed: int, names: Iterable[str] = WORKLOADS, *, split: int = 1
) -> Mapping[str, Sequence[PairedRounds]]:
    """Measure `n` generations; return those of each workload. Raises as `generations` does."""
    with closing(generations(rounds, seed, names, split=split)) as measured:
        first = list(itertools.islice(measured, n))
    return {name: [generation[name] for generation in first] for name in first[0]}


def _name(nodeid: str) -> str:
    return nodeid.partition("[")[2].removesuffix("]")
