"""Rounds run and timed just as pytest-benchmark runs its own, to calibrate them and for the reference's turns.

It uses a few private names of pytest-benchmark's fixture, all in ``Fixture`` below, as there is no public way to do so.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

from pytest_benchmark.fixture import PauseInstrumentation

ROUND_S = 0.005
"""The least duration of a round: far above a timer's resolution and the cost of the loop around the calls."""

MAX_ITERATIONS = 1_000_000
"""Where calibration ends with a timer that stands still: 5 ms hold fewer calls than this of anything."""


class Fixture(Protocol):
    """What is used of pytest-benchmark's ``benchmark`` fixture."""

    disabled: bool
    extra_info: dict[str, Any]
    has_error: bool
    stats: Any
    _mode: Any
    _max_time: float
    _min_rounds: int

    def pedantic(
        self,
        target: Callable[[], Any],
        *,
        setup: Callable[[], None] | None = ...,
        teardown: Callable[[], object] | None = ...,
        rounds: int = ...,
        warmup_rounds: int = ...,
        iterations: int = ...,
    ) -> Any:
        """Run the rounds; return the last result."""
        ...

    def __call__(self, function: Callable[[], Any], /) -> Any:
        """Run as many rounds as pytest-benchmark sees fit; return the result of one more call."""
        ...

    def _make_runner(self, function: Callable[[], Any], args: Any, kwargs: Any, /) -> Callable[[range | None], Any]: ...


def is_driven(fixture: Fixture) -> bool:
    """Return whether another process orders the rounds, one by one (bench.lockstep); then nothing is to be chosen."""
    return bool(getattr(fixture, "is_driven", False))


def time_round(fixture: Fixture, function: Callable[[], object], iterations: int) -> float:
    """Return the seconds of a round of ``iterations`` calls, with the timer and garbage collection of the fixture."""
    runner = fixture._make_runner(function, (), {})  # noqa: SLF001  # see the module's docstring
    with PauseInstrumentation():  # type: ignore[no-untyped-call]
        if iterations > 1:
            return float(runner(range(iterations)))
        round_s, _ = runner(None)
    return float(round_s)


def calibrate(fixture: Fixture, function: Callable[[], object]) -> tuple[int, float]:
    """Return how many calls make a round of at least ROUND_S, and how long the last such round took."""
    iterations = 1
    while True:
        round_s = time_round(fixture, function, iterations)
        if is_long_enough(iterations, round_s):
            return iterations, round_s
        iterations = next_iterations(iterations, round_s)


def is_long_enough(iterations: int, round_s: float, least_s: float = ROUND_S) -> bool:
    """Return whether calibration ends with a round of this length."""
    return round_s >= least_s or iterations >= MAX_ITERATIONS


def next_iterations(iterations: int, round_s: float, least_s: float = ROUND_S) -> int:
    """Return how many calls to try after a round of ``iterations`` that took ``round_s``, which was too short.

    A tenth more than needed, since the next round may be a little faster. At most tenfold, since one short round says
    little about a long one.
    """
    needed = math.ceil(1.1 * iterations * least_s / round_s) if round_s > 0 else MAX_ITERATIONS
    return min(max(needed, iterations + 1), 10 * iterations, MAX_ITERATIONS)


class Reference:
    """The function that takes turns with the target, if there is one; raises TypeError for one without a name."""

    def __init__(self, fixture: Fixture, name: str | None, function: Callable[[], object] | None) -> None:
        if function is not None and not name:
            raise TypeError("measure(reference=...) needs a reference_name: results are stated as so many times it")
        self._fixture = fixture
        self._name = name
        self._function = function
        self.iterations = 1
        self._data: list[float] = []

    def calibrate(self) -> float:
        """Find the iterations of a round, once the function has run untimed; return the round's seconds, 0 without."""
        if self._function is None:
            return 0.0
        self._function()
        self.iterations, round_s = calibrate(self._fixture, self._function)
        self._fixture.extra_info["reference"] = {"name": self._name, "data": self._data}
        return round_s

    def resume(self, iterations: int, *, is_warm: bool) -> list[float]:
        """Take on the iterations of an earlier visit; return where times go. What is not warm runs once, untimed."""
        if self._function is not None and not is_warm:
            self._function()
        self.iterations = iterations
        return self._data

    def take_turn(self, measured_rounds: int) -> None:
        """Run the round that follows round ``measured_rounds``; 0 is the warm-up, whose duration is not kept.

        pedantic also calls the target once more after the last round of many iterations, and again to profile it: then
        the rounds have their pairs already.
        """
        if self._function is None or (measured_rounds and measured_rounds == len(self._data)):
            return
        round_s = time_round(self._fixture, self._function, self.iterations)
        if measured_rounds:
            self._data.append(round_s / self.iterations)

    def take_pilot_turn(self) -> float | None:
        """Run a round that is not kept; return its seconds for one call, None without a reference."""
        if self._function is None:
            return None
        return time_round(self._fixture, self._function, self.iterations) / self.iterations
