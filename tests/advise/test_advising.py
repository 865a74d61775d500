"""The course of an advice, with known figures in the place of what is measured."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from flagkit.advise import Advice, advising, cache, piloting
from flagkit.advise.advising import PEERS, PROCESSES, Advising
from flagkit.advise.measured import Measured
from flagkit.advise.piloting import Pilots
from flagkit.advise.records import Candidate, KindCosts, Pilot, PilotPlan
from flagkit.advise.runs import pilot
from flagkit.advise.sampling import sample
from flagkit.advise.sandbox import EndedError, LateError, Tell
from flagkit.advise.target import Target
from flagkit.executors import EXECUTORS
from tests.advise.made import CORES, costs, measured

pytestmark = pytest.mark.once
KINDS = ("serial", "thread", "process-fork", "process-spawn", "joblib")
BUDGET_S = 10.0


class Apart:
    """Stands for `run_apart`: gives what was measured at once, and keeps in which order it was asked for."""

    def __init__(self, sampled: Measured, late: tuple[str, ...] = (), best: int | None = None) -> None:
        self.order: list[tuple[str, str]] = []
        self.tried: list[tuple[str, int]] = []
        self.plans: list[PilotPlan] = []
        self.limits_s: dict[str, float] = {}
        self._sampled = sampled
        self._late = late
        self._best = best

    def __call__(self, work: Callable[..., Any], limit_s: float, _: Tell, *arguments: Any) -> Any:
        """Return what that work measures; where a number of workers is the best one, any other is the slower."""
        if work is sample:
            return self._sampled
        if work is pilot:
            plan: PilotPlan = arguments[1]
            self.order.append(("pilot", plan.candidate.kind))
            self.plans.append(plan)
            if plan.is_first:
                self.tried.append((plan.candidate.kind, plan.candidate.workers))
            items_s = len(plan.indices) * self._sampled.mean_s
            if self._best is not None:  # the further from it, the longer
                items_s *= 4 * max(self._best / plan.candidate.workers, plan.candidate.workers / self._best)
            alone_s = plan.alone * self._sampled.mean_s
            known = costs(plan.candidate.kind)
            start_s = known.start_s[0] + known.start_each_s[0] * (plan.candidate.workers - known.workers)
            takes_turns = plan.candidate.kind == "thread" and self._sampled.gil_share(CORES) == 1
            whole_s = start_s + items_s / (self._best or (1 if takes_turns else plan.candidate.workers))
            return whole_s, alone_s, self._sampled.pace_s, start_s if plan.is_first else 0.0
        (kind,) = arguments
        self.order.append(("costs", kind))
        self.limits_s[kind] = limit_s
        if kind in self._late:
            raise LateError("it did not end")
        known = costs(kind)
        values = ((name, getattr(known, name)) for name in KindCosts.__slots__)
        of_one_process: dict[str, Any] = {name: value[:1] for name, value in values if isinstance(value, tuple)}
        return replace(known, **of_one_process)


@pytest.fixture
def advised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Apart], Advice]:
    """Return what gives an advice by what stands for the measuring; nothing is known of the machine before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(type(EXECUTORS["serial"]), "unavailable", lambda _: None)
    for module in (advising, piloting):
        monkeypatch.setattr(module, "usable_cpus", lambda: 2)

    def advise(apart: Apart) -> Advice:
        monkeypatch.setattr(advising, "run_apart", apart)
        monkeypatch.setattr(piloting, "run_apart", apart)
        return Advising(Target("job:gcd", "job:pairs"), None, BUDGET_S, lambda _: None, KINDS).run()

    return advise


def test_what_other_libraries_cost_comes_last(advised: Callable[[Apart], Advice]) -> None:
    """They take long to start, so pilots of all others that are worth one come first."""
    apart = Apart(measured(0.05))
    advised(apart)
    first = next(place for place, (what, kind) in enumerate(apart.order) if what == "costs" and kind in PEERS)
    before = apart.order[:first]
    assert {kind for what, kind in before if what == "costs"} == {"thread", "process-fork", "process-spawn"}
    assert {kind for what, kind in before if what == "pilot"} >= {"process-fork"}
    assert ("pilot", "joblib") in apart.order[first:]


