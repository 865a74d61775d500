"""The controller: generations of all arms, one benchmark after the other, into a recording."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import chdir
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Protocol, Self

from pytest_benchmark.utils import get_commit_info

from bench.lockstep import interruption, pinning
from bench.lockstep.arms import Arm
from bench.lockstep.cost import Clock
from bench.lockstep.generation import Generation
from bench.lockstep.process import ArmProcess
from bench.lockstep.recording import Recording, Refusal, Rounds, Why
from bench.lockstep.succession import Succession, spare
from bench.lockstep.turns import Calibration, Outcome, Task, Turns
from bench.lockstep.workplace import Workplace

_HASH_SEEDS = range(1_000_000_000, 4_000_000_000)  # of one length, as it lies in the environment, before the stack


class Watcher(Protocol):
    """Who is told how far it is."""

    def begin(self, generations: int) -> None:
        """Expect so many generations."""

    def generation(self, benchmarks: int) -> None:
        """Note that a generation of so many benchmarks begins."""

    def benchmark(self, nodeid: str) -> None:
        """Note that a benchmark begins."""

    def done(self) -> None:
        """Note that the benchmark has ended on all arms."""


class Lockstep:
    """Measures arms in turn; to be used as a context, whose end leaves no process and no file.

    `arguments` are pytest's: which benchmarks, and options, the same for all arms. What is learnt of a benchmark, the
    calls of a round, its workers, and on which arms it fails, holds for all recordings that follow. `describe` asks
    each arm once what pytest-benchmark's files say beside the benchmarks, which takes a second or two. `split` is that
    of `Turns`: how many short rounds stand for one of those that are asked for, where calls are short enough.
    """

    def __init__(
        self,
        arms: Sequence[Arm],
        *,
        base: str,
        arguments: Sequence[str],
        seed: int,
        timeout_s: float,
        watcher: Watcher,
        describe: bool = False,
        split: int = 1,
    ) -> None:
        self.arms = tuple(arms)
        self.base = base
        self.cores = pinning.usable()
        self.descriptions: dict[str, dict[str, Any]] = {}
        self.calibrations: dict[str, Calibration] = {}
        self.workers: dict[str, int] = {}
        self._arguments = tuple(arguments)
        self._seed = seed
        self._timeout_s = timeout_s
        self._watcher = watcher
        self._describe = describe
        self._split = split
        self._workplace = Workplace(self.arms, sets=2 if spare(self.cores, self.cores.one) else 1)
        self._succession: Succession | None = None
        self._refusals: list[Refusal] = []
        self._begun = 0

    def __enter__(self) -> Self:
        """Prepare the places of the arms."""
        try:
            self._workplace.copy_checkouts()
        except BaseException:
            with interruption.held_back():
                self._workplace.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove them, and end what processes are left of a recording that was not asked for all its generations."""
        with interruption.held_back():
            try:
                if self._succession is not None:
                    self._succession.kill()
            finally:
                self._workplace.remove()

    @property
    def folder(self) -> Path:
        """Return the private folder, in which the arms have their places and their temporary files."""
        return self._workplace.folder

    def record(
        self, generations: int, rounds: int, *, only: Collection[str] | None = None
    ) -> Iterator[tuple[Recording, Clock]]:
        """Measure so many generations of so many rounds, of all benchmarks or of some; sizes are fixed from here on.

        Yields the recording, and the clock of what it costs, before the first and after each generation: the same ones,
        which grow with each benchmark. Raises ArmError for an arm that does not start.
        """
        if self._succession is not None:  # of a recording that was given up
            self._succession.kill()
        recording = Recording(tuple(arm.name for arm in self.arms), self.base, refusals=list(self._refusals))
        clock = Clock()
        yield recording, clock
        self._watcher.begin(generations)
        with Succession(partial(self._begin, clock), generations, self.cores, clock) as self._succession:
            for number in range(generations):
                self._measure(self._succession, number, rounds, recording, clock, only)
                yield recording, clock

    def _begin(self, clock: Clock) -> Generation:
        """Start the processes of one generation."""
        draws = Random(f"{self._seed} {self._begun}")
        places = self._workplace.arrange(self._begun)
        self._begun += 1
        hash_seed = draws.choice(_HASH_SEEDS)

        def start(arm: Arm) -> ArmProcess:
            place = places[arm.name]
            return ArmProcess(arm, place, hash_seed, [*own_options(place.temporary.as_posix()), *self._arguments])

        return Generation(self.arms, start, clock, draws)

    def _measure(  # noqa: PLR0917 - what a recording is made of
        self,
        succession: Succession,
        number: int,
        rounds: int,
        recording: Recording,
        clock: Clock,
        only: Collection[str] | None,
    ) -> None:
        generation = succession.advance()
        turns = Turns(
            self.base, self.cores, self._timeout_s, generation.draws, clock, succession.meanwhile, self._split
        )
        self._note_absent(generation, recording, number)
        if self._describe and not self.descriptions:
            self.descriptions = generation.described()
            self._describe_commits()
        order = self._order(generation, recording, only)
        self._watcher.generation(len(order))
        for index, (nodeid, names) in enumerate(order):
            self._watcher.benchmark(nodeid)
            task = Task(
                nodeid=nodeid,
                following={name: _next(name, order[index + 1 :]) for name in names},
                generation=number,
                rounds=rounds,
                calibration=self.calibrations.get(nodeid),
                workers=self.workers.get(nodeid),
            )
            outcome = turns.take(task, generation.ready(names))
            for refusal in outcome.refusals:
                if refusal.why is Why.DIED:
                    generation.lost(refusal.arm)
            self._note(nodeid, outcome, recording)
            self._watcher.done()

    def _describe_commits(self) -> None:
        """Say of arms in copies, which leave the version control out, which commit these were made from."""
        for arm in self.arms if self._workplace.is_copied else ():
            described = self.descriptions[arm.name]
            with chdir(arm.checkout):  # which is where pytest-benchmark looks
                described["commit_info"] = get_commit_info(described["commit_info"].get("project"))

    def _note_absent(self, generation: Generation, recording: Recording, number: int) -> None:
        """Refuse what an arm does not have, with the reason of the file that it should be in, and such files."""
        collected = generation.collected()
        everywhere = dict.fromkeys(nodeid for arm in collected.values() for nodeid in arm.workers)
        for name, arm in collected.items():
            found = [(Why.FAILED, node, f"cannot be collected: {reason}") for node, reason in arm.uncollected.items()]
            found += [(Why.SKIPPED, node, reason) for node, reason in arm.skipped.items()]
            for nodeid in everywhere:
                if workers := arm.workers.get(nodeid):
                    self.workers.setdefault(nodeid, workers)
                elif nodeid not in arm.workers:
                    reasons = (reason for _, node, reason in found if nodeid.startswith(node))
                    found.append((Why.ABSENT, nodeid, next(reasons, "this arm has no such benchmark")))
            for why, nodeid, reason in found:
                if not recording.refused(nodeid, name):
                    self._refuse(Refusal(nodeid, name, why, reason, number), recording)

    def _order(
        self, generation: Generation, recording: Recording, only: Collection[str] | None
    ) -> list[tuple[str, list[str]]]:
        """Return the benchmarks, with the arms that take part, in a new order.

        Those of one file stay together, and of files that of one folder do not: a fixture of a module is set up once.
        """
        collected = generation.collected()
        able: dict[str, list[str]] = {}
        for name, arm in collected.items():
            for nodeid in arm.workers:
                if (only is None or nodeid in only) and not recording.refused(nodeid, name):
                    able.setdefault(nodeid, []).append(name)
        files: dict[str, list[str]] = {}
        for nodeid, names in able.items():
            if self.base in names and len(names) > 1:
                files.setdefault(nodeid.partition("::")[0], []).append(nodeid)
        groups = list(files.values())
        generation.draws.shuffle(groups)
        for group in groups:
            generation.draws.shuffle(group)
        return [(nodeid, able[nodeid]) for group in groups for nodeid in group]

    def _note(self, nodeid: str, outcome: Outcome, recording: Recording) -> None:
        for refusal in outcome.refusals:
            self._refuse(refusal, recording)
        if outcome.workers is not None:
            self.workers[nodeid] = outcome.workers
        if isinstance(outcome.rounds, Rounds):
            if outcome.calibration is not None:
                self.calibrations[nodeid] = outcome.calibration
            recording.rounds.setdefault(nodeid, []).append(outcome.rounds)
            recording.described.setdefault(nodeid, {}).update(outcome.described)

    def _refuse(self, refusal: Refusal, recording: Recording) -> None:
        recording.refusals.append(refusal)
        self._refusals.append(replace(refusal, generation=None))


def own_options(temporary: str) -> list[str]:
    """Return pytest's options for every arm, which precede those that the user gives.

    With them nothing is written to the checkout, and pytest-benchmark is loaded.
    """
    loaded = ["-p", "benchmark"] if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") else []
    return [*loaded, "-o", f"cache_dir={temporary}/cache", f"--benchmark-storage=file://{temporary}/storage"]


def _next(name: str, rest: Sequence[tuple[str, Sequence[str]]]) -> str | None:
    return next((nodeid for nodeid, names in rest if name in names), None)
