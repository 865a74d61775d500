"""Judge recorded cells: the regret of each chooser, how often the family is right, how often the interval holds.

Regret is the time of what was chosen / the time of the best. The best of many noisy times looks better than it is, so
it is found in the other rounds than the one in which it is compared: for each round the candidate that was the fastest
by the mean of the others, and the regret of the cell is the geometric mean over the rounds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np

from bench.advise_rates.truth import JOBLIB
from flagkit.executors import resolve

__all__ = ["ADVISE", "Score", "coverage", "families", "family", "regret", "scores"]

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


def regret(runs: Mapping[str, list[float]], chosen: str) -> float | None:
    """Return the regret of a choice; None where it was not measured."""
    times = runs.get(chosen)
    if not times:
        return None
    full = {name: found for name, found in runs.items() if name != JOBLIB and len(found) > 1}
    rounds = min(map(len, full.values()))
    logs = []
    for place in range(rounds):
        best = min(full, key=lambda name: sum(full[name]) - full[name][place])
        logs.append(log((times[place] if len(times) > place else times[-1]) / full[best][place]))
    return exp(sum(logs) / len(logs))


def scores(cells: Iterable[Mapping[str, Any]]) -> list[Score]:
    """Return a score for the advice and for each rule."""
    by_chooser: dict[str, list[float]] = {}
    for one in cells:
        choices = {ADVISE: one["choice"], **one["rules"], JOBLIB: JOBLIB}
        for chooser, chosen in choices.items():
            value = regret(one["runs"], chosen)
            if value is not None:
                by_chooser.setdefault(chooser, []).append(value)
    return [
        Score(
            chooser,
            len(values),
            float(np.median(values)),
            float(np.quantile(values, 0.95)),
            max(values),
            float(np.mean([value <= FAIR for value in values])),
        )
        for chooser, values in by_chooser.items()
    ]


def family(name: str) -> str:
    """Return the family of a candidate by its name: serial, thread, workers (processes and interpreters) or shared."""
    kind = name.partition(",")[0]
    if kind == "shared":
        return kind
    found = resolve(kind).family
    return found if found in ("serial", "thread") else "workers"


def families(cells: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Return in how many cells the family is right, and of how many; one is right if its best is as good as any."""
    right = of = 0
    for one in cells:
        runs = {name: sum(found) / len(found) for name, found in one["runs"].items() if name != JOBLIB}
        best = min(runs.values())
        good = {family(name) for name, took in runs.items() if took <= FAIR * best}
        right += family(one["choice"]) in good
        of += 1
    return right, of


def coverage(cells: Iterable[Mapping[str, Any]], *, of_choice: bool) -> tuple[int, int]:
    """Return how many real runs lie within their interval, and of how many; of the choices, or of all the ranking."""
    held = of = 0
    for one in cells:
        for name, interval in one["predicted"].items():
            if of_choice and name != one["choice"]:
                continue
            for took in one["runs"].get(name, []):
                held += interval["low"] <= took <= interval["high"]
                of += 1
    return held, of
