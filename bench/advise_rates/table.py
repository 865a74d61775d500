"""What the recorded cells say, in Markdown."""

from collections.abc import Iterator, Sequence
from typing import Any

from scipy import stats

from bench.advise_rates.judge import ADVISE, coverage, families, regret, scores
from bench.instrument.units import number, seconds

__all__ = ["render"]

WORST = 5


def render(cells: Sequence[dict[str, Any]], *, cells_are: str) -> Iterator[str]:
    """Yield the lines: a table a Python, and the cells in which the advice was most wrong."""
    for python in sorted({one["python"] for one in cells}):
        of_python = [one for one in cells if one["python"] == python]
        judged = [one for one in of_python if "error" not in one]
        failed = [one for one in of_python if "error" in one]
        yield f"## Python {python}: {len(judged)} cells {cells_are}, of which {_real(judged)} real"
        yield ""
        yield from (f"No advice for cell {one['cell']} ({one['summary']}): {one['error']}" for one in failed)
        if not judged:
            continue
        yield "| chosen by | cells | median regret | 95th percentile | worst | at most 1.05 |"
        yield "|---|--:|--:|--:|--:|--:|"
        for one in scores(judged):
            yield (
                f"| {one.chooser} | {one.cells} | {number(one.median)} | {number(one.high)} | {number(one.worst)} "
                f"| {one.within:.0%} |"
            )
        right, of = families(judged)
        held, runs = coverage(judged, of_choice=True)
        all_held, all_runs = coverage(judged, of_choice=False)
        yield ""
        yield f"Right family: {_rate(right, of)}. Runs within the 90% interval: {_rate(held, runs)} of what was chosen,"
        yield f"{_rate(all_held, all_runs)} of all that was ranked and measured."
        yield ""
        yield from _worst(judged)


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
        times = {name: sum(took) / len(took) for name, took in one["runs"].items()}
        best = min(times, key=times.__getitem__)
        foreseen = one["predicted"].get(one["choice"], {}).get("value")
        yield (
            f"- {number(value)}: cell {one['cell']} ({one['summary']}): {one['choice']}, "
            f"{seconds(foreseen)} predicted, {seconds(times[one['choice']])} in truth; "
            f"best {best}, {seconds(times[best])}"
        )
    yield ""
