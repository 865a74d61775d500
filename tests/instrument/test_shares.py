"""The time of a run is shared out among its benchmarks, whatever they ask for."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import budget
from bench.instrument.shares import Shares

if TYPE_CHECKING:
    from tests.instrument.conftest import Suite


class Run:
    """A run on a clock of its own: each item measures for its share and takes some time beside."""

    def __init__(self, budget_s: float, asked_s: list[float], *, others: int = 0, most: float = 1) -> None:
        self.now_s = 1000.0
        benchmarks = [SimpleNamespace(nodeid=f"b{n}", fixturenames=["benchmark"]) for n in range(len(asked_s))]
        ordinary = [SimpleNamespace(nodeid=f"t{n}", fixturenames=[]) for n in range(others)]
        asked = dict(zip((item.nodeid for item in benchmarks), asked_s, strict=True))
        self.items = cast("list[pytest.Item]", [*ordinary, *benchmarks])
        self.shares = Shares(budget_s, lambda item: asked[item.nodeid], most, lambda: self.now_s)
        self.shares.pytest_collection_finish(cast("pytest.Session", SimpleNamespace(items=self.items)))

    def go(self, beside_s: float) -> list[float]:
        """Run all items; return what each benchmark got."""
        got = []
        for item in self.items:
            protocol: Any = self.shares.pytest_runtest_protocol(item)
            next(protocol)
            share_s = self.shares.share_s(item)
            self.now_s += share_s + beside_s
            with pytest.raises(StopIteration):
                protocol.send(None)
            if item.nodeid.startswith("b"):
                got.append(share_s)
        return got


def test_who_asks_for_little_gets_it() -> None:
    """A budget that suffices changes nothing; a test that is no benchmark has no share."""
    assert Run(100, [1, 2, 3], others=2).go(beside_s=0.5) == [1, 2, 3]


def test_what_is_left_over_is_shared_too() -> None:
    """Where a benchmark may have more than it asks for, it gets that if the run has the time, and no more than that."""
    assert Run(100, [1, 2, 3], most=2).go(beside_s=0.5) == [2, 4, 6]
    assert Run(9, [1, 2, 3], most=2).go(beside_s=0) == pytest.approx([1.5, 3, 4.5])


def test_what_is_short_is_shared_in_proportion() -> None:
    """Half of the time is half for each."""
    assert Run(3, [1, 2, 3]).go(beside_s=0) == pytest.approx([0.5, 1, 1.5])


def test_what_nobody_asks_for_is_learnt() -> None:
    """The first knows nothing of the time beside; the others make room for it."""
    first, *rest = Run(10, [2.0] * 10).go(beside_s=0.5)
    assert first == pytest.approx(1)
    assert rest == pytest.approx([(10 - 1.5 - 9 * 0.5) / 9] * 9)


@given(
    st.floats(0.1, 1000),
    st.lists(st.floats(0.01, 100), min_size=1, max_size=30),
    st.floats(0, 10),
    st.integers(0, 3),
    st.floats(1, 3),
)
def test_the_run_ends_in_time(budget_s: float, asked_s: list[float], beside_s: float, others: int, most: float) -> None:
    """Nobody gets less than nothing or more than allowed, and the shares end within the budget if they can at all."""
    run = Run(budget_s, asked_s, others=others, most=most)
    begun_s = run.now_s
    got = run.go(beside_s)
    assert all(0 <= share_s <= asked * most for share_s, asked in zip(got, asked_s, strict=True))
    beside_all_s = beside_s * len(run.items)
    # The first benchmark's share is dealt out before anything is known of the time beside
    assert run.now_s - begun_s <= max(budget_s, got[0] + beside_all_s) * (1 + 1e-9)


def test_each_pass_has_its_part_of_what_is_left() -> None:
    """Of 12 s the first of two passes has a third, the second the rest, of which it knows what is beside the rounds."""
    run = Run(12, [10, 10])
    run.shares.begin(run.items, 1 / 3)
    first = run.go(beside_s=0.5)
    run.shares.begin(run.items, 1.0)
    second = run.go(beside_s=0.5)

    assert first == pytest.approx([2, 1])
    assert sum(first) + sum(second) == pytest.approx(12 - 4 * 0.5)
    assert second[0] == pytest.approx(second[1])
    assert run.now_s == pytest.approx(1012)


def test_when_the_budget_is_overrun() -> None:
    """Least numbers of rounds may take a fiftieth more than the budget; from then on it is spent."""
    run = Run(10, [1.0] * 4)
    assert not run.shares.is_spent
    run.now_s += 10.2
    assert not run.shares.is_spent
    run.now_s += 0.001
    assert run.shares.is_spent


def test_what_does_not_get_its_turn_is_listed(make_suite: Callable[..., "Suite"]) -> None:
    """On a machine too slow for the budget the run ends all the same, and names what it left out, with the reason."""
    slow = SLOW.replace("time.sleep(0.005)", "time.sleep(0.3)")
    content = make_suite(test_a=slow).run("--results", "out", "--budget", "1s", "-W", "error").results()
    left_out = content["machine_info"]["instrument"]["unavailable"]
    assert len(content["benchmarks"]) + len(left_out) == 4
    assert content["benchmarks"]
    assert {"spent before its turn" in entry["reason"] for entry in left_out} == {True}


SLOW = """
import time, pytest

