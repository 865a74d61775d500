"""How often the 95% interval of identical arms holds 1: generations of lockstep, replayed as runs of few."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import numpy as np
from scipy import stats

from bench.instrument import units
from bench.lockstep import estimate, identical
from bench.lockstep.estimate import MIN_GENERATIONS, PairedRounds
from bench.lockstep.proof.neighbour import neighbour
from bench.lockstep.workloads import WORKLOADS

KIND: Final = "lockstep-coverage"
ROUNDS: Final = 6
BLOCK: Final = MIN_GENERATIONS
"""Generations are recorded one after the other; so many in a row, and no others, are one run of lockstep."""
GOAL: Final = (0.93, 0.97)
ENOUGH: Final = 1000
"""The fewest ratios that the goal is judged by: they tell the share within about 1.5 percentage points."""
_HEADER: Final = (
    "runs", "ratios", "interval holds 1", "95% interval (Clopper-Pearson)", "says slower", "says faster",
    "median half-width", "SD of log ratio",
)  # fmt: skip


def settings(seed: int) -> dict[str, Any]:
    """Return what all generations of a file share."""
    return {"seed": seed, "rounds": ROUNDS, "block": BLOCK, "workloads": list(WORKLOADS)}


@contextmanager
def measuring(seed: int) -> Iterator[Callable[[int], dict[str, Any]]]:
    """Give what measures a generation of identical arms, by its number; raises what `identical.generations` does.

    In about half of the blocks a neighbour loads the machine on and off. Both are drawn from the seed and the number.
    """
    with ExitStack() as stack:
        measured: Iterator[Mapping[str, PairedRounds]] | None = None

        def measure(number: int) -> dict[str, Any]:
            nonlocal measured
            random = Random(f"{seed} {number}")
            if measured is None:
                started = identical.generations(ROUNDS, random.randrange(1, 2**31))
                measured = stack.enter_context(closing(started))
            loaded = Random(f"{seed} block {number // BLOCK}").random() < 0.5  # noqa: PLR2004 - a coin
            with neighbour(random.randrange(2**31)) if loaded else nullcontext():
                generation = next(measured)
            return {
                "neighbour": loaded,
                "rounds_s": {name: [list(rounds.base_s), list(rounds.head_s)] for name, rounds in generation.items()},
            }

        yield measure


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held 1: `held` of `n` ratios in `runs` blocks of generations, a share of `low` to `high`.

    That is the 95% interval of Clopper and Pearson, which does not know that the ratios of a block share its minutes.
    `faster` and `slower` are those that said so, wrongly. `half_width` is the median one of log ratios, and `sd` their
    root mean square about 0, which is the truth.
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


def blocks(generations: Sequence[Mapping[str, Any]]) -> list[Sequence[Mapping[str, Any]]]:
    """Return BLOCK generations at a time, none in two blocks; those left over make none."""
    return [generations[first : first + BLOCK] for first in range(0, len(generations) - BLOCK + 1, BLOCK)]


def coverage(runs: Sequence[Sequence[Mapping[str, Any]]]) -> Coverage:
    """Count the intervals that held 1 of runs, each a block of generations; raises ValueError for none."""
    ratios = [
        estimate.ratio([PairedRounds(*map(tuple, generation["rounds_s"][name])) for generation in run])
        for run in runs
        for name in run[0]["rounds_s"]
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


def markdown(runs: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Return the coverage as a Markdown table: of all runs, without and with the neighbour."""
    groups = {
        "all": runs,
        "without a neighbour": [run for run in runs if not run[0]["neighbour"]],
        "with a neighbour": [run for run in runs if run[0]["neighbour"]],
    }
    lines = [_HEADER, tuple("---" for _ in _HEADER)]
    lines += [_cells(name, coverage(group)) for name, group in groups.items() if group]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def verdict(found: Coverage) -> str:
    """Say whether the goal is met, or that there is too little to tell."""
    share = found.held / found.n
    low, high = GOAL
    stated = f"the interval held 1 in {share:.1%} of {found.n:,} ratios; the goal is {low:.0%} to {high:.0%}"
    if found.n < ENOUGH:
        return f"{stated} of at least {ENOUGH:,}: too few to tell"
    return f"{stated}: {'met' if low <= share <= high else 'not met'}"


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
