"""Lockstep on two arms that are the same, over the suite of known work: every ratio is 1."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.lockstep.arms import Arm
from bench.lockstep.controller import Lockstep
from bench.lockstep.estimate import PairedRounds
from bench.lockstep.noise.pairs import ROOT
from bench.lockstep.suite import node
from bench.lockstep.workloads import WORKLOADS

TIMEOUT_S: Final = 60.0
_BASE, _HEAD = "base", "head"


class IdenticalError(RuntimeError):
    """A benchmark of the suite failed on an arm; the message is one line."""


class _Silent:
    """Watches nothing: whoever measures runs tells how far it is."""

    def begin(self, generations: int) -> None:
        """Do nothing."""

    def generation(self, benchmarks: int) -> None:
        """Do nothing."""

    def benchmark(self, nodeid: str) -> None:
        """Do nothing."""

    def done(self) -> None:
        """Do nothing."""


def run(
    generations: int, rounds: int, seed: int, names: Iterable[str] = WORKLOADS
) -> Mapping[str, Sequence[PairedRounds]]:
    """Measure one run of lockstep; return the generations of each workload that is named.

    Raises IdenticalError, and ArmError where an arm does not start.
    """
    plain = ["--noconftest", f"--rootdir={ROOT}", "-c", os.devnull, "-p", "no:cacheprovider"]
    lockstep = Lockstep(
        [Arm(name, Path(sys.executable), ROOT) for name in (_BASE, _HEAD)],
        base=_BASE,
        arguments=[*map(node, names), *plain],
        seed=seed,
        timeout_s=TIMEOUT_S,
        watcher=_Silent(),
    )
    with lockstep:
        for recording, _ in lockstep.record(generations, rounds):
            if recording.refusals:
                raise IdenticalError(str(recording.refusals[0]))
        return {_name(nodeid): recording.pairs(nodeid, _HEAD) for nodeid in recording.rounds}


def _name(nodeid: str) -> str:
    return nodeid.partition("[")[2].removesuffix("]")
