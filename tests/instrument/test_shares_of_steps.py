"""Shares of the ten steps, checked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import metrics
from bench.instrument.breakdown import Breakdown
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark
from bench.instrument.statistics import Estimate
from flagkit.executors.steps import Step

NAMES = (*(step.value for step in Step), metrics.RESIDUAL)


def traced(*rows_s: list[float], names: tuple[str, ...] = NAMES) -> Benchmark:
    """Make a benchmark with this breakdown."""
    return Benchmark("t", "b.py::t", None, "pipeline", {}, (1.0,), None, 1, 1, 1.0, 1.0, 1.0, 1.0, None,
                     Breakdown.of(names, rows_s))  # fmt: skip


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
