"""The measure fixture: what lies inside the timed region, the turns of the reference, the check of the answer."""

import gc
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_benchmark.utils import NameWrapper

from bench.instrument.answers import WrongAnswerError
from bench.instrument.measure import Measure
from bench.instrument.rounds import MAX_ITERATIONS, calibrate


class Clock:
    """A timer that moves only when something is called, and a log of all calls; its own are "(" and ")" by turns."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.now_s = 0.0
        self._is_running = False

    def __call__(self) -> float:
        """Return the time by this clock."""
        self._is_running = not self._is_running
        self.log.append("(" if self._is_running else ")")
        return self.now_s

    def taking(self, name: str, duration_s: float, result: Any = None) -> Callable[..., Any]:
        """Return a function that takes so long by this clock, and is in its log by its name."""

        def function(*_: object) -> Any:
            self.log.append(name)
            self.now_s += duration_s
            return result

        return function


def make_fixture(timer: Callable[[], float], **changes: Any) -> Any:
    """Return pytest-benchmark's own fixture with a timer of ours."""
    arguments: dict[str, Any] = {
        "node": SimpleNamespace(name="test_x", nodeid="test_x.py::test_x"),
        "disable_gc": False,
        "timer": NameWrapper(timer),  # type: ignore[no-untyped-call]
        "min_rounds": 2,
        "max_time": 0.0,
        "warmup": False,
        "add_stats": [].append,
        "disabled": False,
        "cprofile": False,
        "cprofile_loops": 1,
        "cprofile_dump": False,
        **changes,
    }
    names = [name for name in inspect.signature(BenchmarkFixture).parameters if name != "group"]
    return BenchmarkFixture(**{name: arguments.get(name, 0) for name in names})  # type: ignore[no-untyped-call]


def test_only_the_target_is_timed_and_the_reference_takes_turns() -> None:
    """The log of a whole benchmark: check, calibration, warm-up, the rounds in turn, and the last check."""
    clock = Clock()
    fixture = make_fixture(clock)

    Measure(fixture)(
        clock.taking("t", 0.002, 42),
        expect=clock.taking("expect", 1.0, result=True),
        parameters={},
        reference=clock.taking("r", 0.004),
        reference_name="serial",
    )

    checked = "t expect"
    calibration = "( t ) ( t t t ) r ( r ) ( r r )"
    turn = "( t t t ) ( r r )"
    assert " ".join(clock.log) == f"{checked} {calibration} {turn} {turn} {turn} t expect"
    assert fixture.stats.stats.data == pytest.approx([0.002, 0.002])
    assert fixture.extra_info["reference"]["data"] == pytest.approx([0.004, 0.004])


def test_each_round_of_the_reference_belongs_to_the_round_before_it() -> None:
    """Rounds that grow longer all the time show which reference value belongs to which round."""
    clock = Clock()
    fixture = make_fixture(clock, min_rounds=4)
    durations_s = iter(range(1, 100))

    def grow() -> int:
        clock.now_s += (duration_s := next(durations_s))
        return duration_s

    Measure(fixture)(grow, expect=bool, parameters={}, reference=grow, reference_name="itself")

    measured = fixture.stats.stats.data
    assert len(measured) == 4
    assert fixture.extra_info["reference"]["data"] == [duration_s + 1 for duration_s in measured]


def test_a_long_round_needs_no_warm_up() -> None:
    """A round of a second is run as often as it must be: checked, calibrated, and min_rounds times."""
    clock = Clock()
    slow, reference = clock.taking("t", 1.0), clock.taking("r", 1.0)

    Measure(make_fixture(clock))(
        slow, expect=clock.taking("expect", 0), parameters={}, reference=reference, reference_name="other"
    )

    assert " ".join(clock.log) == "t expect ( t ) r ( r ) ( t ) ( r ) ( t ) ( r ) expect"


