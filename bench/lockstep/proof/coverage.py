"""How often the 95% interval of identical arms holds 1: runs of lockstep, and what came of them."""

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import numpy as np
from scipy import stats

from bench.instrument import units
from bench.lockstep import estimate, identical
from bench.lockstep.estimate import MIN_GENERATIONS, PairedRounds
from bench.lockstep.proof.neighbour import neighbour

KIND: Final = "lockstep-coverage"
ROUNDS: Final = 6
MOST_GENERATIONS: Final = 8
GOAL: Final = (0.93, 0.97)
_HEADER: Final = (
    "runs", "ratios", "interval holds 1", "95% interval (Clopper-Pearson)", "says slower", "says faster",
    "median half-width", "SD of log ratio",
)  # fmt: skip


def settings(seed: int) -> dict[str, Any]:
    """Return what all runs of a file share."""
    return {"seed": seed, "rounds": ROUNDS, "generations": [MIN_GENERATIONS, MOST_GENERATIONS]}


def measure(seed: int, number: int) -> dict[str, Any]:
    """Measure a run of identical arms, in half of the cases with a neighbour that loads the machine on and off.

    Its generations, neighbour and orders are drawn from the seed and its number. Raises what `identical.run` does.
    """
    random = Random(f"{seed} {number}")
    generations = random.randint(MIN_GENERATIONS, MOST_GENERATIONS)
    loaded = random.random() < 0.5  # noqa: PLR2004 - a coin
    with neighbour(random.randrange(2**31)) if loaded else nullcontext():
        measured = identical.run(generations, ROUNDS, random.randrange(1, 2**31))
    return {
        "run": number,
        "neighbour": loaded,
        "rounds_s": {
            name: [[list(rounds.base_s), list(rounds.head_s)] for rounds in paired] for name, paired in measured.items()
        },
    }


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held 1: `held` of `n` ratios in `runs` runs; `low` and `high` bound the share (95%, exact).

    `faster` and `slower` are those that said so, wrongly. `half_width` is the median one of log ratios, and `sd` their
    root mean square about 0, which is the truth. The ratios of a run share its minutes, which the exact interval does
    not know.
    """

    runs: int
    n: int
    held: int
    low: float
    high: float
    faster: int
    slower: int
    half_width: float
    sd: float


def coverage(runs: Sequence[Mapping[str, Any]]) -> Coverage:
    """Count the intervals that held 1; raises ValueError for no runs."""
    ratios = [
        estimate.ratio([PairedRounds(tuple(base), tuple(head)) for base, head in generations])
        for run in runs
        for generations in run["rounds_s"].values()
    ]
    bounds = [(ratio.low, ratio.high) for ratio in ratios if ratio.low is not None and ratio.high is not None]
    if not bounds:
        raise ValueError("no run has been measured")
    faster = sum(high < 1 for _, high in bounds)
    slower = sum(low > 1 for low, _ in bounds)
    held = len(bounds) - faster - slower
    exact = stats.binomtest(held, len(bounds)).proportion_ci(0.95, method="exact")
    return Coverage(
        runs=len(runs),
        n=len(bounds),
        held=held,
        low=float(exact.low),
        high=float(exact.high),
        faster=faster,
        slower=slower,
        half_width=float(np.median([math.log(high / low) / 2 for low, high in bounds])),
        sd=math.sqrt(np.mean(np.square(np.log([ratio.ratio for ratio in ratios])))),
    )


def markdown(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the coverage as a Markdown table: of all runs, without and with the neighbour."""
    groups = {
        "all": runs,
        "without a neighbour": [run for run in runs if not run["neighbour"]],
        "with a neighbour": [run for run in runs if run["neighbour"]],
    }
    lines = [_HEADER, tuple("---" for _ in _HEADER)]
    lines += [_cells(name, coverage(group)) for name, group in groups.items() if group]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def verdict(found: Coverage) -> str:
    """Say whether the goal is met, or that there is too little to tell."""
    share = found.held / found.n
    low, high = GOAL
    stated = f"the interval held 1 in {share:.1%} of {found.n} ratios; the goal is {low:.0%} to {high:.0%}"
    if low <= share <= high:
        return f"{stated}: met"
    return f"{stated}: {'not met' if found.high < low or found.low > high else 'not met, by what chance may do'}"


def _cells(name: str, found: Coverage) -> tuple[str, ...]:
    return (
        f"{name}: {found.runs}",
        str(found.n),
        f"{found.held / found.n:.1%}",
        f"{found.low:.1%} to {found.high:.1%}",
        str(found.slower),
        str(found.faster),
        units.number(found.half_width),
        units.number(found.sd),
    )
