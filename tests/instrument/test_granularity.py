"""How short a task may be and how large its payload, checked against curves worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import metrics
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Reference, Scalar
from bench.instrument.statistics import Estimate, Interval

ROUNDS = 8
TASKS = 10


def benchmark(rounds_s: tuple[float, ...], reference_s: float | None = None, **parameters: Scalar) -> Benchmark:
    """Make a benchmark of these rounds, beside a serial reference that always takes the same."""
    return Benchmark(
        name="test",
        fullname="bench.py::test",
        group=None,
        suite="dispatch",
        parameters=parameters,
        rounds_s=rounds_s,
        reference=Reference("serial", (reference_s,) * len(rounds_s)) if reference_s else None,
        rounds=len(rounds_s),
        iterations=1,
        min_s=min(rounds_s),
        median_s=rounds_s[0],
        max_s=max(rounds_s),
        mean_s=rounds_s[0],
    )


def pool(task_s: float, overhead_s: float, workers: int = 2) -> Benchmark:
    """Make a rung: TASKS tasks in a pool that shares the work and pays an overhead for each task."""
    taken_s = TASKS * (task_s / workers + overhead_s)
    return benchmark((taken_s,) * ROUNDS, TASKS * task_s, tasks=TASKS, workers=workers, kind="process-spawn")


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    """Make an estimate with or without an interval."""
    return Estimate(value, None if low is None or high is None else Interval(low, high), ROUNDS, "made up")


def value(derived: metrics.Derived) -> float:
    """Return what was derived, which must not be missing."""
    assert isinstance(derived, Estimate), derived
    return derived.value


def reason(derived: metrics.Derived) -> str:
    """Return why nothing was derived."""
    assert isinstance(derived, Missing), derived
    return derived.reason


def test_task_length() -> None:
    """Ten tasks in 0.1 s are 10 ms each."""
    assert value(metrics.task_length(pool(0.01, 0))) == pytest.approx(0.01)


def test_break_even_length_by_hand() -> None:
    """With 1 ms of overhead and two workers a task must last 2 ms: then 10 * (1 + 1) ms are 10 * 2 ms."""
    assert value(metrics.break_even_length([pool(t, 0.001) for t in (0.001, 0.002, 0.004)])) == pytest.approx(0.002)


@given(st.floats(1e-5, 1e-3), st.integers(2, 16))
def test_break_even_is_found_between_rungs(overhead_s: float, workers: int) -> None:
    """On a ladder of decades the crossing is found within a fifth of T = overhead * N / (N - 1)."""
    expected_s = overhead_s * workers / (workers - 1)
    ladder = [pool(10.0**decade, overhead_s, workers) for decade in range(-7, 1)]

    assert value(metrics.break_even_length(reversed(ladder))) == pytest.approx(expected_s, rel=0.5)


def test_minimum_granularity_by_hand() -> None:
    """Half of four cores' worth, 2x, is reached where 10 T = 2 * 10 * (T / 4 + 1 ms): at T = 4 ms."""
    ladder = [pool(task_s, 0.001, workers=4) for task_s in (0.001, 0.004, 0.016)]

    assert value(metrics.minimum_granularity(ladder, ideal=4)) == pytest.approx(0.004)


@given(st.floats(1e-5, 1e-3))
def test_with_two_cores_half_of_the_ideal_is_serial(overhead_s: float) -> None:
    """METG(50%) of two workers on two cores is the break-even length."""
    ladder = [pool(10.0**decade, overhead_s) for decade in range(-6, 0)]

    assert value(metrics.minimum_granularity(ladder, 2)) == value(metrics.break_even_length(ladder))


def test_break_even_payload_by_hand() -> None:
    """With round trips of 1, 2 and 4 ms for 1, 2 and 4 MiB, two cores and a task of 4 ms, 2 MiB are the most."""
    trips = [benchmark((size * 1e-3,) * ROUNDS, measurement="round trip", size_bytes=size << 20) for size in (4, 1, 2)]

    assert value(metrics.break_even_payload(trips, 0.004, 2)) == pytest.approx(2 << 20)
    assert "not reached up to 4 MiB" in reason(metrics.break_even_payload(trips, 1.0, 2))
    assert "reached already at 1 MiB" in reason(metrics.break_even_payload(trips, 0.001, 2))


