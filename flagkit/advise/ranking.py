"""Rank the candidates by the model, and say which of them the measurements cannot tell apart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from flagkit.advise.candidates import candidates
from flagkit.advise.draws import Draws
from flagkit.advise.measured import Measured
from flagkit.advise.model import Draw, Terms, predict
from flagkit.advise.records import Candidate, Evidence, KindCosts, Prediction
from flagkit.executors import resolve

__all__ = ["Ranked", "draw", "predictions", "rank", "rank_workers", "ties"]

UNDECIDED = 0.05
"""Two candidates are told apart where the slower one is the faster one in fewer draws than this share."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with what it is expected to take, a draw each."""

    candidate: Candidate
    expected_s: Draw
    terms: Terms

    @property
    def median_s(self) -> float:
        """The expected time."""
        return float(np.median(self.expected_s))


def draw(evidence: Evidence) -> Draws:
    """Return the measurements, drawn again."""
    measured, costs, pilots = evidence.measured, evidence.costs.values(), evidence.tried
    paces = [measured.pace_s]
    paces += [pace_s for one in costs for pace_s in one.pace_s] + [pace_s for one in pilots for pace_s in one.pace_s]
    drifts = [drift for one in pilots for drift in one.drifts]
    return Draws(measured, evidence.cores, paces, drifts=drifts, runs=[one.rest_s for one in pilots])


def rank(evidence: Evidence, draws: Draws) -> list[Ranked]:
    """Return the best candidate of each kind, the fastest first."""
    best = _best(evidence, draws, ["serial", *evidence.costs], lambda candidate: candidate.kind)
    return sorted(best, key=lambda one: one.median_s)


def rank_workers(evidence: Evidence, draws: Draws, kind: str) -> list[Ranked]:
    """Return the best candidate of that kind for each number of workers, the fewest first."""
    best = _best(evidence, draws, [kind], lambda candidate: candidate.workers)
    return sorted(best, key=lambda one: one.candidate.workers)


def _best(
    evidence: Evidence, draws: Draws, kinds: Iterable[str], key: Callable[[Candidate], object]
) -> Iterable[Ranked]:
    best: dict[object, Ranked] = {}
    measured, costs, pilots = evidence.measured, evidence.costs, evidence.tried
    for candidate in candidates(kinds, measured, evidence.cores):
        ranked = Ranked(candidate, *predict(measured, costs, candidate, draws, pilots))
        # At equal times the one that comes first: fewer workers, smaller chunks
        if (group := key(candidate)) not in best or ranked.median_s < best[group].median_s:
            best[group] = ranked
    return best.values()


def ties(ranking: list[Ranked]) -> list[Candidate]:
    """Return the candidates that the measurements do not tell apart from the first one."""
    first, *others = ranking
    return [other.candidate for other in others if float(np.mean(other.expected_s <= first.expected_s)) >= UNDECIDED]


def predictions(ranking: list[Ranked], evidence: Evidence, draws: Draws) -> list[Prediction]:
    """Return the ranking as records."""
    fastest = np.argmin([one.expected_s for one in ranking], axis=0)
    serial_s = next(one.median_s for one in ranking if one.candidate.kind == "serial")
    return [
        Prediction(
            candidate=one.candidate,
            time_s=draws.interval(one.expected_s),
            speedup=serial_s / one.median_s,
            peak_bytes=_peak_bytes(one.candidate, evidence.measured, evidence.costs.get(one.candidate.kind)),
            best_share=float(np.mean(fastest == place)),
            terms={**one.terms.medians(), "pilot": one.median_s - float(np.median(one.terms.total))},
            is_piloted=one.candidate.kind in evidence.pilots,
        )
        for place, one in enumerate(ranking)
    ]


def _peak_bytes(candidate: Candidate, measured: Measured, costs: KindCosts | None) -> float | None:
    """Return the memory of caller and workers together at its peak, with all results, which the caller keeps.

    A worker that things are sent to has a chunk of them, as they are and pickled. None where it is not known.
    """
    if not measured.base_bytes:
        return None
    of_worker = measured.task_bytes + (costs.worker_bytes if costs is not None else 0.0)
    if resolve(candidate.kind).family not in ("serial", "thread"):
        of_worker += candidate.chunksize * 2 * (measured.arguments.size_bytes + measured.results.size_bytes)
        if resolve(candidate.kind).start_method != "fork":
            of_worker += measured.import_bytes
    return measured.base_bytes + measured.n * measured.results.size_bytes + candidate.workers * of_worker
