"""One benchmark on all arms at once: set up, calibrated together, its rounds in turn, in an order drawn each time."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from bench.instrument.rounds import ROUND_S, is_long_enough, next_iterations
from bench.lockstep import pinning
from bench.lockstep.cost import Clock, Phase
from bench.lockstep.injected.lockstep_arm.messages import Ended, Finish, Message, Reached, Round, Run, Timed
from bench.lockstep.pinning import Cores
from bench.lockstep.process import ArmDeadError, ArmProcess
from bench.lockstep.recording import Refusal, Rounds, Why

_WARM_UP_SHARE = 5
"""The part of a round, one in so many, that a process runs first: its first calls take longer, later ones hardly."""
_SKIPS = {"skipped": Why.SKIPPED}
Drop = Callable[[ArmProcess, Why, str], None]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calls of a round, and how many of such rounds stand for one that is asked for: see `Turns`."""

    iterations: int
    split: int


@dataclass(frozen=True, slots=True)
class Task:
    """What to do with a benchmark in one generation; `calibration` None: find it. `following` is next on each arm."""

    nodeid: str
    following: Mapping[str, str | None]
    generation: int
    rounds: int
    calibration: Calibration | None
    workers: int | None


@dataclass(slots=True)
class Outcome:
    """What came of it: rounds, unless fewer than two arms (or not the base) got there, and who dropped out why."""

    rounds: Rounds | None = None
    calibration: Calibration | None = None
    refusals: list[Refusal] = field(default_factory=list)
    described: dict[str, dict[str, object]] = field(default_factory=dict)
    workers: int | None = None


