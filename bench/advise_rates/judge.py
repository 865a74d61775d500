"""Judge recorded cells: the regret of each chooser, how often the family is right, how often the interval holds.

Regret is the time of what was chosen / the time of the best. Of a few runs one may have been held up, so their median
counts. The best of many noisy times looks better than it is: by the medians of all rounds, regret is too high, and that
is one estimate. The other one finds the best in the other rounds than the one in which it is compared: for each round
the candidate that was the fastest by the median of the others, and the median over the rounds. What some rounds find is
at times not the best, so that one is too low; the truth lies between, if the best is among those that were run in all
rounds. A choice that failed has an infinite regret, the wrong family, and an interval that did not hold; so has no
advice, but for the interval.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log
from statistics import median
from typing import Any

import numpy as np

from bench.advise_rates.truth import JOBLIB
from flagkit.executors import resolve

__all__ = ["ADVISE", "Score", "coverage", "families", "family", "regret", "regret_at_most", "scores"]

ADVISE = "flagkit advise"
FAIR = 1.05
"""A cell whose best of another family is within this regret has two right families."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a chooser did over the cells."""

    chooser: str
    cells: int
    median: float
    high: float
    """The 95th percentile."""
    worst: float
    within: float
    """The share of cells with a regret of at most 1.05."""
    at_most: tuple[float, float]
    """Median and 95th percentile of the regret by the medians."""


def regret(runs: Mapping[str, list[float]], chosen: str) -> float | None:
    """Return the regret of a choice, by a best of other rounds; None where it was not run."""
    times = runs.get(chosen)
    if not times:
        return None if times is None else inf
    rounds = max(map(len, _grid(runs).values()), default=0)
    if rounds <= 1:
        return regret_at_most(runs, chosen)
    full = {name: found for name, found in _grid(runs).items() if len(found) == rounds}
    logs = []
    for place in range(rounds):
        best = min(full, key=lambda name: median(full[name][:place] + full[name][place + 1 :]))
        logs.append(log((times[place] if len(times) == rounds else median(times)) / full[best][place]))
    return exp(median(logs))


def regret_at_most(runs: Mapping[str, list[float]], chosen: str) -> float | None:
    """Return the regret of a choice by the medians of all rounds."""
    times = runs.get(chosen)
    if not times:
        return None if times is None else inf
    return median(times) / min(median(found) for found in [*_grid(runs).values(), times])


def _grid(runs: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Return the candidates that ran, without what is no candidate."""
    return {name: found for name, found in runs.items() if name != JOBLIB and found}


def scores(cells: Iterable[Mapping[str, Any]]) -> list[Score]:
    """Return a score for the advice and for each rule."""
    by_chooser: dict[str, list[tuple[float, float]]] = {}
    for one in cells:
        if "error" in one:
            by_chooser.setdefault(ADVISE, []).append((inf, inf))
            continue
        choices = {ADVISE: one["choice"], **one["rules"], JOBLIB: JOBLIB}
        for chooser, chosen in choices.items():
            value, most = regret(one["runs"], chosen), regret_at_most(one["runs"], chosen)
            if value is not None and most is not None:
                by_chooser.setdefault(chooser, []).append((value, most))
    found = []
    for chooser, pairs in by_chooser.items():
        values, by_medians = [value for value, _ in pairs], [most for _, most in pairs]
        found.append(
            Score(
                chooser,
                len(values),
                _quantile(values, 0.5),
                _quantile(values, 0.95),
                max(values),
                float(np.mean([value <= FAIR for value in values])),
                (_quantile(by_medians, 0.5), _quantile(by_medians, 0.95)),
            )
        )
    return found


def _quantile(values: Sequence[float], share: float) -> float:
    """Return one of the values, the higher one where it lies between two: some may be infinite."""
    return float(np.quantile(values, share, method="higher"))


def family(name: str) -> str:
    """Return the family of a candidate by its name: serial, thread, workers (processes and interpreters) or shared."""
    kind = name.partition(",")[0]
    if kind == "shared":
        return kind
    found = resolve(kind).family
    return found if found in ("serial", "thread") else "workers"


def families(cells: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Return in how many cells the family is right, and of how many; one is right if its best is as good as any.

    No advice is none that is right; one that nobody has measured is left out.
    """
    right = of = 0
    for one in cells:
        if "error" in one:
            of += 1
            continue
        if one["choice"] not in one["runs"]:
            continue
        runs = {name: median(found) for name, found in _grid(one["runs"]).items()}
        best = min(runs.values())
        good = {family(name) for name, took in runs.items() if took <= FAIR * best}
        right += one["choice"] in runs and family(one["choice"]) in good
        of += 1
    return right, of


def coverage(cells: Iterable[Mapping[str, Any]], *, of_choice: bool) -> list[tuple[int, int]]:
    """Return for each cell how many real runs lie within their interval, and of how many; a failure is one outside.

    Of the choices, or of all the ranking.
    """
    counts = []
    for one in cells:
        held = of = 0
        for name, interval in one["predicted"].items():
            if (of_choice and name != one["choice"]) or name not in one["runs"]:
                continue
            held += sum(interval["low"] <= took <= interval["high"] for took in one["runs"][name])
            of += max(1, len(one["runs"][name]))
        if of:
            counts.append((held, of))
    return counts
