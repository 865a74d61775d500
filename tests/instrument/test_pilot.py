"""The number of rounds: from a pilot, fixed before the rounds that count."""

import math
import random
import statistics
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import pilot
from bench.instrument.measure import Measure
from bench.instrument.pilot import Aim, Plan, plan, rounds_needed
from bench.instrument.statistics import median


def test_rounds_needed_by_hand() -> None:
    """A spread of 10% needs (2 * 1.96 * sqrt(pi / 2) * 0.1 / 0.05)^2 = 96.6 rounds for a width of 5%."""
    series = [math.exp(0.1 * z) for z in (-1, 0, 1)]  # whose logarithms have a standard deviation of 0.1

    assert rounds_needed(0.05, series) == math.ceil((2 * 1.959964 * math.sqrt(math.pi / 2) * 0.1 / 0.05) ** 2) == 97
    assert rounds_needed(0.05, series, [1.0, 1.0, 1.0]) == 97


def test_steady_rounds_need_few() -> None:
    """Rounds without any spread need none beyond the least."""
    assert rounds_needed(0.02, [0.5] * 6) == 0
    assert plan(0, most=100, least=7) == Plan(7, "precision")


@given(st.floats(0.001, 0.5), st.integers(0, 10**6))
def test_so_many_rounds_are_enough(deviation: float, seed: int) -> None:
    """The median of that many rounds of that spread has an interval about as wide as was aimed at."""
    draw = random.Random(seed)
    width = 0.05
    needed = rounds_needed(width, [math.exp(deviation * z) for z in (-1, 0, 1)])
    if 100 <= needed <= 2000:
        widths = []
        for _ in range(9):
            estimate = median([draw.lognormvariate(0, deviation) for _ in range(needed)])
            assert estimate.interval is not None
            widths.append((estimate.interval.high - estimate.interval.low) / estimate.value)
        assert statistics.median(widths) == pytest.approx(width, rel=0.5)


@pytest.mark.parametrize(
    ("needed", "most", "expected"),
    [
        (20, 100, Plan(20, "precision")),
        (3, 100, Plan(7, "precision")),
        (500, 100, Plan(100, "budget")),
        (None, 100, Plan(100, "budget")),
        (None, 3, Plan(7, "least")),
        (500, 3, Plan(7, "least")),
        (5, 3, Plan(7, "precision")),
    ],
)
def test_plan(needed: int | None, most: int, expected: Plan) -> None:
    """What is needed, if there is time for it; what there is time for, else; and never fewer than the least."""
    assert plan(needed, most, 7) == expected


@given(st.none() | st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 100))
def test_a_plan_keeps_to_its_bounds(needed: int | None, most: int, least: int) -> None:
    """It is never below the least number, nor above the time's unless that is less."""
    assert least <= plan(needed, most, least).rounds <= max(most, least)


class Fixture:
    """Stands for pytest-benchmark's fixture: rounds of given lengths, by a clock of its own."""

    disabled = False
    has_error = False
    _mode = None
    _min_rounds = 7
    _max_time = 1.0

    def __init__(self, lengths_s: list[float]) -> None:
        self.extra_info: dict[str, Any] = {}
        self.lengths_s = iter(lengths_s * 10_000)
        self.asked: dict[str, Any] = {}
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[]))

    def _make_runner(self, function: Any, *_: Any) -> Any:
        """Return a runner that calls the function once and says how long all calls took."""

        def run(loops: Any) -> Any:
            result = function()
            return next(self.lengths_s) if loops else (next(self.lengths_s), result)

        return run

    def pedantic(self, target: Any, **asked: Any) -> Any:
        """Keep what was asked for and run nothing but the target once."""
        self.asked = asked
        return target()


def rounds(lengths_s: list[float], budget_s: float, aim: Aim | None) -> tuple[int, Any]:
    """Measure, and return how many rounds were asked for and what was written of it."""
    fixture = Fixture(lengths_s)
    Measure(fixture, budget_s, aim)(lambda: None, expect=lambda _: True, parameters={})  # type: ignore[arg-type]
    return fixture.asked["rounds"], fixture.extra_info.get("precision")


def test_a_steady_benchmark_ends_early() -> None:
    """Rounds of one length need no more than the least number, however much time there is."""
    assert rounds([0.01], 10.0, pilot.STUDY) == (7, {"aim": 0.05, "rounds_by": "precision"})


def test_an_unsteady_one_spends_its_share() -> None:
    """Rounds that double and halve would need thousands: the time decides, the pilot's part taken off."""
    assert rounds([0.01, 0.02, 0.005], 1.0, pilot.STUDY) == (94, {"aim": 0.05, "rounds_by": "budget"})


def test_there_is_no_pilot_where_it_could_not_pay() -> None:
    """Where the share holds no more than thrice the pilot, the pilot would only take from it."""
    assert rounds([0.01], 0.15, pilot.STUDY) == (15, {"aim": 0.05, "rounds_by": "budget"})
    assert rounds([0.01], 0.02, pilot.STUDY) == (7, {"aim": 0.05, "rounds_by": "least"})


def test_without_an_aim_the_time_decides() -> None:
    """A quick run has no aim, and says nothing of precision."""
    assert rounds([0.01], 1.0, None) == (100, None)
