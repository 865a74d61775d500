"""The ``measure`` fixture: rounds of a benchmark in turn with rounds of a reference, and an answer that is checked."""

import math
import reprlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from bench.instrument import pilot
from bench.instrument.answers import Checked, Single
from bench.instrument.breakdown import Breakdown
from bench.instrument.pilot import Aim, rounds_needed
from bench.instrument.rounds import Fixture, Reference, calibrate, is_driven, time_round
from bench.instrument.visits import Visits

Result = TypeVar("Result")
Target = TypeVar("Target")
Scalar: TypeAlias = str | int | float | bool | None

TAKEN = ("reference", "precision", "breakdown", "visits")
"""What measure() itself writes to ``extra_info``."""

TICK_S = 1e-12
"""In place of a pilot's round that a coarse clock saw take no time."""

OWN_WARM_UP_S = 0.1
"""From this duration on, calibration is warm-up enough: it has just run the very same round."""


class Measure:
    """Measures one target with the pytest-benchmark fixture of a test; it can be called once a test, or once a visit.

    The rounds are run by ``benchmark.pedantic`` and those of the reference by the same fixture's runner. So every
    option of pytest-benchmark keeps its meaning, and both are timed alike: same timer, same garbage collection.

    In lockstep, where another process orders the rounds, the target takes turns with itself elsewhere: the reference
    gets none, nobody asks for a breakdown, and answers are checked as ever.

    ``budget_s`` is the time of the rounds in place of what the fixture has from options and marker; None leaves that.
    With an ``aim``, a pilot may find that fewer rounds do; ``extra_info["precision"]`` says what set their number.

    ``visit(body)`` runs the body of the test up to ``most_visits`` times, over which the rounds are spread; they stand
    in this order, and ``extra_info["visits"]`` says how many are of each. What is found in the first one, by
    calibration and by the pilot, holds for all.
    """

    def __init__(
        self, benchmark: Fixture, budget_s: float | None = None, aim: Aim | None = None, most_visits: int = 1
    ) -> None:
        self._benchmark = benchmark
        self._aim = aim
        self._visits = Visits(most_visits)
        self._iterations = 1
        self._is_long = self._is_warm = False
        self._budget_s = float(benchmark._max_time) if budget_s is None else budget_s  # noqa: SLF001  # options and marker

    def visit(self, body: Callable[[], object]) -> None:
        """Run the body, which calls this instance, as often as its first run finds worth while."""
        __tracebackhide__ = True
        try:
            self._visits.make(body)
        except Exception:
            self._fail()
            raise

    def __call__(
        self,
        target: Callable[[], Result],
        *,
        expect: Callable[[Result], object],
        parameters: Mapping[str, Scalar],
        reference: Callable[[], object] | None = None,
        reference_name: str | None = None,
        setup: Callable[[], object] | None = None,
        teardown: Callable[[Result], object] | None = None,
        breakdown: Callable[[], Breakdown] | None = None,
    ) -> Result:
        """Measure rounds of ``target()``, each directly followed by a round of ``reference()``; return the last result.

        ``expect(result)`` raises, or returns a false value other than None, for a wrong answer. It sees the results of
        the first call of each visit and of the last; of every call, where there is a ``setup`` or a ``teardown``.

        ``parameters`` become the benchmark's ``extra_info``: text, finite numbers, booleans or None by name.

        ``setup()`` runs before and ``teardown(result)`` after each round, neither of them timed; with either a round is
        one call. A target that raises has to clean up after itself, as there is no result to tear down.

        The reference's seconds for one call, one value a round, go to ``extra_info["reference"]["data"]``; its name is
        of no effect where there is no reference.

        ``breakdown()`` is asked after the last round what the time was made of: ``extra_info["breakdown"]``. With
        visits it is asked in each, and the tasks of all are there.

        Raises WrongAnswerError, and whatever target, expect, reference, setup and teardown raise: the benchmark has
        then failed, and is in no JSON. Raises TypeError or ValueError for arguments that make no sense.
        """
        __tracebackhide__ = True
        self._visits.is_set_up()
        try:
            check_parameters(parameters)
            self._benchmark.extra_info.update(parameters)
            self._renew(reference_name, reference)
            if setup is None and teardown is None:
                result = self._repeated(Checked(target, expect))
            else:
                result = self._single(Single(target, expect, setup, teardown))
            if breakdown is not None and not self._benchmark.disabled and not is_driven(self._benchmark):
                self._break_down(breakdown())
        except BaseException:  # an interrupted benchmark is no result either
            self._fail()
            raise
        return result

    def _fail(self) -> None:
        """Have no result. With a mode, the fixture does not warn that it was never used, which hides the reason."""
        self._benchmark.has_error = True
        self._benchmark._mode = self._benchmark._mode or "measure(...)"  # noqa: SLF001  # no public name

    def _renew(self, name: str | None, function: Callable[[], object] | None) -> None:
        if self._visits.is_first:
            self._reference = Reference(self._benchmark, name, function)
        else:
            self._reference.renew(function)

    def _break_down(self, parts: Breakdown) -> None:
        rows = parts.to_json()
        if held := self._benchmark.extra_info.get("breakdown"):
            held["data_ns"] += rows["data_ns"]
        else:
            self._benchmark.extra_info["breakdown"] = rows

    def _repeated(self, call: Checked[Result]) -> Result:
        __tracebackhide__ = True
        if self._benchmark.disabled:
            return call.check(self._benchmark.pedantic(call.target))
        first = call.check(call.target())
        if is_driven(self._benchmark):
            return call.check(self._benchmark(call.target))
        if self._visits.is_first:
            self._iterations, round_s = calibrate(self._benchmark, call.target)
            self._plan(call.target, round_s)
        if not self._visits.is_last:
            self._visits.times_s += self._turns(call.target)
            return first
        return call.check(self._rest(call.target))

    def _single(self, call: Single[Result]) -> Result:
        __tracebackhide__ = True
        if self._benchmark.disabled:
            call.before_round()
            self._benchmark.pedantic(call.timed)
            return call.after_round()
        if is_driven(self._benchmark):
            self._benchmark.pedantic(call.timed, setup=call.before_round, teardown=call.after_round)
            return call.last
        if self._visits.is_first:
            call.before_round()
            call.timed()
            call.after_round()
            begun_s = time.perf_counter()
            call.before_round()
            round_s = time_round(self._benchmark, call.timed, iterations=1)
            call.after_round()
            self._plan(call.timed, round_s, call, max(0.0, time.perf_counter() - begun_s - round_s))
        if self._visits.is_last:
            self._rest(call.timed, call)
        else:
            self._visits.times_s += self._turns(call.timed, call)
        return call.last

    def _plan(
        self, target: Callable[[], object], round_s: float, single: Single[Any] | None = None, beside_s: float = 0.0
    ) -> None:
        """Say how many rounds to run and in how many visits, from one round's time and, if it pays, a pilot."""
        turn_s = round_s + beside_s + self._reference.calibrate()
        self._is_long = round_s >= OWN_WARM_UP_S
        most = int(self._budget_s / turn_s) if turn_s > 0 else 0
        needed = None
        if self._aim is not None and most > self._aim.worth * self._aim.pilot_rounds:
            needed = rounds_needed(self._aim.width, *self._pilot(target, single, self._aim.pilot_rounds))
            most -= self._aim.pilot_rounds
        self._is_warm = needed is not None
        plan = pilot.plan(needed, most, int(self._benchmark._min_rounds))  # noqa: SLF001  # no public name
        if self._aim is not None:
            self._benchmark.extra_info["precision"] = {"aim": self._aim.width, "rounds_by": plan.by}
        self._visits.plan(plan.rounds, self._budget_s)

    def _turns(self, target: Callable[[], object], single: Single[Any] | None = None) -> list[float]:
        """Run the rounds of a visit that is not the last; return their times."""
        if self._warm_up():
            self._turn(target, single)
            self._reference.take_turn(0)
        times_s = []
        for done in range(1, self._visits.rounds_here + 1):
            times_s.append(self._turn(target, single))
            self._reference.take_turn(done)
        return times_s

    def _rest(self, target: Callable[[], Target], single: Single[Any] | None = None) -> Target:
        """Have the fixture run the last visit's rounds, and give it those of the others; return the last result."""
        __tracebackhide__ = True
        benchmark, visits = self._benchmark, self._visits

        def after_round() -> None:
            if single is not None:
                single.after_round()
            self._reference.take_turn(len(benchmark.stats.stats.data))

        result: Target = benchmark.pedantic(
            target,
            setup=None if single is None else single.before_round,
            teardown=after_round,
            rounds=visits.rounds_here,
            iterations=self._iterations,
            warmup_rounds=self._warm_up(),
        )
        benchmark.stats.stats.data[:0] = visits.times_s
        if len(visits.rounds) > 1:
            benchmark.extra_info["visits"] = list(visits.rounds)
        return result

    def _warm_up(self) -> int:
        """Return how many rounds to run first: the pilot was enough in its visit, and any call is if it is long."""
        is_warm, self._is_warm = self._is_warm, False
        return 0 if is_warm or self._is_long else 1

    def _turn(self, target: Callable[[], object], single: Single[Any] | None) -> float:
        """Run a round of the target alone; return its seconds for one call."""
        if single is None:
            return time_round(self._benchmark, target, self._iterations) / self._iterations
        single.before_round()
        time_s = time_round(self._benchmark, target, iterations=1)
        single.after_round()
        return time_s

    def _pilot(self, target: Callable[[], object], single: Single[Any] | None, rounds: int) -> list[list[float]]:
        """Run the pilot's turns as all others; return their times, and with a reference the ratios, each positive."""
        times_s: list[float] = []
        ratios: list[float] = []
        for _ in range(rounds):
            times_s.append(max(self._turn(target, single), TICK_S))
            reference_s = self._reference.take_pilot_turn()
            if reference_s is not None:
                ratios.append(max(reference_s, TICK_S) / times_s[-1])
        return [times_s, ratios] if ratios else [times_s]


def check_parameters(parameters: Mapping[str, Scalar]) -> None:
    """Raise TypeError or ValueError for a parameter that JSON cannot hold as a scalar or whose name is taken."""
    for name, value in parameters.items():
        if name in TAKEN:
            raise ValueError(f"measure() keeps something of its own as {name!r}: name the parameter otherwise")
        if value is not None and not isinstance(value, str | int | float):
            raise TypeError(f"parameter {name!r} is {reprlib.repr(value)}; give text, a number, a boolean or None")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"parameter {name!r} is {value}, which JSON does not know; give a finite number")
