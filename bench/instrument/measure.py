"""The ``measure`` fixture: rounds of a benchmark in turn with rounds of a reference, and an answer that is checked."""

import math
import reprlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

from bench.instrument import pilot
from bench.instrument.answers import Checked, Single
from bench.instrument.breakdown import Breakdown
from bench.instrument.pilot import Aim, rounds_needed
from bench.instrument.rounds import Fixture, Reference, calibrate, is_driven, time_round
from bench.instrument.visits import Series

Result = TypeVar("Result")
Scalar: TypeAlias = str | int | float | bool | None

TAKEN = ("reference", "precision", "breakdown", "visits")
"""What measure() itself writes to ``extra_info``."""

OWN_WARM_UP_S = 0.1
"""From this duration on, calibration is warm-up enough: it has just run the very same round."""

TICK_S = 1e-12
"""In place of a pilot's round that a coarse clock saw take no time."""


class Measure:
    """Measures one target with the pytest-benchmark fixture of a test; it can be called once a test, or once a visit.

    The rounds are run by ``benchmark.pedantic`` and those of the reference by the same fixture's runner. So every
    option of pytest-benchmark keeps its meaning, and both are timed alike: same timer, same garbage collection.

    In lockstep, where another process orders the rounds, the target takes turns with itself elsewhere: the reference
    gets none, nobody asks for a breakdown, and answers are checked as ever.

    ``budget_s`` is the time of the rounds, and ``least_rounds`` their least number, in place of what the fixture has
    from options and marker; None leaves that.
    With an ``aim``, a pilot may find that fewer rounds do; ``extra_info["precision"]`` says what set their number.

    With a ``series`` of several visits, of which this is one, ``budget_s`` is the time of this visit's rounds. What the
    first one finds, by calibration and by the pilot, holds for all; the rounds of the others are added to its results,
    in order, and ``extra_info["visits"]`` says how many are of each.
    """

    def __init__(
        self,
        benchmark: Fixture,
        budget_s: float | None = None,
        aim: Aim | None = None,
        series: Series | None = None,
        least_rounds: int | None = None,
    ) -> None:
        self._benchmark = benchmark
        self._aim = aim
        self._series = series or Series()
        self._budget_s = float(benchmark._max_time) if budget_s is None else budget_s  # noqa: SLF001  # options and marker
        self._least_rounds = int(benchmark._min_rounds) if least_rounds is None else least_rounds  # noqa: SLF001  # as well
        self._begun_s = time.perf_counter()

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
        setup_s = time.perf_counter() - self._begun_s
        try:
            check_parameters(parameters)
            self._benchmark.extra_info.update(parameters)
            turns = Reference(self._benchmark, reference_name, reference)
            single = None if setup is None and teardown is None else Single(target, expect, setup, teardown)
            call = single or Checked(target, expect)
            if self._benchmark.disabled:
                result = self._once(call, single)
            elif is_driven(self._benchmark):
                result = self._driven(call, single)
            elif self._series.first is None:
                self._budget_s *= self._series.settle(setup_s)
                result = self._first_visit(call, single, turns)
                if breakdown is not None:
                    self._benchmark.extra_info["breakdown"] = breakdown().to_json()
                self._series.begin(self._benchmark)
            else:
                self._use()  # what is measured goes to the first one's results
                result, times_s, reference_s = self._later_visit(call, single, turns)
                self._series.add(times_s, reference_s, None if breakdown is None else breakdown().to_json())
        except BaseException:  # an interrupted benchmark is no result either
            self._benchmark.has_error = True
            self._use()
            raise
        return result

    def _use(self) -> None:
        """Have the fixture be in use: else it warns that it never was, which would hide the reason why."""
        self._benchmark._mode = self._benchmark._mode or "measure(...)"  # noqa: SLF001  # no public name

    def _once(self, call: Checked[Result], single: Single[Result] | None) -> Result:
        __tracebackhide__ = True
        if single is None:
            return call.check(self._benchmark.pedantic(call.target))
        single.before_round()
        self._benchmark.pedantic(single.timed)
        return single.after_round()

    def _driven(self, call: Checked[Result], single: Single[Result] | None) -> Result:
        __tracebackhide__ = True
        if single is None:
            call.check(call.target())
            return call.check(self._benchmark(call.target))
        self._benchmark.pedantic(single.timed, setup=single.before_round, teardown=single.after_round)
        return single.last

    def _first_visit(self, call: Checked[Result], single: Single[Result] | None, reference: Reference) -> Result:
        __tracebackhide__ = True
        series, benchmark = self._series, self._benchmark
        beside_s = 0.0
        if single is None:
            call.check(call.target())  # the first call may be a long one of what is short
            series.iterations, round_s = calibrate(benchmark, call.target)
        else:
            begun_s = time.perf_counter()
            round_s = self._turn(call, single)
            if round_s < OWN_WARM_UP_S:
                begun_s = time.perf_counter()
                round_s = self._turn(call, single)
            beside_s = max(0.0, time.perf_counter() - begun_s - round_s)
        series.turn_s = round_s + beside_s + reference.calibrate()
        series.reference_iterations = reference.iterations
        series.is_long = round_s >= OWN_WARM_UP_S
        rounds, is_warm = self._plan(call, single, reference)

        def after_round() -> None:
            if single is not None:
                single.after_round()
            reference.take_turn(len(benchmark.stats.stats.data))

        result: Any = benchmark.pedantic(
            call.target if single is None else single.timed,
            setup=None if single is None else single.before_round,
            teardown=after_round,
            rounds=rounds,
            iterations=series.iterations,
            warmup_rounds=0 if series.is_long or is_warm else 1,
        )
        return call.check(result) if single is None else single.last

    def _plan(self, call: Checked[Any], single: Single[Any] | None, reference: Reference) -> tuple[int, bool]:
        """Plan all visits; return the rounds of this one, and whether a pilot has warmed up what they use."""
        series, aim = self._series, self._aim
        most = int(series.visits * self._budget_s / series.turn_s) if series.turn_s > 0 else 0
        needed = None
        if aim is not None and most > aim.worth * aim.pilot_rounds:
            needed = rounds_needed(aim.width, *self._pilot(call, single, reference, aim.pilot_rounds))
            most -= aim.pilot_rounds
        least = self._least_rounds
        if series.is_long and series.spares_long and series.visits > 1:
            least = series.visits
        plan = pilot.plan(needed, most, least)
        if aim is not None:
            self._benchmark.extra_info["precision"] = {"aim": aim.width, "rounds_by": plan.by}
        series.least = series.share(least)
        series.most = series.share(plan.rounds) if plan.by == "precision" else None
        return series.share(plan.rounds), needed is not None

    def _later_visit(
        self, call: Checked[Result], single: Single[Result] | None, reference: Reference
    ) -> tuple[Result, list[float], list[float]]:
        __tracebackhide__ = True
        series = self._series
        result = None
        if series.is_long:
            single = single or call.by_itself()  # so that no call is made for its answer alone
        elif single is None:
            result = call.check(call.target())
        reference_s = reference.resume(series.reference_iterations, is_warm=series.is_long)
        if not series.is_long:
            self._turn(call, single)
            reference.take_turn(0)
        times_s: list[float] = []
        for done in range(1, series.rounds_within(self._budget_s) + 1):
            times_s.append(self._turn(call, single))
            reference.take_turn(done)
        return cast("Result", result if single is None else single.last), times_s, reference_s

    def _turn(self, call: Checked[Any], single: Single[Any] | None) -> float:
        """Run a round of the target alone; return its seconds for one call."""
        if single is None:
            return time_round(self._benchmark, call.target, self._series.iterations) / self._series.iterations
        single.before_round()
        time_s = time_round(self._benchmark, single.timed, iterations=1)
        single.after_round()
        return time_s

    def _pilot(
        self, call: Checked[Any], single: Single[Any] | None, reference: Reference, rounds: int
    ) -> list[list[float]]:
        """Run the pilot's turns as all others; return their times, and with a reference the ratios, each positive."""
        times_s: list[float] = []
        ratios: list[float] = []
        for _ in range(rounds):
            times_s.append(max(self._turn(call, single), TICK_S))
            reference_s = reference.take_pilot_turn()
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