def test_nothing_is_measured_twice(advised: Callable[[Apart], Advice]) -> None:
    """What the last advice has found the next one goes by, but for what makes it surer."""
    advised(Apart(measured(0.05)))
    again = Apart(measured(0.05))
    advised(again)
    processes = {kind: len(one.start_s) for kind, one in cache.load().costs.items()}
    assert processes == {"thread": PROCESSES, "process-fork": PROCESSES, "process-spawn": PROCESSES, "joblib": 1}
    assert not [kind for what, kind in again.order if what == "costs"]


def test_threads_that_take_turns_are_told_of_by_name(advised: Callable[[Apart], Advice]) -> None:
    """They are ruled out for the GIL, not ranked, and nothing that is said would have them after all."""
    advice = advised(Apart(measured(0.05)))
    assert advice.choice.candidate.kind == "process-fork"
    assert "thread" not in {one.candidate.kind for one in advice.ranking}
    (reason,) = [one.reason for one in advice.ruled_out if one.kind == "thread"]
    assert reason.startswith("the GIL is held for 100% of the computing: ")
    assert advice.reason.startswith("Threads would take turns, as the GIL is held")
    assert not any("thread" in change for change in advice.changes)


def test_threads_that_do_not_are_ranked(advised: Callable[[Apart], Advice]) -> None:
    """Nothing is ruled out then."""
    advice = advised(Apart(measured(0.05, gil_share=0.0)))
    assert {one.candidate.kind for one in advice.ranking} == set(KINDS)
    assert advice.ruled_out == ()


def test_a_kind_whose_costs_come_too_late(advised: Callable[[Apart], Advice]) -> None:
    """It is named as not tried, and is not tried again within as little time."""
    apart = Apart(measured(0.05), late=("process-spawn",))
    advice = advised(apart)
    assert [one.kind for one in advice.ruled_out if one.reason == advising.NOT_MEASURED] == ["process-spawn"]
    assert cache.load().not_within_s == {"process-spawn": apart.limits_s["process-spawn"]}
    again = Apart(measured(0.05))
    advised(again)
    assert ("costs", "process-spawn") not in again.order


def test_other_numbers_of_workers_are_tried_where_tasks_wait(advised: Callable[[Apart], Advice]) -> None:
    """Half and twice those of the choice, until it is one that was tried itself, and its neighbours were too."""
    apart = Apart(measured(0.05, cpu_share=0.01, n=640, threads=64), best=16)
    advice = advised(apart)
    assert (advice.choice.candidate.kind, advice.choice.candidate.workers) == ("thread", 16)
    tried = {one.candidate.workers for one in advice.evidence.tried if one.candidate.kind == "thread"}
    assert {8, 16, 32} <= tried
    assert len(apart.tried) == len(set(apart.tried))


def test_what_may_be_the_choice_is_tried_in_several_processes(advised: Callable[[Apart], Advice]) -> None:
    """Its start is measured in the first of them; what takes longer to start than all of that is not tried at all."""
    apart = Apart(measured(0.001, gil_share=0.0, n=100))
    pilots = advised(apart).evidence.pilots
    assert set(pilots) == {"thread"}
    assert len(pilots["thread"].rest_s) == PROCESSES
    assert [plan.is_first for plan in apart.plans] == [True] + [False] * (PROCESSES - 1)
    assert {len(plan.indices) for plan in apart.plans} == {100}
    known = costs("thread")
    start_s = known.start_s[0] + known.start_each_s[0] * (pilots["thread"].candidate.workers - known.workers)
    assert pilots["thread"].start_s == pytest.approx([start_s] * PROCESSES)


def test_rivals_are_tried_as_often(advised: Callable[[Apart], Advice]) -> None:
    """Kinds of the standard library, which are as fast here, before those of other libraries have their turn."""
    apart = Apart(measured(0.05, gil_share=0.0))
    pilots = advised(apart).evidence.pilots
    assert {len(pilots[kind].rest_s) for kind in ("thread", "process-fork")} == {PROCESSES}
    first = next(place for place, (what, kind) in enumerate(apart.order) if what == "costs" and kind in PEERS)
    assert apart.order[:first].count(("pilot", "process-fork")) == 1 + advising.AT_FIRST  # of the longer one