def test_setup_and_teardown_surround_each_round_untimed() -> None:
    """With either of them a round is one call, however short, and each result is checked and torn down."""
    clock = Clock()
    fixture = make_fixture(clock)

    result = Measure(fixture)(
        clock.taking("t", 0.001, "pool"),
        expect=clock.taking("expect", 1.0, result=True),
        parameters={},
        reference=clock.taking("r", 0.5),
        reference_name="other",
        setup=clock.taking("setup", 1.0, "ignored"),
        teardown=clock.taking("teardown", 1.0),
    )

    first = "setup ( t ) expect teardown"
    turn = f"{first} ( r )"
    assert " ".join(clock.log) == f"{first} {first} r ( r ) {turn} {turn} {turn}"
    assert fixture.stats.stats.data == pytest.approx([0.001, 0.001])
    assert fixture.extra_info["reference"]["data"] == pytest.approx([0.5, 0.5])
    assert result == "pool"


@pytest.mark.parametrize("wrong_from", range(4))
def test_what_a_round_made_is_torn_down_even_if_it_is_wrong(wrong_from: int) -> None:
    """Each result of a cold benchmark reaches the teardown once, the wrong one too."""
    made: list[int] = []
    torn_down: list[int] = []

    def target() -> int:
        made.append(len(made))
        return made[-1]

    fixture = make_fixture(Clock())
    with pytest.raises(WrongAnswerError):
        Measure(fixture)(target, expect=lambda r: r < wrong_from, parameters={}, teardown=torn_down.append)

    assert torn_down == made == list(range(wrong_from + 1))
    assert fixture.has_error


def test_rounds_fill_the_time_for_a_benchmark_reference_included() -> None:
    """Of 1 s, turns of 0.02 s for the target and 0.03 s for the reference take 20."""
    clock = Clock()
    fixture = make_fixture(clock, max_time=1.001)

    Measure(fixture)(
        clock.taking("t", 0.02, 1),
        expect=bool,
        parameters={},
        reference=clock.taking("r", 0.03),
        reference_name="other",
    )

    assert len(fixture.stats.stats.data) == len(fixture.extra_info["reference"]["data"]) == 20


def test_a_budget_of_ones_own_is_stronger_than_the_fixtures() -> None:
    """The time of one benchmark is what the caller says, whatever options and marker have merged to."""
    clock = Clock()
    fixture = make_fixture(clock, max_time=1.0)

    Measure(fixture, budget_s=0.1001)(clock.taking("t", 0.02, 1), expect=bool, parameters={})

    assert len(fixture.stats.stats.data) == 5


def test_calibration_ends_with_a_timer_that_stands_still() -> None:
    """A timer of coarse steps cannot keep a benchmark from starting."""
    assert calibrate(make_fixture(lambda: 0.0), lambda: None) == (MAX_ITERATIONS, 0.0)


@pytest.mark.parametrize("duration_s", [1e-7, 3e-6, 0.0049, 0.005, 2.0])
def test_calibration_finds_rounds_that_are_neither_short_nor_long(duration_s: float) -> None:
    """A round takes at least 5 ms and not more than a fifth or one call above that."""
    clock = Clock()

    iterations, round_s = calibrate(make_fixture(clock), clock.taking("t", duration_s))

    assert round_s == pytest.approx(iterations * duration_s)
    assert round_s >= 0.005
    assert iterations == 1 or round_s <= max(0.006, 2 * duration_s)


@pytest.mark.parametrize("disable_gc", [True, False])
def test_the_reference_is_run_with_the_garbage_collector_as_the_target(*, disable_gc: bool) -> None:
    """--benchmark-disable-gc holds for the reference's rounds too, and not beyond them."""
    clock = Clock()
    seen: set[tuple[str, bool]] = set()

    def note(name: str) -> bool:
        if clock.log[-1:] == ["("]:
            seen.add((name, gc.isenabled()))
        clock.now_s += 1
        return True

    Measure(make_fixture(clock, disable_gc=disable_gc))(
        lambda: note("target"),
        expect=bool,
        parameters={},
        reference=lambda: note("reference"),
        reference_name="other",
    )

    assert seen == {("target", not disable_gc), ("reference", not disable_gc)}
    assert gc.isenabled()