def test_break_even_by_task_and_by_payload_are_each_others_inverse() -> None:
    """The task that a payload needs is worth sending with just that payload."""
    trips = [
        benchmark((s * 1e-9 + 1e-4,) * ROUNDS, measurement="round trip", size_bytes=s)
        for s in (1 << 10, 1 << 20, 1 << 24)
    ]
    for trip in trips[1:]:
        task_s = value(metrics.break_even_task(trip, 2))
        assert value(metrics.break_even_payload(trips, task_s, 2)) == pytest.approx(trip.integer("size_bytes"))


@given(
    st.lists(st.floats(0.1, 10), min_size=2, max_size=8).map(sorted),
    st.floats(0.05, 20),
)
def test_a_crossing_lies_where_the_curve_says(ys: list[float], level: float) -> None:
    """On a rising curve it lies between the points around the level; outside of the curve there is a reason."""
    points = [(10.0**index, estimate(y)) for index, y in enumerate(ys)]
    found = metrics.crossing(points, level, "the level")

    if ys[-1] < level:
        assert "not reached" in reason(found)
    elif ys[0] >= level:
        assert "reached already" in reason(found)
    else:
        at = next(index for index in range(len(ys)) if ys[index] >= level)
        assert 10.0 ** (at - 1) * (1 - 1e-9) <= value(found) <= 10.0**at * (1 + 1e-9)


def test_the_interval_of_a_crossing() -> None:
    """It runs from where the upper ends cross to where the lower ends do; each at its own decade here."""
    points = [
        (1.0, estimate(0.1, 0.05, 1.0)),
        (10.0, estimate(1.0, 0.5, 2.0)),
        (100.0, estimate(10.0, 1.0, 20.0)),
        (1000.0, estimate(100.0, 50.0, 200.0)),
    ]
    found = metrics.crossing([(0.1, estimate(0.01, 0.01, 0.01)), *points], 1.0, "one")

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(10)
    assert found.interval is not None
    assert [found.interval.low, found.interval.high] == pytest.approx([1, 100])


def test_an_interval_that_leaves_the_points_is_none() -> None:
    """Where the lower ends never cross within what was measured, nothing is said about how far it may go."""
    found = metrics.crossing([(1.0, estimate(0.5, 0.4, 0.6)), (2.0, estimate(2.0, 0.9, 3.0))], 1.0, "one")

    assert isinstance(found, Estimate)
    assert found.interval is None
    assert found.value == pytest.approx(math.sqrt(2))


def test_of_several_crossings_the_last_counts() -> None:
    """A curve that dips again is worth it only from its last rise on."""
    curve = [(1.0, 0.5), (2.0, 2.0), (4.0, 0.5), (8.0, 2.0)]
    found = value(metrics.crossing([(x, estimate(y)) for x, y in curve], 1.0, "one"))

    assert 4 < found < 8


@pytest.mark.parametrize(
    ("derived", "why"),
    [
        (metrics.task_length(benchmark((1.0,), 1.0)), "no tasks"),
        (metrics.task_length(benchmark((1.0,), tasks=4)), "serial is not what took turns"),
        (metrics.break_even_length([]), "fewer than two points"),
        (metrics.break_even_length([pool(0.1, 0.001)]), "fewer than two points"),
        (metrics.break_even_length([pool(t, 1.0) for t in (0.01, 0.1)]), "serial's speed is not reached up to 100 ms"),
        (metrics.break_even_length([pool(t, 1e-9) for t in (0.01, 0.1)]), "reached already at 10.0 ms"),
        (metrics.break_even_length([benchmark((1.0,), tasks=4)] * 2), "serial is not what took turns"),
        (metrics.minimum_granularity([pool(0.1, 0.001)], 1), "one core"),
        (metrics.minimum_granularity([pool(0.1, 0.001)], None), "one core"),
        (metrics.break_even_payload([benchmark((1.0,), measurement="dumps", size_bytes=1)], 1, 2), "round trip"),
    ],
)
def test_missing_inputs_give_a_reason(derived: metrics.Derived, why: str) -> None:
    """What cannot be derived says why, and is never a zero."""
    assert why in reason(derived)
