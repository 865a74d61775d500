"""Gate runs over recorded generations: a stage gets the next ones, in order and unused, as if they came now.

What a replay leaves out: the confirmation of the flagged alone would have run with others' benchmarks gone. What it
keeps: real processes, real code, and the machine's moods in their order. Between the pieces of a recording lies time,
as between the stages of a gate run, though more of it. After the last generation comes the first one again: were a run
that needs more than there is left out, those that flag something would be, and the rates were of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bench.gate.judge import findable
from bench.gate.procedure.center import of_rounds
from bench.gate.procedure.decide import Course, Measured, StageName, follow
from bench.gate.procedure.rules import Margin
from bench.gate.procedure.sizes import LEAST_ROUNDS, Cost
from bench.gate.rates.recordings import Generation, Times

BUDGET_S = 300.0
LEAST = 15
"""Generations that any run uses: with less than that before the end no run begins."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A recorded generation as a gate sees it: one log ratio a benchmark."""

    recording: str
    logs: Mapping[str, float]
    wall_s: float
    start_s: float


def logged(generations: Sequence[Generation]) -> list[Logged]:
    """Reduce generations to their log ratios, once for all the runs over them."""
    return [
        Logged(one.recording, {name: log_ratio(*pair) for name, pair in one.rounds.items()}, one.wall_s, one.start_s)
        for one in generations
    ]


def log_ratio(base: Times, head: Times) -> float:
    """Return the log ratio of a generation, as the gate does."""
    return of_rounds(np.log(np.asarray(head)) - np.log(np.asarray(base)))


def exchanged(generations: Sequence[Logged]) -> list[Logged]:
    """Return the same with base and head exchanged: of identical code, as good a recording as the other."""
    return [replace(one, logs={name: -log for name, log in one.logs.items()}) for one in generations]


def having(generations: Sequence[Logged], names: Iterable[str]) -> list[Logged]:
    """Return the generations that have all these benchmarks: a later recording may hold more than an earlier one."""
    wanted = set(names)
    return [one for one in generations if wanted <= one.logs.keys()]


class ExhaustedError(Exception):
    """A recording that has less generations than a run needs."""


@dataclass(slots=True)
class Replay:
    """A source of `names` from generations, the first at `start`."""

    generations: Sequence[Logged]
    names: Sequence[str]
    start: int
    budget_s: float = BUDGET_S
    used: int = 0
    stages: dict[StageName, int] = field(default_factory=dict)

    def measure(self, stage: StageName, names: Sequence[str], generations: int) -> Measured:
        """Take the next generations."""
        count = len(self.generations)
        if self.used + generations > count:
            raise ExhaustedError
        first = self.start + self.used
        taken = [self.generations[place % count] for place in range(first, first + generations)]
        self.used += generations
        self.stages[stage] = generations
        wanted = names or self.names
        logs = {name: [one.logs[name] for one in taken] for name in wanted}
        cost = cost_of(taken, self.names)
        self.budget_s -= generations * cost.generation_s(wanted)
        return Measured(logs, {}, cost)

    def left_s(self) -> float:
        """Return what is left of the budget."""
        return self.budget_s


def cost_of(generations: Sequence[Logged], names: Sequence[str]) -> Cost:
    """Return what generations of these benchmarks would have cost, rounds of five milliseconds and all beside them."""
    start_s = float(np.mean([one.start_s for one in generations]))
    each_s = float(np.mean([(one.wall_s - one.start_s) / len(one.logs) for one in generations]))
    return Cost(start_s, 0.0, dict.fromkeys(names, each_s / LEAST_ROUNDS))


@dataclass(frozen=True, slots=True)
class Result:
    """One replayed gate run."""

    course: Course
    used: int
    seconds: float

    @property
    def slower(self) -> frozenset[str]:
        """The benchmarks that failed the gate."""
        return frozenset(name for name, found in self.course.slower.items() if found.is_changed)

    @property
    def is_suite_slower(self) -> bool:
        """Whether the suite as a whole failed it."""
        return self.course.suite is not None and self.course.suite.is_slower

    @property
    def is_alarm(self) -> bool:
        """Whether the run failed, by whatever."""
        return bool(self.slower) or self.is_suite_slower

    @property
    def is_inconclusive(self) -> bool:
        """Whether the verdict would say so: a slowdown above the limit could have been missed."""
        confirmed = {**self.course.faster, **self.course.slower}
        decided = {name for name, found in confirmed.items() if found.is_changed}
        return not self.is_alarm and any(
            findable(name, self.course) > self.course.margins[name].limit
            for name in self.course.screened.keys() - decided
        )


def run(generations: Sequence[Logged], names: Sequence[str], start: int) -> Result | None:
    """Replay one gate run from a generation on; None where all of the recording is too little."""
    source = Replay(generations, names, start)
    try:
        course = follow(source, lambda _: Margin())
    except ExhaustedError:
        return None
    return Result(course, source.used, BUDGET_S - source.budget_s)


@dataclass(frozen=True, slots=True)
class Runs:
    """Replayed gate runs, and how many needed more generations than there are."""

    results: tuple[Result, ...]
    cut_off: int


def drawn_runs(generations: Sequence[Logged], names: Sequence[str], count: int) -> Runs:
    """Replay `count` gate runs, each on generations drawn at random from all, with replacement.

    That is what one recording says of many runs: it knows nothing of noise that was not recorded, nor of an order.
    """
    rng = np.random.default_rng(0)
    size = len(generations)
    found = [run([generations[one] for one in rng.integers(size, size=size)], names, 0) for _ in range(count)]
    done = tuple(result for result in found if result is not None)
    return Runs(done, count - len(done))


def runs(generations: Sequence[Logged], names: Sequence[str], *, step: int | None = None) -> Runs:
    """Replay gate runs: each begins where the last one ended, or `step` generations after it began."""
    found: list[Result] = []
    cut_off = start = 0
    while start + LEAST <= len(generations):
        result = run(generations, names, start)
        if result is None:
            cut_off += 1
        else:
            found.append(result)
        start += step or (result.used if result is not None else len(generations))
    return Runs(tuple(found), cut_off)