def test_a_profile_does_not_disturb_the_pairs() -> None:
    """--benchmark-cprofile calls target and teardown more often: the reference has a round for each measured one."""
    clock = Clock()
    fixture = make_fixture(clock, cprofile=True, cprofile_loops=3)

    Measure(fixture)(
        clock.taking("t", 1.0, 1), expect=bool, parameters={}, reference=clock.taking("r", 1.0), reference_name="x"
    )

    assert len(fixture.extra_info["reference"]["data"]) == 2


@pytest.mark.parametrize("teardown", [None, lambda _: None], ids=["many calls", "one call"])
def test_a_disabled_benchmark_calls_the_target_once_and_checks_it(teardown: Callable[[int], None] | None) -> None:
    """--benchmark-disable makes a test of a benchmark: no reference, no calibration, no second call."""
    clock = Clock()

    result = Measure(make_fixture(clock, disabled=True))(
        clock.taking("t", 1.0, 42),
        expect=clock.taking("expect", 0.0),
        parameters={},
        reference=clock.taking("r", 1.0),
        reference_name="other",
        teardown=teardown,
    )

    assert clock.log == ["t", "expect"]
    assert result == 42


@pytest.mark.parametrize("expect", [lambda r: r == 4, lambda r: [] if r else None], ids=["False", "empty list"])
def test_a_false_value_means_a_wrong_answer(expect: Callable[[int], object]) -> None:
    """``expect`` may compare and return: what is false, though not None, fails the benchmark and names the result."""
    with pytest.raises(WrongAnswerError, match="wrong answer: 3"):
        Measure(make_fixture(Clock()))(lambda: 3, expect=expect, parameters={})


def test_the_last_answer_is_checked_too() -> None:
    """A target that is right at first and wrong after its rounds has failed."""
    clock = Clock()
    answers = iter([True, *[False] * 100])
    fixture = make_fixture(clock)

    def target() -> bool:
        clock.now_s += 1
        return next(answers)

    with pytest.raises(WrongAnswerError):
        Measure(fixture)(target, expect=lambda result: result, parameters={})

    assert fixture.has_error


def test_an_interrupted_benchmark_has_failed() -> None:
    """Ctrl-C in a round marks the fixture, so that the half-measured benchmark is in no JSON."""
    fixture = make_fixture(Clock())

    def target() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Measure(fixture)(target, expect=bool, parameters={})

    assert fixture.has_error


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"reference": 1}, "name the parameter otherwise"),
        ({"sizes": [1, 2]}, "parameter 'sizes' is \\[1, 2\\]"),
        ({"seconds": float("nan")}, "parameter 'seconds' is nan"),
    ],
)
def test_parameters_are_scalars_that_json_can_hold(parameters: dict[str, Any], message: str) -> None:
    """A parameter that the report could not read is refused before anything is run."""
    calls: list[int] = []

    with pytest.raises((TypeError, ValueError), match=message):
        Measure(make_fixture(Clock()))(lambda: calls.append(1), expect=bool, parameters=parameters)

    assert not calls


def test_parameters_become_extra_info() -> None:
    """What identifies a benchmark goes to the JSON as data, not in the name of a test."""
    fixture = make_fixture(Clock())
    parameters: dict[str, Any] = {"suite": "gil", "workers": 2, "share": 0.5, "warm": True, "protocol": None}

    Measure(fixture)(lambda: 1, expect=bool, parameters=parameters)

    assert fixture.extra_info == parameters


def test_a_reference_needs_a_name() -> None:
    """A ratio to nothing in particular is refused; a name without a reference is of no effect."""
    with pytest.raises(TypeError, match="needs a reference_name"):
        Measure(make_fixture(Clock()))(lambda: 1, expect=bool, parameters={}, reference=lambda: 1)
    fixture = make_fixture(Clock())

    Measure(fixture)(lambda: 1, expect=bool, parameters={}, reference_name="serial")

    assert "reference" not in fixture.extra_info
