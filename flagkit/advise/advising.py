"""The whole course of an advice: sample, costs of the kinds, pilots, ranking, words."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from flagkit.advise import cache, reasons
from flagkit.advise.costs import measure_costs
from flagkit.advise.draws import Draws
from flagkit.advise.measured import COMPUTING, Measured
from flagkit.advise.model import nearest, same_pool
from flagkit.advise.piloting import DOUBT, Pilots
from flagkit.advise.ranking import Ranked, draw, predictions, rank, rank_workers, ties
from flagkit.advise.records import Advice, AdviseError, Evidence, KindCosts, RuledOut, Verified
from flagkit.advise.runs import run_job
from flagkit.advise.sampling import sample
from flagkit.advise.sandbox import EndedError, LateError, Tell, run_apart
from flagkit.advise.snippet import snippet
from flagkit.advise.target import Target
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS
from flagkit.executors.properties import Property, deviation

__all__ = ["PEERS", "PROCESSES", "Advising", "verify"]

MEASURING_SHARE = 0.82
"""Of the budget; the rest is for starting, ranking and words."""
SAMPLE_SHARE = 0.25
COSTS_SHARE = 0.7
"""Of what is for measuring, by when sampling, and measuring the kinds' costs, is to be over; the rest is for pilots."""
TRYING_SHARE = 0.6
"""Of what is left for pilots, for the first ones of each kind; the rest is for those of what may be the choice."""
PILOT_SHARE = 0.02
"""Of the budget, what the items of a pilot are to take."""
NOT_MEASURED = "not tried: what it costs on this machine is not measured yet, for which it takes a longer budget"
PEERS = ("loky", "joblib", "mpire", "dask")
"""Kinds of other libraries, which take longer to start than all the others: what they cost is measured last, in what
pilots of the others leave of the time."""
VERIFIED = 3
PROCESSES = 5
"""In so many processes a kind's costs are measured, over as many advices as that takes; its longest pilot is, too."""
AT_FIRST = 3
"""In so many that pilot is run before kinds of other libraries have their turn."""
NEAR = 1.5
"""Candidates that are expected to take up to so many times as long as the best may be the best yet."""
MORE = 1.2
"""How many times as long as the time in which a kind's costs could not be measured is worth another try."""
AGAIN_S = 1.5
"""With less than that left no costs are measured once more."""


