"""Generations from lockstep: base and head as arms, each process proving what it imported."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from bench.gate.procedure.center import of_rounds
from bench.gate.procedure.decide import Measured, StageName
from bench.gate.procedure.sizes import LEAST_ROUNDS, Cost
from bench.gate.proofs import Watch
from bench.gate.verdict import Sizes
from bench.lockstep.controller import Lockstep
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.recording import Recording, Refusal, Rounds, Why

BASE, HEAD = "base", "head"


@dataclass(slots=True)
class LockstepSource:
    """Measures stages; `ended_s` is when the budget ends, on the monotonic clock.

    `piloted` hears of the benchmarks that the pilot has measured, before the next stage is planned: what takes time of
    the budget beside the stages is done then. Raises Trouble for a process that imported what it should not.
    """

    lockstep: Lockstep
    ended_s: float
    benchmarks: int
    watch: Watch
    begin: Callable[[StageName, Sizes], None]
    piloted: Callable[[Sequence[str]], None]
    costs: Cost | None = None
    recordings: dict[StageName, Recording] = field(default_factory=dict)

    def measure(self, stage: StageName, names: Sequence[str], generations: int) -> Measured:
        """Measure generations of all benchmarks, or of some."""
        rounds = self.costs.rounds(names) if self.costs is not None else LEAST_ROUNDS
        self.begin(stage, Sizes(generations, rounds, len(names) or self.benchmarks))
        progress = self.lockstep.record(generations, rounds, only=names or None)
        recording, clock = next(progress)
        self.recordings[stage] = recording
        for _ in progress:
            self.watch.look()
        self.watch.look()  # at those of the last generations, which have left by now
        self.watch.conclude(generations, _died(recording))
        logs = log_ratios(recording, generations)
        failed = {
            refusal.benchmark: f"{refusal.arm}: {refusal.reason}"
            for refusal in recording.refusals
            if refusal.benchmark not in logs
        }
        lost = (name for name in names if name not in logs and name not in failed)
        failed |= dict.fromkeys(lost, "not collected on either side in every generation")
        self.costs = cost(recording, clock, generations, rounds)
        if stage == "pilot" and logs:
            self.piloted(list(logs))
        return Measured(logs, failed, self.costs)

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
    """Return the trimmed mean log ratio of the paired rounds, one a generation, of benchmarks that all of them have."""
    found: dict[str, list[float]] = {}
    for nodeid in sorted(recording.rounds):
        if HEAD in recording.heads(nodeid):
            logs = [of_rounds(pairs.log_ratios()) for pairs in recording.pairs(nodeid, HEAD)]
            if len(logs) == generations:
                found[nodeid] = logs
    return found


def cost(recording: Recording, clock: Clock, measured: int, rounds: int) -> Cost:
    """Return what generations cost, from so many of so many rounds; what is no round is shared out evenly.

    Processes start beside what is measured, as far as that takes long enough. A stage of few benchmarks may not, so a
    start counts in full, as the first of a stage, beside which nothing is measured: rather too much than too little.
    """
    spent = clock.cost().seconds
    of_processes_s = spent[Phase.STARTING] + spent[Phase.STOPPING]
    rounds_s = {nodeid: _rounds_s(generations) for nodeid, generations in recording.rounds.items()}
    beside_s = sum(spent.values()) - of_processes_s - measured * sum(rounds_s.values())
    return Cost(
        start_s=fmean(clock.starts_s) + spent[Phase.STOPPING] / measured,
        beside_s=max(0.0, beside_s) / measured / max(len(rounds_s), 1),
        round_s={nodeid: seconds / rounds for nodeid, seconds in rounds_s.items()},
    )


def _died(recording: Recording) -> Counter[str]:
    """Return how many processes of each arm have died in these generations."""
    return Counter(
        refusal.arm
        for refusal in recording.refusals
        if refusal.why is Why.DIED and refusal.generation is not None  # none is what an earlier recording has found
    )


def _rounds_s(generations: Sequence[Rounds]) -> float:
    total_s = sum(rounds.iterations * sum(times) for rounds in generations for times in rounds.times_s.values())
    return total_s / len(generations)
