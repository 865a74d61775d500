"""Blocks in one process: a quarter to half a second of the base, then as much of the head."""

import math
import statistics
import sys
from random import Random
from typing import Final

from bench.lockstep.noise.pairs import LiveProcess
from bench.lockstep.noise.spread import Observation
from bench.lockstep.workloads import WORKLOADS

ROUND_S: Final = 0.005
SHORTEST_S: Final = 0.25
LONGEST_S: Final = 0.5
PAIRS: Final = 2
"""Pairs of blocks in a process; they share its luck, so they are one cluster."""


def observe(random: Random) -> list[Observation]:
    """Measure pairs of blocks of one workload in a fresh process; raises LiveProcessError."""
    workload = random.choice(list(WORKLOADS))
    seed = random.randrange(2**32)
    live = LiveProcess("the process", sys.executable, how="serial", workload=workload, hash_seed=seed)
    with live as process:
        calls = process.calibrate(ROUND_S)
        found = []
        for _ in range(PAIRS):
            rounds = int(random.uniform(SHORTEST_S, LONGEST_S) / ROUND_S)
            base_s, head_s = (statistics.median(process.round_s(calls) for _ in range(rounds)) for _ in range(2))
            found.append(Observation(workload, math.log(head_s / base_s), math.log(base_s / calls)))
        return found
