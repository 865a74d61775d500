"""What the free-threaded build costs one thread, between two runs."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import metrics, statistics
from bench.instrument.metrics import Missing
from bench.instrument.records import Environment, Run
from bench.instrument.statistics import Estimate, Interval

if TYPE_CHECKING:
    MakeRecord = Callable[..., Run]

WORKLOAD = "gcd-seed"


def environment(run: Run) -> Environment:
    """Return the run's environment, which it has."""
    assert run.environment is not None
    return run.environment


@pytest.fixture
def gil(make_record: "MakeRecord") -> Run:
    """Return a run with the GIL, whose serial work takes 0.4 s."""
    return make_record(serial_s=0.4)


@pytest.fixture
def free(make_record: "MakeRecord") -> Run:
    """Return a run of the free-threaded build, whose serial work takes 0.5 s."""
    return make_record(serial_s=0.5, free_threaded=True)


def test_by_hand(gil: Run, free: Run) -> None:
    """0.5 s without the GIL and 0.4 s with it are a tax of 1.25."""
    tax = metrics.free_threading_tax(gil, free, WORKLOAD)

    assert isinstance(tax, Estimate)
    assert tax.value == pytest.approx(1.25)
    assert tax.estimator == "ratio of two medians that were not measured side by side"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda env: {"python": replace(env.python, version="3.13.1")}, "not the same version"),
        (lambda env: {"python": replace(env.python, pgo=False)}, "the builds differ in pgo"),
        (lambda env: {"python": replace(env.python, jit="on")}, "the builds differ in jit"),
        (lambda env: {"python": replace(env.python, gil_disabled_build=False)}, "tax is that of a free-threaded build"),
        (lambda env: {"gil_enabled": replace(env.gil_enabled, at_end=True)}, "GIL switched on"),
        (lambda env: {"host": replace(env.host, cpu_model="other")}, "different processors"),
    ],
    ids=["version", "pgo", "jit", "no free-threaded build", "gil", "machine"],
)
def test_unlike_runs_have_no_tax(
    gil: Run, free: Run, change: Callable[[Environment], dict[str, Any]], why: str
) -> None:
    """Whatever else differs would be in the figure, so there is a reason in its place."""
    other = replace(free, environment=replace(environment(free), **change(environment(free))))
    found = metrics.free_threading_tax(gil, other, WORKLOAD)

    assert isinstance(found, Missing)
    assert why in found.reason


def test_what_was_not_run_has_no_tax(gil: Run, free: Run) -> None:
    """A workload that one of them did not run, or a file of another project, gives a reason."""
    assert metrics.free_threading_tax(gil, free, "no such") == Missing("CPython 3.14.7t did not run no such serially")
    assert metrics.free_threading_tax(replace(gil, environment=None), free, WORKLOAD) == Missing(
        "a file does not tell how its Python was built"
    )


def test_a_jit_that_is_off_is_none(gil: Run, free: Run) -> None:
    """A build without a JIT and one whose JIT is off ran the same."""
    absent = replace(environment(free), python=replace(environment(free).python, jit="absent"))

    assert isinstance(metrics.free_threading_tax(gil, replace(free, environment=absent), WORKLOAD), Estimate)


def estimate(value: float, part: float = 0.0) -> Estimate:
    """Make an estimate whose interval reaches so far on either side, as a factor."""
    return Estimate(value, Interval(value / (1 + part), value * (1 + part)), 9, "made up")


def test_geometric_mean_by_hand() -> None:
    """Of 1, 2 and 4 it is 2; its interval is the t interval of their logarithms."""
    found = metrics.geometric_mean([estimate(1), estimate(2), estimate(4), Missing("not there")])

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(2)
    assert found.interval is not None
    reach = 4.302653 * math.log(2) / math.sqrt(3)  # t of 2 degrees of freedom at 97.5%
    assert found.interval.high == pytest.approx(2 * math.exp(reach), rel=1e-5)
    assert found.n == 3


def test_a_mean_of_two_says_nothing() -> None:
    """Fewer than three ratios give a reason."""
    assert metrics.geometric_mean([estimate(1), estimate(2)]) == Missing("a mean of fewer than 3 ratios says nothing")


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_ratio_of_estimates(one: float, other: float, part: float, other_part: float) -> None:
    """Its interval is as wide as both together at most, no narrower than either, and inverts with the ratio."""
    found = statistics.ratio(estimate(one, part), estimate(other, other_part))
    inverse = statistics.ratio(estimate(other, other_part), estimate(one, part))

    assert found.value == pytest.approx(one / other)
    assert found.interval is not None
    assert inverse.interval is not None
    width = math.log(found.interval.high / found.value)
    assert width == pytest.approx(math.hypot(math.log1p(part), math.log1p(other_part)), abs=1e-9)
    assert found.interval.high == pytest.approx(1 / inverse.interval.low)


def test_a_ratio_without_an_interval() -> None:
    """Where one of the two has none, neither has the ratio."""
    assert statistics.ratio(estimate(2), Estimate(1, None, 3, "few")).interval is None