class Advising:
    """An advice in the making; `run` gives it."""

    def __init__(self, target: Target, n: int | None, budget_s: float, tell: Tell, kinds: Sequence[str]) -> None:
        self._target = target
        self._n = n
        self._whole_s = budget_s
        self._budget_s = MEASURING_SHARE * budget_s
        self._tell = tell
        self._kinds = [kind for kind in kinds if kind != "serial"]
        self._began = time.monotonic()
        self._costs: dict[str, KindCosts] = {}
        self._pilots = Pilots(target, tell, PILOT_SHARE * self._budget_s)
        self._ruled_out: dict[str, str] = {}

    def run(self) -> Advice:
        """Return the advice; AdviseError where the function gives none."""
        try:
            sample_s = SAMPLE_SHARE * self._budget_s
            measured = run_apart(sample, self._budget_s, self._tell, self._target, self._n, sample_s)
        except EndedError as error:
            raise EndedError(f"{self._target.name}: {error}") from None
        self._rule_out(measured)
        stored = cache.load()
        self._costs = {kind: one for kind, one in stored.costs.items() if kind in self._kinds}
        for kinds, share in (([kind for kind in self._kinds if kind not in PEERS], COSTS_SHARE), (list(PEERS), 1.0)):
            self._measure_costs(stored, [kind for kind in kinds if kind in self._kinds], share)
            if measured.remembers == 1:  # what it has done already tells nothing of what it has still to do
                self._try(measured, DOUBT, of_each=False, share=TRYING_SHARE)
                self._try_workers(measured)
                self._try_again(measured, AT_FIRST)
                self._try(measured, 1.0, of_each=True)
                self._try_again(measured, AT_FIRST)
        self._try_again(measured, PROCESSES)
        self._measure_again(stored)
        evidence, draws, whole = self._rank(measured)
        for kind in self._kinds:
            if kind not in self._costs:
                self._ruled_out.setdefault(kind, NOT_MEASURED)
        held_back = reasons.held_back(measured, whole, draws)
        for kind, why in held_back.items():
            self._leave_out(kind, why)
        ranking = [one for one in whole if one.candidate.kind not in held_back]
        ranked = predictions(ranking, evidence, draws)
        undecided = ties(ranking)
        return Advice(
            choice=ranked[0],
            reason=reasons.reason(measured, whole, draws),
            ties=tuple(undecided),
            changes=tuple(reasons.changes(self._evidence(measured), ranking, draws, self._began + self._whole_s)),
            warnings=(
                *reasons.untried(evidence, ranked[0].candidate),
                *reasons.warnings(measured, ranked[0].candidate),
            ),
            ranking=tuple(ranked),
            ruled_out=tuple(RuledOut(kind, reason) for kind, reason in self._ruled_out.items()),
            snippet=snippet(self._target, ranked[0].candidate, is_factory=measured.is_factory),
            evidence=evidence,
            seconds=time.monotonic() - self._began,
        )

    def _left_s(self, share: float = 1.0) -> float:
        return share * self._budget_s - (time.monotonic() - self._began)

    def _rule_out(self, measured: Measured) -> None:
        for kind in list(self._kinds):
            spec = EXECUTORS[kind]
            reason = spec.unavailable()
            if reason is None and self._target.setup is not None and kind != "thread":
                reason = deviation(kind, Property.INITIALIZER)
            if reason is None and spec.family == "thread":
                reason = measured.unthreaded
            if reason is None and spec.family != "thread" and measured.unpicklable is not None:
                # Some of them could send it all the same, by cloudpickle, but what that costs is not measured
                reason = f"not tried: {measured.unpicklable}" if kind in PEERS else measured.unpicklable
            if reason is not None:
                self._leave_out(kind, reason)

    def _leave_out(self, kind: str, reason: str) -> None:
        self._kinds.remove(kind)
        self._costs.pop(kind, None)
        self._ruled_out[kind] = reason

    def _measure_costs(self, stored: cache.Stored, kinds: list[str], share: float) -> None:
        """Measure what is not known yet, as far as that share of the time goes, and keep it."""
        for kind in kinds:
            left_s = self._left_s(share)
            if kind in self._costs or left_s <= MORE * stored.not_within_s.get(kind, 0.0):
                continue
            try:
                measured = run_apart(measure_costs, left_s, self._tell, kind)
            except LateError:
                stored.not_within_s[kind] = left_s
            except EndedError as error:
                self._leave_out(kind, f"not tried: {error}")
                continue
            else:
                self._costs[kind] = stored.costs[kind] = measured
            cache.store(stored)

    def _measure_again(self, stored: cache.Stored) -> None:
        """Measure costs in one more process each, and keep them: the time is there, and the next advice knows more."""
        while self._left_s() > AGAIN_S:
            kinds = [kind for kind in self._kinds if kind in self._costs and kind not in PEERS]
            kind = min(kinds, key=lambda one: len(self._costs[one].start_s), default=None)
            if kind is None or len(self._costs[kind].start_s) == PROCESSES:
                return
            try:
                again = run_apart(measure_costs, self._left_s(), self._tell, kind)
            except EndedError:
                return
            self._costs[kind] = stored.costs[kind] = self._costs[kind].and_again(again)
            cache.store(stored)

    def _evidence(self, measured: Measured) -> Evidence:
        costs = {kind: self._costs[kind] for kind in self._kinds if kind in self._costs}
        return Evidence(measured, costs, dict(self._pilots.by_kind), usable_cpus(), tuple(self._pilots.further))

    def _rank(self, measured: Measured) -> tuple[Evidence, Draws, list[Ranked]]:
        evidence = self._evidence(measured)
        draws = draw(evidence)
        return evidence, draws, rank(evidence, draws)

    def _try(self, measured: Measured, doubt: float, *, of_each: bool, share: float = 1.0) -> None:
        """Run pilots of the kinds that may be the best, the most promising one first, for that share of the time left.

        If the model may be wrong by the factor `doubt`. Not of each: of kinds that are alike once they run, of one.
        """
        until_s = (1 - share) * self._left_s()
        passed_by: set[str] = set()
        while self._left_s() > max(0.0, until_s):
            _, _, ranking = self._rank(measured)
            tried_kinds = self._pilots.by_kind.keys() & self._costs.keys()  # without what was ruled out since
            tried = [one for one in ranking if one.candidate.kind in {"serial", *tried_kinds}]
            bound = float(np.quantile(tried[0].expected_s, 0.95))
            open_ = [
                one
                for one in ranking
                if one not in tried
                and one.candidate.kind not in passed_by
                and (of_each or tried_kinds.isdisjoint(same_pool(one.candidate.kind)))
                and float(np.quantile(one.expected_s / tried[0].expected_s, 0.05)) < doubt
                and float(np.quantile(one.terms.start_up, 0.05)) < bound  # which the model does not doubt as much
            ]
            if not open_:
                return
            if not self._try_one(measured, open_[0]):
                passed_by.add(open_[0].candidate.kind)

    def _try_workers(self, measured: Measured) -> None:
        """Where tasks wait, run pilots of what may be the choice with its workers, twice and half as many.

        There the model says least: when they are in each other's way depends on what they wait for.
        """
        if measured.cpu_share > COMPUTING:
            return
        passed_by = {(one.kind, one.workers) for one in (pilot.candidate for pilot in self._evidence(measured).tried)}
        while self._left_s() > 0:
            evidence, draws, ranking = self._rank(measured)
            open_: list[Ranked] = []
            for candidate in (ranking[0].candidate, *ties(ranking)):
                if candidate.kind in self._pilots.by_kind:
                    counts = rank_workers(evidence, draws, candidate.kind)
                    own = [one.candidate.workers for one in counts].index(candidate.workers)
                    near = [counts[own], *counts[own + 1 : own + 2], *counts[max(0, own - 1) : own]]
                    open_ += [one for one in near if (candidate.kind, one.candidate.workers) not in passed_by]
            if not open_:
                return
            self._try_one(measured, open_[0])
            passed_by.add((open_[0].candidate.kind, open_[0].candidate.workers))

    def _try_again(self, measured: Measured, processes: int) -> None:
        """Run the pilots of what may be the choice in further processes, those that have been in the fewest first."""
        while True:
            evidence, _, ranking = self._rank(measured)
            near = (one for one in ranking if one.median_s <= NEAR * ranking[0].median_s)
            pilots = (nearest(evidence.tried, one.candidate.kind, one.candidate.workers) for one in near)
            open_ = [one for one in pilots if one is not None and len(one.rest_s) < processes]
            found = min(open_, key=lambda one: len(one.rest_s), default=None)
            if found is None or not self._pilots.again(measured, found, self._left_s()):
                return

    def _try_one(self, measured: Measured, ranked: Ranked) -> bool:
        """Run a pilot; return False where there is no time for one."""
        try:
            return self._pilots.first(measured, ranked, self._left_s())
        except LateError as error:
            self._leave_out(ranked.candidate.kind, str(error))
        except AdviseError as error:
            self._leave_out(ranked.candidate.kind, str(error).removeprefix("it "))
        return True


def verify(advice: Advice, target: Target, n: int | None, tell: Callable[[str], Any]) -> Advice:
    """Run the first three of the ranking for real, and return the advice with what they took."""
    found = []
    for prediction in advice.ranking[:VERIFIED]:
        candidate = prediction.candidate
        # However wrong the prediction: a run that takes ten times as long is wrong enough
        limit_s = 10 * max(prediction.time_s.high, 1.0)
        try:
            took_s = run_apart(run_job, limit_s, tell, target, candidate, n)
        except AdviseError as error:
            found.append(Verified(candidate, prediction.time_s, None, str(error)))
        else:
            found.append(Verified(candidate, prediction.time_s, took_s))
    return replace(advice, verified=tuple(found))
