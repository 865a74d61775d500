"""How often a benchmark's body runs, and what becomes of the rounds of each visit."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument.breakdown import Breakdown
from bench.instrument.measure import Measure
from bench.instrument.visits import LEAST, SETUP_S, Visits, affordable, split
from tests.instrument.test_measure import Clock, make_fixture


@given(st.integers(1, 1000), st.integers(1, 20))
def test_rounds_are_spread_evenly(rounds: int, visits: int) -> None:
    """All rounds are there, and visits differ by one at most."""
    parts = split(rounds, visits)

    assert (len(parts), sum(parts)) == (visits, rounds)
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(
    ("most", "setup_s", "budget_s", "visits"),
    [
        (8, 0.0, 0.0, 8),
        (8, 0.1, 10.0, 8),
        (8, 0.1, 0.55, 5),
        (8, 0.3, 0.55, LEAST),
        (8, SETUP_S * 1.01, 1.0, 1),
        (8, 1.0, 6.5, 6),
        (3, 0.0, 1.0, 1),
        (1, 0.0, 1.0, 1),
    ],
)
def test_set_up_may_take_as_long_as_the_rounds(most: int, setup_s: float, budget_s: float, visits: int) -> None:
    """A short set-up is made the least number of times in any case, a long one where there is time, or once."""
    assert affordable(most, setup_s, budget_s) == visits


class Body:
    """A benchmark whose each visit has a target, and a reference, of its own speed by a clock that only they move."""

    def __init__(self, **fixture: Any) -> None:
        self.clock = Clock()
        self.fixture = make_fixture(self.clock, **fixture)
        self.measure = Measure(self.fixture, most_visits=8)
        self.measure._visits.clock = lambda: self.clock.now_s
        self.visits = 0

    def __call__(self, **more: Any) -> Any:
        """Set up, which takes no time, and measure."""
        self.visits += 1
        return self.measure(
            self.clock.taking(f"t{self.visits}", self.visits, self.visits),
            expect=lambda result: result == self.visits,
            parameters={"suite": "gil"},
            **more,
        )


def test_each_visit_has_its_rounds_in_order_with_their_pairs() -> None:
    """Seven rounds in seven visits: the targets and the references are those of the visits, one after the other."""
    body = Body(min_rounds=7)

    def with_reference() -> None:
        body(reference=body.clock.taking("r", 0.5 * (body.visits + 1)), reference_name="half")

    body.measure.visit(with_reference)

    assert body.fixture.stats.stats.data == [1, 2, 3, 4, 5, 6, 7]
    assert body.fixture.extra_info["reference"]["data"] == [0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert body.fixture.extra_info["visits"] == [1] * 7
    assert not body.fixture.has_error


def test_short_rounds_are_warmed_up_in_each_visit() -> None:
    """A visit begins with a call that is checked, and the rounds of the second with a warm-up; iterations are kept."""
    clock = Clock()
    fixture = make_fixture(clock, min_rounds=4)
    measure = Measure(fixture, most_visits=4)
    measure._visits.clock = lambda: clock.now_s

    measure.visit(lambda: measure(clock.taking("t", 0.002, 1), expect=bool, parameters={}))

    calibration, a_round = "t ( t ) ( t t t )", "( t t t )"
    visits = [f"{calibration} {a_round} {a_round}", *[f"t {a_round} {a_round}"] * 3]
    assert " ".join(clock.log) == " ".join(visits) + " t"
    assert len(fixture.stats.stats.data) == 4
    assert fixture.stats.iterations == 3


def test_rounds_that_are_set_up_one_by_one_are_visited_too() -> None:
    """Each round of each visit has its set-up and its teardown."""
    body = Body(min_rounds=5)
    events: list[str] = []

    body.measure.visit(lambda: body(setup=lambda: events.append("up"), teardown=lambda _: events.append("down")))

    assert body.fixture.stats.stats.data == [1, 2, 3, 4, 5]
    assert events == ["up", "down"] * (len(events) // 2)
    assert len(events) == 2 * (5 + 2)


def test_tasks_of_all_visits_are_broken_down() -> None:
    """The breakdown has the rows of each visit."""
    body = Body(min_rounds=4)

    body.measure.visit(lambda: body(breakdown=lambda: Breakdown(("run",), ((float(body.visits),),))))

    assert body.fixture.extra_info["breakdown"]["data_ns"] == [[number * 10**9] for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("changes", [{"min_rounds": 3}, {"disabled": True}])
def test_too_few_rounds_are_one_visit(changes: dict[str, Any]) -> None:
    """What is run fewer times than there would be visits, or not measured at all, is visited once."""
    body = Body(**changes)

    body.measure.visit(body)

    assert body.visits == 1
    assert "visits" not in body.fixture.extra_info


def fail_from(body: Body, visit: int) -> Callable[[], None]:
    """Return a body that fails once it has measured, from a visit on."""

    def failing() -> None:
        body()
        assert body.visits < visit

    return failing


def test_what_fails_in_a_later_visit_has_failed() -> None:
    """No round of the earlier ones is left, and nobody warns that the fixture was not used."""
    body = Body(min_rounds=7)

    with pytest.raises(AssertionError):
        body.measure.visit(fail_from(body, 3))

    assert body.visits == 3
    assert body.fixture.has_error
    assert body.fixture._mode == "measure(...)"
    assert body.fixture.stats is None


def test_a_body_that_measures_nothing_runs_once() -> None:
    """Where nothing is planned, there is nothing to repeat."""
    calls: list[int] = []
    Visits(most=8).make(lambda: calls.append(1))

    assert calls == [1]