def test_of_kinds_that_are_alike_one_is_tried(advised: Callable[[Apart], Advice]) -> None:
    """What is known of its workers holds for the other kind, which then has nothing to gain by its start."""
    apart = Apart(measured(0.05))
    ranking = {one.candidate.kind: one for one in advised(apart).ranking}
    assert {kind for kind, _ in apart.tried} & {"process-fork", "process-spawn"} == {"process-fork"}
    assert ranking["process-spawn"].time_s.value == pytest.approx(ranking["process-fork"].time_s.value, rel=0.01)


def test_what_may_be_the_choice_is_tried_with_more_items(advised: Callable[[Apart], Advice]) -> None:
    """A pilot that is run again is longer, and takes the place of the short one; never more than the job."""
    for n, longest in ((100, piloting.GROWTH), (10, None)):
        apart = Apart(measured(0.05, n=n))
        found = advised(apart).evidence.pilots["process-fork"]
        counts = [len(plan.indices) for plan in apart.plans if plan.candidate.kind == "process-fork"]
        assert counts[1:] == [longest * counts[0] if longest else n] * PROCESSES
        assert (found.items, len(found.rest_s)) == (counts[1], PROCESSES)


@pytest.mark.parametrize(("start_s", "rest_s"), [(0.05, 0.05), (0.09, 0.0275), (0.5, 0.0275)])
def test_items_take_a_workers_share_at_least(start_s: float, rest_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a start takes as long as nearly all of the run, workers have worked while others started."""
    monkeypatch.setattr(piloting, "usable_cpus", lambda: 2)
    about = Pilot(Candidate("process-spawn", 2, 1), 4, 0.05, 1.1, (), (), (), 0.02, ())
    planned = piloting._Planned(PilotPlan(about.candidate, (0, 1, 2, 3), 2), about, 1, start_s, 1.0)
    found = Pilots._split(measured(), planned, 0.1, 0.03, 1e-3)  # slower alone than in the sample, which counts
    assert found.rest_s == pytest.approx((rest_s,))
    assert found.start_s == pytest.approx((0.1 - rest_s,))
    quicker = Pilots._split(measured(), planned, 0.1, 0.01, 1e-3)
    assert quicker.rest_s == pytest.approx((max(0.1 - start_s, 0.0275 / 2),))
    held_up = Pilots._split(measured(), replace(planned, about=replace(about, sample_s=9.0)), 0.1, 0.03, 1e-3)
    assert held_up.rest_s == pytest.approx((0.095,))  # a start takes something


def test_a_longer_pilot_that_fails_is_not_tried_again(advised: Callable[[Apart], Advice]) -> None:
    """Its items had not been run before; the short one stands, and is what is run in further processes."""

    class Failing(Apart):
        """Fails where a pilot of process-fork has more items than the first one."""

        longest = 0
        failed: ClassVar[list[int]] = []

        def __call__(self, work: Callable[..., Any], limit_s: float, tell: Tell, *arguments: Any) -> Any:
            """Return what that work measures, or raise."""
            if work is pilot and arguments[1].candidate.kind == "process-fork":
                count = len(arguments[1].indices)
                if self.longest and count > self.longest:
                    self.failed.append(count)
                    raise EndedError("it raised ValueError: no good")
                self.longest = count
            return super().__call__(work, limit_s, tell, *arguments)

    Failing.failed.clear()
    apart = Failing(measured(0.05))
    found = advised(apart).evidence.pilots["process-fork"]
    assert len(apart.failed) == 1
    assert found.items < apart.failed[0]
    assert len(found.rest_s) > 1


def test_no_other_numbers_of_workers_where_tasks_compute(advised: Callable[[Apart], Advice]) -> None:
    """There it is the cores."""
    apart = Apart(measured(0.05, gil_share=0.0))
    assert advised(apart).evidence.further == ()
    assert len({kind for kind, _ in apart.tried}) == len(apart.tried)
