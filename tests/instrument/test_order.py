"""The order of benchmarks is drawn by a seed that the run records."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.instrument.conftest import Outcome, Suite

EIGHT = """
import pytest

@pytest.mark.parametrize("n", range(8))
def test_a(measure, n):
    print("\\nran", n)
    measure(lambda: n, expect=lambda result: result == n, parameters={"n": n})

def test_ordinary():
    print("\\nran ordinary")
"""
SHARED = """
import pytest

@pytest.fixture(scope="module")
def costly(request):
    print("made", request.param)
    return request.param

@pytest.mark.parametrize("costly", ["x", "y"], indirect=True)
@pytest.mark.parametrize("n", range(4))
def test_a(measure, costly, n):
    measure(lambda: n, expect=lambda result: result == n, parameters={"n": n})
"""
QUICK = ("--quick", "--benchmark-max-time=0.001", "--benchmark-min-rounds=1", "-s")
COLLECTED = [*"01234567", "ordinary"]


def shuffled(suite: "Suite") -> "Suite":
    """Return the suite as one whose order is not held."""
    return replace(suite, is_shuffled=True)


def ran(outcome: "Outcome") -> list[str]:
    """Return what ran, in its order."""
    assert outcome.status == 0, outcome.output
    lines = [line.lstrip(".") for line in outcome.output.splitlines()]
    return list(dict.fromkeys(line.removeprefix("ran ") for line in lines if line.startswith("ran ")))


def test_a_recorded_run_can_be_run_again_in_its_order(make_suite: Callable[..., "Suite"]) -> None:
    """It draws a seed and keeps it; its file is in the order of the suite; that seed gives its order, others others."""
    suite = shuffled(make_suite(test_a=EIGHT))
    recorded = suite.run("--results", "out", *QUICK)
    content = recorded.results()
    seed = content["machine_info"]["instrument"]["order_seed"]

    assert [benchmark["extra_info"]["n"] for benchmark in content["benchmarks"]] == list(range(8))
    assert sorted(ran(recorded)) == COLLECTED
    assert ran(recorded)[8] == "ordinary"
    assert ran(suite.run(f"--order-seed={seed}", *QUICK)) == ran(recorded)
    assert any(ran(suite.run(f"--order-seed={seed + n}", *QUICK)) != ran(recorded) for n in (1, 2))


def test_a_run_that_is_not_recorded_keeps_the_order(make_suite: Callable[..., "Suite"]) -> None:
    """Without --results and without a seed nothing is shuffled."""
    assert ran(shuffled(make_suite(test_a=EIGHT)).run(*QUICK)) == COLLECTED


def test_what_shares_a_costly_fixture_stays_together(make_suite: Callable[..., "Suite"]) -> None:
    """A fixture of wider scope is made once a parameter, however the benchmarks are shuffled."""
    output = shuffled(make_suite(test_a=SHARED)).run("--order-seed=1", *QUICK).output

    assert output.count("made x") == output.count("made y") == 1, output