class Turns:
    """Takes arms, ready for their next benchmark, through it; an arm that drops out does not stop the others.

    A round that is asked for lasts about ROUND_S, or is one call. Where calls are short it is measured as up to `split`
    rounds, of so much less each. `meanwhile` hears of the cores that a benchmark is about to be measured on, once it is
    set up.
    """

    def __init__(  # noqa: PLR0917 - what arms have in common
        self,
        base: str,
        cores: Cores,
        timeout_s: float,
        random: Random,
        clock: Clock,
        meanwhile: Callable[[tuple[int, ...]], None] = lambda _: None,
        split: int = 1,
    ) -> None:
        self._split = split
        self._meanwhile = meanwhile
        self._base = base
        self._cores = cores
        self._timeout_s = timeout_s
        self._random = random
        self._clock = clock

    def take(self, task: Task, processes: Sequence[ArmProcess]) -> Outcome:
        """Measure a benchmark; every process is then ready for the next one, or dead."""
        outcome = Outcome(workers=task.workers)
        present: dict[str, ArmProcess] = {process.arm.name: process for process in processes}

        def drop(process: ArmProcess, why: Why, reason: str) -> None:
            del present[process.arm.name]
            outcome.refusals.append(Refusal(task.nodeid, process.arm.name, why, reason, task.generation))

        with self._clock.phase(Phase.SETTING_UP):
            reached = self._set_up(task, present, drop)
            declared = [workers for r in reached.values() if isinstance(workers := r.workers, int)]
            outcome.workers = max([task.workers or 1, *declared]) if declared or task.workers else None
            for process in present.values():
                process.pin(self._cores.of(outcome.workers))
        if self._is_comparison(present):
            self._meanwhile(self._cores.of(outcome.workers))
            with pinning.beside(self._cores.of(outcome.workers)):
                self._measure(task, present, reached, drop, outcome)
        with self._clock.phase(Phase.ENDING):
            self._finish(task, present, drop, outcome)
        if outcome.rounds is not None:
            outcome.rounds = self._timed(outcome.rounds, present, drop)
        if not self._is_comparison(present):
            outcome.rounds = None
            for process in list(present.values()):
                drop(process, Why.ALONE, "there is nothing to compare it with")
        return outcome

    def _is_comparison(self, present: dict[str, ArmProcess]) -> bool:
        return self._base in present and len(present) > 1

    def _set_up(self, task: Task, present: dict[str, ArmProcess], drop: Drop) -> dict[str, Reached]:
        for process in list(present.values()):
            process.doing = f"{task.nodeid} was set up"
            process.pin(self._cores.of(task.workers))
            self._tell(process, Run(task.nodeid, task.following.get(process.arm.name)), drop)
        before_s = time.monotonic() + self._timeout_s
        reached = {}
        for process in list(present.values()):
            answer = self._hear(process, before_s, drop, Reached)
            if isinstance(answer, Reached):
                reached[process.arm.name] = answer
        return reached

    def _measure(
        self,
        task: Task,
        present: dict[str, ArmProcess],
        reached: dict[str, Reached],
        drop: Drop,
        outcome: Outcome,
    ) -> None:
        for process in present.values():
            process.doing = f"{task.nodeid} was measured"
        calibration = task.calibration
        if calibration is None:
            with self._clock.phase(Phase.CALIBRATING):
                calibration = self._calibrate(reached, present, drop)
        outcome.calibration = calibration
        iterations = calibration.iterations
        with self._clock.phase(Phase.WARMING_UP):
            self._warm_up(iterations, reached, present, drop)
        times: dict[str, list[float]] = {name: [] for name in present}
        places: dict[str, list[int]] = {name: [] for name in present}
        with self._clock.phase(Phase.BETWEEN_ROUNDS):
            for _ in range(task.rounds * calibration.split):
                for place, (name, seconds) in enumerate(self._turn(iterations, present, drop).items()):
                    self._clock.round(seconds)
                    times[name].append(seconds / iterations)
                    places[name].append(place)
                if not self._is_comparison(present):
                    return
        outcome.rounds = Rounds(
            generation=task.generation,
            iterations=iterations,
            cores=self._cores.of(outcome.workers),
            times_s={name: tuple(times[name]) for name in present},
            places={name: tuple(places[name]) for name in present},
        )

    def _calibrate(self, reached: dict[str, Reached], present: dict[str, ArmProcess], drop: Drop) -> Calibration:
        """Find the calls of a round that lasts long enough on every arm, and how many of them make ROUND_S."""
        iterations = max(answer.iterations for answer in reached.values())
        if any(answer.is_fixed for answer in reached.values()):
            return Calibration(iterations, 1)
        least_s = ROUND_S / self._split
        shortest_s = ROUND_S
        while times := self._turn(iterations, present, drop):
            shortest_s = min(times.values())
            if is_long_enough(iterations, shortest_s, least_s):
                break
            iterations = next_iterations(iterations, shortest_s, least_s)
        return Calibration(iterations, min(self._split, max(1, round(ROUND_S / shortest_s))) if shortest_s > 0 else 1)

    def _warm_up(
        self, iterations: int, reached: dict[str, Reached], present: dict[str, ArmProcess], drop: Drop
    ) -> None:
        """Run the warm-up that a benchmark asks for; otherwise a part of a round: medians overlook a first one."""
        asked = max(answer.warmup_rounds for answer in reached.values())
        least = max(answer.iterations for answer in reached.values())
        few = iterations if asked else max(least, iterations // _WARM_UP_SHARE)
        for _ in range(max(1, asked)):
            self._turn(few, present, drop)

    def _turn(self, iterations: int, present: dict[str, ArmProcess], drop: Drop) -> dict[str, float]:
        """Run one round on each arm, in an order drawn now; return the seconds of those that did it, in that order."""
        order = list(present.values())
        self._random.shuffle(order)
        times = {}
        for process in order:
            self._tell(process, Round(iterations), drop)
            if process.arm.name in present:
                answer = self._hear(process, time.monotonic() + self._timeout_s, drop, Timed)
                if isinstance(answer, Timed):
                    times[process.arm.name] = answer.seconds
        return times

    def _finish(self, task: Task, present: dict[str, ArmProcess], drop: Drop, outcome: Outcome) -> None:
        for process in list(present.values()):
            process.doing = f"{task.nodeid} was ended"
            self._tell(process, Finish(), drop)
        before_s = time.monotonic() + self._timeout_s
        for process in list(present.values()):
            answer = self._hear(process, before_s, drop, Ended)
            if isinstance(answer, Ended):
                outcome.described[process.arm.name] = answer.benchmark

    @staticmethod
    def _timed(rounds: Rounds, present: dict[str, ArmProcess], drop: Drop) -> Rounds:
        """Return the rounds without those of arms for which one took no time: these drop out, once they are ended."""
        timed = {name: times_s for name, times_s in rounds.times_s.items() if min(times_s) > 0}
        for process in [process for name, process in present.items() if name not in timed]:
            drop(process, Why.FAILED, "its timer is too coarse: a round took no time")
        return replace(rounds, times_s=timed, places={name: rounds.places[name] for name in timed})

    @staticmethod
    def _tell(process: ArmProcess, message: Message, drop: Drop) -> None:
        try:
            process.send(message)
        except ArmDeadError as error:
            drop(process, Why.DIED, str(error))

    @staticmethod
    def _hear(process: ArmProcess, before_s: float, drop: Drop, expected: type[Message]) -> Message | None:
        """Return the answer of an arm that goes on; None for one that drops out now."""
        try:
            answer = process.receive(before_s=before_s, limit="in time (--timeout)")
        except ArmDeadError as error:
            drop(process, Why.DIED, str(error))
            return None
        if not isinstance(answer, expected | Ended):
            process.kill()
            drop(process, Why.DIED, f"said {type(answer).__name__} while {process.doing}, and was killed")
            return None
        if isinstance(answer, Ended) and (answer.outcome != "passed" or expected is not Ended):
            drop(process, _SKIPS.get(answer.outcome, Why.FAILED), answer.reason)
            return None
        return answer
