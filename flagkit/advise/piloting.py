"""Run pilots, each in processes of its own, and keep what they measured."""

import time
from dataclasses import replace
from itertools import accumulate, cycle, islice
from math import ceil

import numpy as np

from flagkit.advise.imbalance import imbalance
from flagkit.advise.ranking import Ranked
from flagkit.advise.records import AdviseError, Candidate, Measured, Pilot, PilotPlan
from flagkit.advise.runs import pilot
from flagkit.advise.sandbox import LateError, Tell, run_apart
from flagkit.advise.target import Target

__all__ = ["DOUBT", "Pilots"]

DOUBT = 2.0
"""By which factor the model alone may be wrong, as far as what is worth a pilot and how long that takes goes."""
HUNG = 10.0
"""How many times as long as expected a pilot has to take before its kind is ruled out for it."""


class Pilots:
    """The pilots of an advice; `items_s` is what the items of each are to take."""

    def __init__(self, target: Target, tell: Tell, items_s: float) -> None:
        self._target = target
        self._tell = tell
        self._items_s = items_s
        self._plans: dict[Candidate, tuple[PilotPlan, float]] = {}
        self.by_kind: dict[str, Pilot] = {}
        self.further: list[Pilot] = []
        """Of these kinds with other numbers of workers."""

    def first(self, measured: Measured, ranked: Ranked, left_s: float) -> bool:
        """Run a pilot in its first process; return False where there is no time for one.

        AdviseError where the candidate cannot run the function; LateError where it does not come to an end.
        """
        candidate = ranked.candidate
        each_s = float(np.median(ranked.terms.steady)) / measured.n
        count = max(candidate.workers, min(ceil(self._items_s / each_s), measured.n))
        places = list(islice(cycle(range(len(measured.indices))), count))
        tasks = [measured.task_s[place] for place in places]
        alone = max(1, sum(so_far < self._items_s for so_far in accumulate(tasks)))
        alone_s = sum(tasks[:alone])
        expected_s = 2 * float(np.median(ranked.terms.start_up + ranked.terms.imports)) + count * each_s + alone_s
        expected_s += measured.import_s + measured.setup_s + measured.items_s
        if left_s < DOUBT * expected_s:
            return False
        chosen = replace(candidate, chunksize=min(candidate.chunksize, -(-count // candidate.workers)))
        indices = tuple(measured.indices[place] for place in places)
        plan = PilotPlan(chosen, indices, alone, float(np.median(ranked.terms.start_up)))
        uneven = imbalance(np.asarray(tasks), chosen.workers, chosen.chunksize)
        try:
            found = self._run(plan, Pilot(chosen, count, sum(tasks), uneven, (), (), (), alone_s, ()), left_s)
        except LateError:
            if left_s < HUNG * expected_s:
                return False
            raise
        if self.by_kind.setdefault(candidate.kind, found) is not found:
            self.further.append(found)
        return True

    def again(self, found: Pilot, left_s: float) -> bool:
        """Run a pilot in one more process; return False where there is no time for that."""
        plan, took_s = self._plans[found.candidate]
        if left_s < DOUBT * took_s:
            return False
        try:
            both = found.and_again(self._run(plan, found, left_s))
        except AdviseError:  # what has been measured of it stands
            return False
        if self.by_kind[found.candidate.kind] is found:
            self.by_kind[found.candidate.kind] = both
        else:
            self.further[self.further.index(found)] = both
        return True

    def _run(self, plan: PilotPlan, about: Pilot, limit_s: float) -> Pilot:
        began = time.monotonic()
        start_s, rest_s, alone_s, pace_s = run_apart(pilot, limit_s, self._tell, self._target, plan)
        if plan.is_first:
            self._plans[plan.candidate] = replace(plan, start_s=start_s, is_first=False), time.monotonic() - began
        return replace(about, start_s=(start_s,), rest_s=(rest_s,), alone_s=(alone_s,), pace_s=(pace_s,))
