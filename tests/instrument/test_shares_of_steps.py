"""Shares of the ten steps, checked by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import metrics
from bench.instrument.breakdown import Breakdown
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark
from bench.instrument.statistics import Estimate, Interval
from flagkit.executors.steps import Step

NAMES = (*(step.value for step in Step), metrics.RESIDUAL)


def traced(*rows_s: list[float], names: tuple[str, ...] = NAMES, visits: tuple[int, ...] = ()) -> Benchmark:
    """Make a benchmark with this breakdown."""
    return Benchmark("t", "b.py::t", None, "pipeline", {}, (1.0,), None, 1, 1, 1.0, 1.0, 1.0, 1.0, None,
                     replace(Breakdown.of(names, rows_s), visits=visits))  # fmt: skip


def value(derived: metrics.Derived) -> float:
    """Return what was derived, which must not be missing."""
    assert isinstance(derived, Estimate), derived
    return derived.value


def test_the_steps_of_serialization_are_steps() -> None:
    """The names that the instrument adds up are those under which tasks are traced."""
    assert set(metrics.SERIALIZATION_STEPS) < set(Step)


def test_by_hand() -> None:
    """Of 20 ms: queue 2, pickle 1, send 2, unpickle 1, run 5, back 1 + 2 + 1, merge 1, import 3, residual 1."""
    row = [2, 1, 2, 1, 3, 5, 1, 2, 1, 1, 1]
    item = traced([part / 1000 for part in row])

    assert value(metrics.serialization_share(item)) == pytest.approx(8 / 20)
    assert value(metrics.residual_share(item)) == pytest.approx(1 / 20)
    assert value(metrics.shares(item)["run"]) == pytest.approx(5 / 20)


def test_a_visit_counts_once_by_hand() -> None:
    """Medians 0, 20% and 40% have the mean 20%, by tasks of any number; t for 2 degrees of freedom is 4.303."""
    rows = [[share, 1 - share] for share in (0.0, 0.2, 0.9, 0.1, 0.2, 0.4)]
    found = metrics.shares(traced(*rows, names=("pickle", "run"), visits=(1, 4, 1)))["pickle"]

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.2)
    assert found.interval is not None
    assert found.interval.low == 0
    assert found.interval.high == pytest.approx(0.2 + 4.30265 * 0.2 / 3**0.5)
    assert (found.n, found.estimator) == (6, "median of tasks, mean over visits")


@pytest.mark.parametrize("visits", [(), (7,)])
def test_tasks_of_one_visit_by_hand(visits: tuple[int, ...]) -> None:
    """Where a file does not tell of visits, or of one, the median is that of the tasks, with order statistics."""
    rows = [[share / 8, 1 - share / 8] for share in (5, 1, 4, 2, 7, 3, 6)]
    found = metrics.shares(traced(*rows, names=("pickle", "run"), visits=visits))["pickle"]

    assert found == Estimate(4 / 8, Interval(1 / 8, 7 / 8), 7, "median of tasks")


@given(st.lists(st.lists(st.floats(1e-9, 1.0), min_size=11, max_size=11), min_size=1, max_size=1))
def test_shares_of_one_task_add_up(rows_s: list[list[float]]) -> None:
    """The shares of all steps and of the residual are the whole."""
    assert sum(map(value, metrics.shares(traced(*rows_s)).values())) == pytest.approx(1)


@given(st.lists(st.lists(st.floats(1e-9, 1.0), min_size=11, max_size=11), min_size=1, max_size=20), st.floats(0.1, 10))
def test_a_share_has_no_unit(rows_s: list[list[float]], factor: float) -> None:
    """A clock that runs faster changes no share, and no share leaves 0 to 1."""
    share = value(metrics.serialization_share(traced(*rows_s)))
    scaled = [[part * factor for part in row] for row in rows_s]

    assert 0 <= share <= 1
    assert value(metrics.serialization_share(traced(*scaled))) == pytest.approx(share)


def test_missing_inputs_give_a_reason() -> None:
    """Without a breakdown, without a step, or without time, there is no share."""
    plain = Benchmark("t", "b.py::t", None, "pipeline", {}, (1.0,), None, 1, 1, 1.0, 1.0, 1.0, 1.0)
    partly = traced([1.0, 2.0], names=("pickle", "run"))
    timeless = traced([0.0] * 11)

    assert metrics.serialization_share(plain) == Missing("its time was not taken apart")
    assert metrics.shares(plain) == {}
    assert metrics.serialization_share(partly) == Missing("its time was not taken apart as far as send")
    assert metrics.residual_share(timeless) == Missing("a task took no time by its own clock")