@pytest.mark.parametrize("n", range(4))
def test_a(measure, n):
    measure(lambda: time.sleep(0.005), expect=lambda _: True, parameters={})
"""


@pytest.mark.parametrize(("options", "is_short"), [((), True), (("--benchmark-max-time=0.5",), False)])
def test_a_budget_shortens_a_real_run(
    make_suite: Callable[..., "Suite"], options: tuple[str, ...], *, is_short: bool
) -> None:
    """Of two hundred rounds of 5 ms that a second holds, some are left; the user's time for each is not shared."""
    outcome = make_suite(test_a=SLOW).run("--results", "out", "--budget", "0.4s", *options)
    rounds = [benchmark["stats"]["rounds"] for benchmark in outcome.results()["benchmarks"]]
    assert len(rounds) == 4 or is_short
    assert (sum(rounds) < 4 * 25) is is_short


@pytest.mark.parametrize(
    ("extent", "given_s", "budget_s"),
    [("", None, 270.0), ("quick", None, 270.0), ("thorough", None, None), ("thorough", 9.0, 9.0), ("", 9.0, 9.0)],
)
def test_the_budget_of_the_study_binds_nothing_thorough(
    monkeypatch: pytest.MonkeyPatch, extent: str, given_s: float | None, budget_s: float | None
) -> None:
    """The ini option is of the study and the quick look; --budget is of whatever it is given with."""
    options = {"quick": extent == "quick", "thorough": extent == "thorough", "budget": given_s}
    config = SimpleNamespace(getoption=options.__getitem__, getini={"budget": "4.5m"}.__getitem__)
    monkeypatch.setattr(budget, "time_given", lambda _: False)

    assert budget.run_s(cast("pytest.Config", config)) == budget_s


def test_a_budget_of_the_study_that_is_no_time_is_refused(make_suite: Callable[..., "Suite"]) -> None:
    """It is one line, before anything is measured."""
    outcome = make_suite(test_a=SLOW).run("--results", "out", "-o", "budget=soon")

    assert outcome.status == 4
    assert "ERROR: budget: " in outcome.output
    assert not outcome.folder.joinpath("out").exists()


@pytest.mark.parametrize("asked", ["0", "-1s", "soon", "1d", ""])
def test_a_budget_that_is_no_time_is_refused(make_suite: Callable[..., "Suite"], asked: str) -> None:
    """One line, and status 4, which is pytest's for wrong usage."""
    outcome = make_suite(test_a=SLOW).run(f"--budget={asked}")
    assert outcome.status == 4
    assert f"{asked!r} is no time: give 90s, 4.5m or 1h" in outcome.output
