"""What the recorded cells say, in Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import isfinite
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.advise_rates.judge import ADVISE, coverage, families, regret, scores
from bench.instrument.units import number, seconds

__all__ = ["render"]

WORST = 5
FEW = 5
"""Cells of which an interval would say nothing."""


def render(cells: Sequence[dict[str, Any]], *, cells_are: str) -> Iterator[str]:
    """Yield the lines: a table a Python, and the cells in which the advice was most wrong."""
    for python in sorted({one["python"] for one in cells}):
        of_python = [one for one in cells if one["python"] == python]
        judged = [one for one in of_python if "error" not in one]
        failed = [one for one in of_python if "error" in one]
        yield f"## Python {python}: {len(judged)} cells {cells_are}, of which {_real(judged)} real"
        yield ""
        yield f"{_machines(of_python)}."
        yield ""
        yield from (f"No advice for cell {one['cell']} ({one['summary']}): {one['error']}" for one in failed)
        if not judged:
            continue
        yield "| chosen by | cells | median regret | 95th percentile | worst | at most 1.05 | the same by medians |"
        yield "|---|--:|--:|--:|--:|--:|--:|"
        for one in scores(of_python):
            yield (
                f"| {one.chooser} | {one.cells} | {_regret(one.median)} | {_regret(one.high)} | {_regret(one.worst)} "
                f"| {one.within:.0%} | {_regret(one.at_most[0])}, {_regret(one.at_most[1])} |"
            )
        right, of = families(of_python)
        yield ""
        yield f"Right family: {_rate(right, of)}. Runs within the 90% interval: {_covered(judged, of_choice=True)} of"
        yield f"what was chosen, {_covered(judged, of_choice=False)} of all that was ranked and measured."
        if unmeasured := sum(one["choice"] not in one["runs"] for one in judged):
            yield f"Not measured, and in no row of the table: what is advised now in {unmeasured} cells."
        yield ""
        yield from _worst(judged)


def _machines(cells: Sequence[dict[str, Any]]) -> str:
    """Name what the cells were measured on: regret on one machine says little of another."""
    counts = Counter((one["machine"].get("cpu"), one["machine"].get("cores")) for one in cells)
    named = [
        f"{count} of them on {cores} cores of {cpu}" if cpu else f"{count} of them on a machine that was not noted"
        for (cpu, cores), count in counts.most_common()
    ]
    return "Measured: " + ", ".join(named)


def _covered(cells: Sequence[dict[str, Any]], *, of_choice: bool) -> str:
    """Write the share of runs, with a 95% interval by drawing cells again: those of one cell share its luck (BCa)."""
    counts = np.asarray(coverage(cells, of_choice=of_choice), dtype=float).reshape(-1, 2)
    held, of = counts.sum(axis=0)
    stated = f"{held:.0f} of {of:.0f}"
    if held in {0, of} or len(counts) < FEW:
        return f"{stated} [no interval]"

    def share(places: NDArray[np.int64]) -> float:
        drawn = counts[places].sum(axis=0)
        return float(drawn[0] / drawn[1])

    interval = stats.bootstrap(
        (np.arange(len(counts)),), share, vectorized=False, n_resamples=2_000, rng=np.random.default_rng(0)
    ).confidence_interval
    return f"{stated} [{100 * interval.low:.3g}%, {100 * interval.high:.3g}%]"


def _rate(count: int, of: int) -> str:
    """Write so many of so many, with the exact 95% interval (Clopper and Pearson 1934)."""
    interval = stats.binomtest(count, of).proportion_ci(0.95, method="exact")
    return f"{count} of {of} [{100 * interval.low:.3g}%, {100 * interval.high:.3g}%]"


def _real(cells: Sequence[dict[str, Any]]) -> int:
    return sum(":" in one["summary"] for one in cells)


def _worst(cells: Sequence[dict[str, Any]]) -> Iterator[str]:
    found = [(value, one) for one in cells if (value := regret(one["runs"], one["choice"])) is not None]
    found.sort(key=lambda pair: -pair[0])
    yield f"Where {ADVISE} was most wrong:"
    yield ""
    for value, one in found[:WORST]:
        times = {name: median(took) for name, took in one["runs"].items() if took}
        best = min(times, key=times.__getitem__)
        foreseen = one["predicted"].get(one["choice"], {}).get("value")
        yield (
            f"- {_regret(value)}: cell {one['cell']} ({one['summary']}): {one['choice']}, "
            f"{seconds(foreseen)} predicted, {_truth(times.get(one['choice']))}; "
            f"best {best}, {seconds(times[best])}{_foreseen(one, best)}"
        )
    yield ""


def _foreseen(one: dict[str, Any], best: str) -> str:
    """Say what was foreseen of the best's kind, where the choice fell on another."""
    kind = best.partition(",")[0]
    if kind == one["choice"].partition(",")[0]:
        return ", the same kind"
    foreseen = [found["value"] for name, found in one["predicted"].items() if name.partition(",")[0] == kind]
    if not foreseen:
        return ", a kind that was ruled out"
    by = "the sample" if kind == "serial" else "the model alone"
    if kind in one.get("evidence", {}).get("pilots", {}):
        by = "a pilot"
    return f", of whose kind {seconds(min(foreseen))} was predicted by {by}"


def _truth(took_s: float | None) -> str:
    return "failed in truth" if took_s is None else f"{seconds(took_s)} in truth"


def _regret(value: float) -> str:
    return number(value) if isfinite(value) else "failed"
