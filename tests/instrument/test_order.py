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


def shuffled(suite: "Suite") -> "Suite":
    """Return the suite as one whose order is not held."""
    return replace(suite, is_shuffled=True)


def ran(outcome: "Outcome") -> list[str]:
    """Return what ran, in its order."""
    assert outcome.status == 0, outcome.output
    lines = [line.lstrip(".") for line in outcome.output.splitlines()]
    return [line.removeprefix("ran ") for line in lines if line.startswith("ran ")]


def in_order(words: list[str]) -> list[str]:
    """Return each word once, in the order of their first occurrence: an item runs several times."""
    return list(dict.fromkeys(words))


def test_a_seed_is_an_order(make_suite: Callable[..., "Suite"]) -> None:
    """The same seed gives the same order, another one another; ordinary tests keep their places."""
    suite = shuffled(make_suite(test_a=EIGHT))
    first, again, other = (in_order(ran(suite.run(f"--order-seed={seed}", *QUICK))) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other) == [*"01234567", "ordinary"]
    assert first[:8] != [*"01234567"]


def test_a_recorded_run_keeps_its_seed_and_the_order_of_the_files(make_suite: Callable[..., "Suite"]) -> None:
    """The JSON has the seed, and its benchmarks as they stand in the file, whatever the order in which they ran."""
    outcome = shuffled(make_suite(test_a=EIGHT)).run("--order-seed=7", "--results", "out", *QUICK)
    content = outcome.results()
    assert content["machine_info"]["instrument"]["order_seed"] == 7
    assert [benchmark["extra_info"]["n"] for benchmark in content["benchmarks"]] == list(range(8))


def test_a_recorded_run_draws_a_seed(make_suite: Callable[..., "Suite"]) -> None:
    """Without --order-seed a recorded run has a seed of its own, by which it can be run again."""
    suite = shuffled(make_suite(test_a=EIGHT))
    outcome = suite.run("--results", "out", *QUICK)
    seed = outcome.results()["machine_info"]["instrument"]["order_seed"]
    assert isinstance(seed, int)
    assert in_order(ran(suite.run(f"--order-seed={seed}", *QUICK))) == in_order(ran(outcome))


def test_a_run_that_is_not_recorded_keeps_the_order(make_suite: Callable[..., "Suite"]) -> None:
    """Without --results and without a seed nothing is shuffled."""
    suite = shuffled(make_suite(test_a=EIGHT))
    assert in_order(ran(suite.run(*QUICK))) == [*"01234567", "ordinary"]


def test_what_shares_a_costly_fixture_stays_together(make_suite: Callable[..., "Suite"]) -> None:
    """A fixture of wider scope is made once a parameter, however the benchmarks are shuffled."""
    suite = shuffled(make_suite(test_a=SHARED))
    for seed in (1, 2, 3):
        output = suite.run(f"--order-seed={seed}", *QUICK).output
        assert output.count("made x") == output.count("made y") == 1, output
