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

Result = TypeVar("Result")
Target = TypeVar("Target")
Scalar: TypeAlias = str | int | float | bool | None

TAKEN = ("reference", "precision", "breakdown")
"""What measure() itself writes to ``extra_info``."""

TICK_S = 1e-12
"""In place of a pilot's round that a coarse clock saw take no time."""

OWN_WARM_UP_S = 0.1
"""From this duration on, calibration is warm-up enough: it has just run the very same round."""


class Measure:
    """Measures one target with the pytest-benchmark fixture of a test; it can be called once a test.

    The rounds are run by ``benchmark.pedantic`` and those of the reference by the same fixture's runner. So every
    option of pytest-benchmark keeps its meaning, and both are timed alike: same timer, same garbage collection.

    In lockstep, where another process orders the rounds, the target takes turns with itself elsewhere: the reference
    gets none, nobody asks for a breakdown, and answers are checked as ever.

    ``budget_s`` is the time of the rounds in place of what the fixture has from options and marker; None leaves that.
    With an ``aim``, a pilot may find that fewer rounds do; ``extra_info["precision"]`` says what set their number.
    """

    def __init__(self, benchmark: Fixture, budget_s: float | None = None, aim: Aim | None = None) -> None:
        self._benchmark = benchmark
        self._aim = aim
        self._budget_s = float(benchmark._max_time) if budget_s is None else budget_s  # noqa: SLF001  # options and marker

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
        the first call and of the last; of every call, where there is a ``setup`` or a ``teardown``.

        ``parameters`` become the benchmark's ``extra_info``: text, finite numbers, booleans or None by name.

        ``setup()`` runs before and ``teardown(result)`` after each round, neither of them timed; with either a round is
        one call. A target that raises has to clean up after itself, as there is no result to tear down.

        The reference's seconds for one call, one value a round, go to ``extra_info["reference"]["data"]``; its name is
        of no effect where there is no reference.

        ``breakdown()`` is asked after the last round what the time was made of: ``extra_info["breakdown"]``.

        Raises WrongAnswerError, and whatever target, expect, reference, setup and teardown raise: the benchmark has
        then failed, and is in no JSON. Raises TypeError or ValueError for arguments that make no sense.
        """
        __tracebackhide__ = True
        try:
            check_parameters(parameters)
            self._benchmark.extra_info.update(parameters)
            turns = Reference(self._benchmark, reference_name, reference)
            if setup is None and teardown is None:
                result = self._repeated(Checked(target, expect), turns)
            else:
                result = self._single(Single(target, expect, setup, teardown), turns)
            if breakdown is not None and not self._benchmark.disabled and not is_driven(self._benchmark):
                self._benchmark.extra_info["breakdown"] = breakdown().to_json()
        except BaseException:
            # An interrupted benchmark is no result either. With a mode, the fixture does not warn that it was never
            # used, which would hide the reason.
            self._benchmark.has_error = True
            self._benchmark._mode = self._benchmark._mode or "measure(...)"  # noqa: SLF001  # no public name
            raise
        return result

    def _repeated(self, call: Checked[Result], reference: Reference) -> Result:
        __tracebackhide__ = True
        if self._benchmark.disabled:
            return call.check(self._benchmark.pedantic(call.target))
        call.check(call.target())
        if is_driven(self._benchmark):
            return call.check(self._benchmark(call.target))
        iterations, round_s = calibrate(self._benchmark, call.target)
        return call.check(self._pedantic(call.target, iterations, round_s, reference))

    def _single(self, call: Single[Result], reference: Reference) -> Result:
        __tracebackhide__ = True
        if self._benchmark.disabled:
            call.before_round()
            self._benchmark.pedantic(call.timed)
            return call.after_round()
        if is_driven(self._benchmark):
            self._benchmark.pedantic(call.timed, setup=call.before_round, teardown=call.after_round)
            return call.last
        call.before_round()
        call.timed()
        call.after_round()
        begun_s = time.perf_counter()
        call.before_round()
        round_s = time_round(self._benchmark, call.timed, iterations=1)
        call.after_round()
        beside_s = max(0.0, time.perf_counter() - begun_s - round_s)
        self._pedantic(call.timed, 1, round_s, reference, single=call, beside_s=beside_s)
        return call.last

    def _pedantic(
        self,
        target: Callable[[], Target],
        iterations: int,
        round_s: float,
        reference: Reference,
        *,
        single: Single[Any] | None = None,
        beside_s: float = 0.0,
    ) -> Target:
        __tracebackhide__ = True
        benchmark = self._benchmark
        turn_s = round_s + beside_s + reference.calibrate()
        is_long = round_s >= OWN_WARM_UP_S
        most = int(self._budget_s / turn_s) if turn_s > 0 else 0
        needed = None
        if self._aim is not None and most > self._aim.worth * self._aim.pilot_rounds:
            needed = rounds_needed(self._aim.width, *self._pilot(target, iterations, reference, single))
            most -= self._aim.pilot_rounds
        plan = pilot.plan(needed, most, int(benchmark._min_rounds))  # noqa: SLF001  # likewise
        if self._aim is not None:
            benchmark.extra_info["precision"] = {"aim": self._aim.width, "rounds_by": plan.by}

        def after_round() -> None:
            if single is not None:
                single.after_round()
            reference.take_turn(len(benchmark.stats.stats.data))

        result: Target = benchmark.pedantic(
            target,
            setup=None if single is None else single.before_round,
            teardown=after_round,
            rounds=plan.rounds,
            iterations=iterations,
            warmup_rounds=0 if is_long or needed is not None else 1,
        )
        return result

    def _pilot(
        self, target: Callable[[], object], iterations: int, reference: Reference, single: Single[Any] | None
    ) -> list[list[float]]:
        """Run the pilot's turns as all others; return their times, and with a reference the ratios, each positive."""
        times_s: list[float] = []
        ratios: list[float] = []
        for _ in range(self._aim.pilot_rounds if self._aim else 0):
            if single is not None:
                single.before_round()
            times_s.append(max(time_round(self._benchmark, target, iterations) / iterations, TICK_S))
            if single is not None:
                single.after_round()
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
