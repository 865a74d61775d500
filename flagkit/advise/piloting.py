"""Run pilots, each in processes of its own, and keep what they measured."""

import time
from dataclasses import dataclass, replace
from itertools import accumulate, cycle, islice
from math import ceil

import numpy as np

from flagkit.advise.imbalance import imbalance
from flagkit.advise.measured import Measured
from flagkit.advise.ranking import Ranked
from flagkit.advise.records import AdviseError, Candidate, Pilot, PilotPlan
from flagkit.advise.runs import pilot
from flagkit.advise.sandbox import LateError, Tell, run_apart
from flagkit.advise.target import Target
from flagkit.cpus import usable_cpus
from flagkit.executors import resolve

__all__ = ["DOUBT", "Pilots"]

DOUBT = 2.0
"""By which factor the model alone may be wrong, as far as what is worth a pilot and how long that takes goes."""
SURER = 1.3
"""Likewise, where it has been run already."""
HUNG = 10.0
"""How many times as long as expected a pilot has to take before its kind is ruled out for it."""
LEFT = 0.05
"""Of a run, what its items take at least, and its start: what that takes differs from one pool to the next."""
GROWTH = 4
"""A pilot that is run again has so many times as many items, of at most the job's: what may be the choice is to depend
less on where its start is taken to end."""
TICK_S = 1e-9


@dataclass(frozen=True, slots=True)
class _Planned:
    """A pilot that is run in one process after the other."""

    plan: PilotPlan
    about: Pilot
    """Without figures."""
    chunksize: int
    """Of the candidate; of the pilot's, smaller ones where it has too few items."""
    start_s: float
    """What making the pool and its shutdown take."""
    took_s: float
    """All that has to be done in a process, however little of it is timed."""


class Pilots:
    """The pilots of an advice; `items_s` is what the items of each are to take at first."""

    def __init__(self, target: Target, tell: Tell, items_s: float) -> None:
        self._target = target
        self._tell = tell
        self._items_s = items_s
        self._planned: dict[tuple[str, int], _Planned] = {}
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
        plan, about = self._plan(measured, candidate, count)
        start_s = float(np.median(ranked.terms.start_up + ranked.terms.imports)) - measured.first_extra_s
        expected_s = 2 * start_s + count * each_s + about.alone_sample_s
        expected_s += measured.import_s + measured.setup_s + measured.items_s
        expected_s += count * (measured.arguments.dumps_s + measured.arguments.loads_s)  # to repeat them
        if left_s < DOUBT * expected_s:
            return False
        began = time.monotonic()
        try:
            whole_s, alone_s, pace_s, other_start_s = run_apart(pilot, left_s, self._tell, self._target, plan)
        except LateError:
            if left_s < HUNG * expected_s:
                return False
            raise
        if resolve(candidate.kind).start_method == "forkserver":
            start_s = max(start_s, other_start_s)  # a further pool of a process finds a server that runs
        else:
            start_s = (start_s + other_start_s) / 2
        planned = _Planned(plan, about, candidate.chunksize, start_s, time.monotonic() - began)
        found = self._split(measured, planned, whole_s, alone_s, pace_s)
        self._planned[candidate.kind, candidate.workers] = planned
        if self.by_kind.setdefault(candidate.kind, found) is not found:
            self.further.append(found)
        return True

    def again(self, measured: Measured, found: Pilot, left_s: float) -> bool:
        """Run a pilot in one more process; return False where there is no time for that.

        Where it has not had all of the job's items, with more of them, if there is time; that one is in its place then.
        """
        key = found.candidate.kind, found.candidate.workers
        planned = self._planned[key]
        count = min(GROWTH * found.items, measured.n)
        longer = replace(planned, took_s=planned.took_s + (count / found.items - 1) * found.rest_s[0])
        grows = planned.plan.is_first and found.items < count and left_s >= SURER * longer.took_s
        if grows:
            plan, about = self._plan(measured, replace(found.candidate, chunksize=planned.chunksize), count)
            planned = replace(longer, plan=plan, about=about)
        elif left_s < SURER * planned.took_s:
            return False
        planned = replace(planned, plan=replace(planned.plan, is_first=False))
        began = time.monotonic()
        try:
            whole_s, alone_s, pace_s, _ = run_apart(pilot, left_s, self._tell, self._target, planned.plan)
        except AdviseError:  # what has been measured of it stands, and the longer one is not tried again
            self._planned[key] = replace(self._planned[key], plan=replace(self._planned[key].plan, is_first=False))
            return False
        further = self._split(measured, planned, whole_s, alone_s, pace_s)
        further = further if grows else found.and_again(further)
        self._planned[key] = replace(planned, took_s=time.monotonic() - began)
        if self.by_kind[found.candidate.kind] is found:
            self.by_kind[found.candidate.kind] = further
        else:
            self.further[self.further.index(found)] = further
        return True

    def _plan(self, measured: Measured, candidate: Candidate, count: int) -> tuple[PilotPlan, Pilot]:
        """Return a pilot of so many items, sampled ones in turn, and what is known of it."""
        places = list(islice(cycle(range(len(measured.indices))), count))
        tasks = [measured.task_s[place] for place in places]
        alone = max(1, sum(so_far < self._items_s for so_far in accumulate(tasks)))
        chosen = replace(candidate, chunksize=min(candidate.chunksize, -(-count // candidate.workers)))
        plan = PilotPlan(chosen, tuple(measured.indices[place] for place in places), alone)
        uneven = imbalance(np.asarray(tasks), chosen.workers, chosen.chunksize)
        return plan, Pilot(chosen, count, sum(tasks), uneven, (), (), (), sum(tasks[:alone]), ())

    @staticmethod
    def _split(measured: Measured, planned: _Planned, whole_s: float, alone_s: float, pace_s: float) -> Pilot:
        """Return the figures of a process.

        What is left of the run without the start is what the items took, but not less than the longest share of what
        they take alone, in the sample or just then: workers that are ready have begun while the others start.
        """
        about = planned.about
        share = max(about.imbalance / about.candidate.workers, measured.cpu_share / usable_cpus())
        pace = min(1.0, alone_s / max(about.alone_sample_s, TICK_S))
        least_s = max(LEFT * whole_s, share * pace * about.sample_s)
        rest_s = max(whole_s - planned.start_s, min(least_s, (1 - LEFT) * whole_s))
        return replace(about, start_s=(whole_s - rest_s,), rest_s=(rest_s,), alone_s=(alone_s,), pace_s=(pace_s,))
