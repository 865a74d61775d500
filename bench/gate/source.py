"""Generations from lockstep: base and head as arms, each process proving what it imported."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.gate.procedure.decide import Measured, StageName
from bench.gate.procedure.sizes import Cost
from bench.lockstep.controller import Lockstep
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.recording import Recording, Refusal, Rounds, Why

BASE, HEAD = "base", "head"


@dataclass(slots=True)
class LockstepSource:
    """Measures stages; `ended_s` is when the budget ends, on the monotonic clock.

    `check` is called after each generation and raises Trouble for a process that imported what it should not.
    """

    lockstep: Lockstep
    rounds: int
    ended_s: float
    check: Callable[[], None]
    begin: Callable[[StageName, int], None]
    recordings: dict[StageName, Recording] = field(default_factory=dict)

    def measure(self, stage: StageName, names: Sequence[str], generations: int) -> Measured:
        """Measure generations of all benchmarks, or of some."""
        self.begin(stage, generations)
        progress = self.lockstep.record(generations, self.rounds, only=names or None)
        recording, clock = next(progress)
        self.recordings[stage] = recording
        for _ in progress:
            self.check()
        logs = log_ratios(recording, generations)
        failed = {
            refusal.benchmark: f"{refusal.arm}: {refusal.reason}"
            for refusal in recording.refusals
            if refusal.benchmark not in logs
        }
        return Measured(logs, failed, cost(recording, clock, generations))

    def left_s(self) -> float:
        """Return the seconds until the budget ends."""
        return self.ended_s - time.monotonic()

    def refusals(self) -> Iterable[Refusal]:
        """Return what any stage could not measure, each once."""
        found: dict[tuple[str, str, Why], Refusal] = {}
        for recording in self.recordings.values():
            for refusal in recording.refusals:
                found.setdefault((refusal.benchmark, refusal.arm, refusal.why), refusal)
        return found.values()


def log_ratios(recording: Recording, generations: int) -> dict[str, list[float]]:
    """Return the median log ratio of the paired rounds, one a generation, of benchmarks that all of them have."""
    found: dict[str, list[float]] = {}
    for nodeid in sorted(recording.rounds):
        if HEAD in recording.heads(nodeid):
            logs = [float(np.median(pairs.log_ratios())) for pairs in recording.pairs(nodeid, HEAD)]
            if len(logs) == generations:
                found[nodeid] = logs
    return found


def cost(recording: Recording, clock: Clock, measured: int) -> Cost:
    """Return what a generation takes, from what so many have taken; what is not rounds is shared out evenly."""
    spent = clock.cost().seconds
    of_processes_s = spent[Phase.STARTING] + spent[Phase.STOPPING]
    rounds_s = {nodeid: _rounds_s(generations) for nodeid, generations in recording.rounds.items()}
    beside_s = sum(spent.values()) - of_processes_s - measured * sum(rounds_s.values())
    share_s = max(0.0, beside_s) / measured / max(len(rounds_s), 1)
    return Cost(of_processes_s / measured, {nodeid: seconds + share_s for nodeid, seconds in rounds_s.items()})


def _rounds_s(generations: Sequence[Rounds]) -> float:
    total_s = sum(rounds.iterations * sum(times) for rounds in generations for times in rounds.times_s.values())
    return total_s / len(generations)
