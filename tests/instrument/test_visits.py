"""What the visits of a benchmark have in common, and what becomes of the rounds of each."""

from typing import Any

import pytest

from bench.instrument.breakdown import Breakdown
from bench.instrument.measure import Measure
from bench.instrument.visits import SETUP_S, Series
from tests.instrument.test_measure import Clock, make_fixture


class Visited:
    """A benchmark whose each visit has a target of its own speed, by a clock that only targets move."""

    def __init__(self, visits: int, **fixture: Any) -> None:
        self.clock = Clock()
        self.series = Series(visits)
        self.fixtures: list[Any] = []
        self._fixture = fixture

    def visit(self, duration_s: float = 1.0, budget_s: float = 0.0, **more: Any) -> Any:
        """Make a visit, in a test run of its own."""
        self.fixtures.append(make_fixture(self.clock, **self._fixture))
        number = len(self.fixtures)
        return Measure(self.fixtures[-1], budget_s, series=self.series)(
            self.clock.taking("t", number * duration_s, number),
            expect=lambda result: result == number,
            parameters={"suite": "gil"},
            **more,
        )

    @property
    def times_s(self) -> list[float]:
        """The rounds of all visits."""
        times_s: list[float] = self.fixtures[0].stats.stats.data
        return times_s

    @property
    def info(self) -> dict[str, Any]:
        """What the file says of them."""
        info: dict[str, Any] = self.fixtures[0].extra_info
        return info


def test_each_visit_adds_its_rounds_and_their_pairs() -> None:
    """Seven rounds at least, in three visits: three each, in order, beside the references of the same visit."""
    benchmark = Visited(3, min_rounds=7)
    for number in (1, 2, 3):
        assert benchmark.series.goes_on == (number > 1)
        benchmark.visit(reference=benchmark.clock.taking("r", number / 2), reference_name="half")

    assert not benchmark.series.goes_on
    assert benchmark.times_s == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert benchmark.info["reference"] == {"name": "half", "data": [time_s / 2 for time_s in benchmark.times_s]}
    assert benchmark.info["visits"] == [3, 3, 3]


def test_what_the_first_visit_finds_holds_for_all() -> None:
    """Calls a round are those of the first; each visit is checked and warmed up before its rounds."""
    benchmark = Visited(2, min_rounds=4)
    benchmark.visit(0.002)
    calibrated = len(benchmark.clock.log)
    benchmark.visit(0.001)

    a_round = "( t t t )"
    assert " ".join(benchmark.clock.log[:calibrated]) == f"t ( t ) ( t t t ) {a_round} {a_round} {a_round} t"
    assert " ".join(benchmark.clock.log[calibrated:]) == f"t {a_round} {a_round} {a_round}"
    assert benchmark.times_s == pytest.approx([0.002] * 4)


def test_a_later_visit_has_the_rounds_that_its_time_allows() -> None:
    """Of turns of 1 s, as the first visit saw them, 5 fit into 5.5 s; where few rounds do for the precision, fewer."""
    benchmark = Visited(3, min_rounds=3)
    benchmark.visit(1.0)
    benchmark.visit(1.0, budget_s=5.5)
    benchmark.series.most = 2
    benchmark.visit(1.0, budget_s=5.5)

    assert benchmark.info["visits"] == [1, 5, 2]


def test_long_rounds_of_a_later_visit_are_checked_without_a_call_of_their_own() -> None:
    """Each call of the target is a round then, and its result, whatever truth value it has, is checked."""
    benchmark = Visited(2)
    calls: list[int] = []
    checked: list[int] = []

    def target() -> int:
        calls.append(0)
        benchmark.clock.now_s += 1.0
        return 0

    for _ in range(2):
        before = len(calls)
        Measure(make_fixture(benchmark.clock, min_rounds=4), 0.0, series=benchmark.series)(
            target, expect=checked.append, parameters={}
        )

    assert len(calls) - before == 2
    assert checked == [0] * 4


def test_long_rounds_are_spared() -> None:
    """Where that is asked for, one does for a visit; a single visit, and short rounds, keep the least number."""
    spared = Visited(2, min_rounds=8)
    spared.series.spares_long = True
    for _ in range(2):
        spared.visit(1.0)
    assert spared.info["visits"] == [1, 1]
    for visits, time_s in ((1, 1.0), (2, 0.01)):
        other = Visited(visits, min_rounds=8)
        other.series.spares_long = True
        for _ in range(visits):
            other.visit(time_s)
        assert len(other.times_s) == 8


def test_rounds_that_are_set_up_one_by_one_are_visited_too() -> None:
    """Each round of each visit has its set-up and its teardown."""
    benchmark = Visited(2, min_rounds=4)
    events: list[str] = []
    for _ in range(2):
        benchmark.visit(setup=lambda: events.append("up"), teardown=lambda _: events.append("down"))

    assert benchmark.times_s == [1, 1, 2, 2]
    assert events == ["up", "down"] * (1 + 2 + 2)


def test_tasks_of_all_visits_are_broken_down() -> None:
    """The breakdown has the rows of each visit, and says how many those are once there is more than one."""
    benchmark = Visited(3)
    for number in (1, 2, 3):
        benchmark.visit(breakdown=lambda number=number: Breakdown(("run",), ((float(number),),) * number))
        assert benchmark.info["breakdown"].get("visits", []) == [1, 2, 3][: number * (number > 1)]

    assert benchmark.info["breakdown"]["data_ns"] == [[number * 10**9] for number in (1, 2, 2, 3, 3, 3)]


def test_what_takes_long_to_set_up_is_visited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the rounds of all its visits then, and their time."""
    benchmark = Visited(4, min_rounds=7)
    now_s = iter([0.0, SETUP_S * 1.01])
    monkeypatch.setattr("bench.instrument.measure.time.perf_counter", lambda: next(now_s))
    benchmark.visit(1.0, budget_s=2.6)

    assert not benchmark.series.goes_on
    assert len(benchmark.times_s) == 10
    assert "visits" not in benchmark.info


def test_a_visit_that_fails_leaves_nothing_of_itself() -> None:
    """A wrong answer in the middle: neither rounds nor references of that visit are added."""
    benchmark = Visited(3, min_rounds=4)
    benchmark.visit(reference=benchmark.clock.taking("r", 1.0), reference_name="one")
    with pytest.raises(ZeroDivisionError):
        benchmark.visit(reference=lambda: 1 / 0, reference_name="one")

    assert benchmark.times_s == [1, 1]
    assert len(benchmark.info["reference"]["data"]) == 2
    assert benchmark.series.goes_on

    benchmark.series.fail()
    assert benchmark.fixtures[0].has_error
    assert not benchmark.series.goes_on


def test_a_benchmark_that_is_not_measured_has_no_visits() -> None:
    """With --benchmark-disable the target is called once, and there is nothing to go on with."""
    benchmark = Visited(4, disabled=True)
    benchmark.visit()

    assert not benchmark.series.goes_on
