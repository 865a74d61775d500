"""The procedure on synthetic log ratios: what it does where the truth is beyond doubt, and n is large."""

import itertools
import math
from collections.abc import Iterator

import numpy as np

from bench.gate.procedure.decide import follow
from bench.gate.procedure.rules import Margin
from bench.gate.procedure.sizes import Cost
from bench.gate.procedure.synthetic import SHAPES, Synthetic
from bench.gate.rates.table import Rate, of

NAMES = tuple(f"b{number}" for number in range(30))
SPREADS = (0.01, 0.02, 0.03)
SLOWDOWNS = (0.03, 0.05)
BUDGET_S = 300.0
COST = Cost(start_s=2.0, beside_s=0.03, round_s=dict.fromkeys(NAMES, 0.012))
"""As of a machine whose processes start in two seconds a generation; rounds last 5 ms a side."""


def table(runs: int) -> Iterator[str]:
    """Yield a table in Markdown: suites of 30, so many runs a cell, one benchmark slowed or none."""
    yield "| noise | SD of a generation | A/A suites that fail | 3% found | 5% found | time, mean and most |"
    yield "|---|---|---|---|---|---|"
    for shape in SHAPES:
        for spread in SPREADS:
            quiet = [_run(shape, spread, 0.0, seed) for seed in range(runs)]
            slowed = [[_run(shape, spread, slower, seed) for seed in range(runs)] for slower in SLOWDOWNS]
            found = [of([one[1] for one in cell]) for cell in slowed]
            seconds = [one[2] for one in itertools.chain(quiet, *slowed)]
            alarms: Rate = of([one[0] for one in quiet])
            cells = (shape, f"{100 * spread:g}%", alarms, *found, f"{np.mean(seconds):.0f} s, {max(seconds):.0f} s")
            yield f"| {' | '.join(map(str, cells))} |"


def _run(shape: str, spread: float, slower: float, seed: int) -> tuple[bool, bool, float]:
    """Return whether anything without a change was blamed, whether the slowed one was found, and the seconds."""
    slowed = NAMES[0] if slower else ""
    truths = dict.fromkeys(NAMES, 0.0) | ({slowed: math.log1p(slower)} if slowed else {})
    rng = np.random.default_rng([seed, round(1000 * slower), round(1000 * spread), list(SHAPES).index(shape)])
    source = Synthetic(rng, truths, dict.fromkeys(NAMES, spread), SHAPES[shape], COST, BUDGET_S)
    course = follow(source, lambda _: Margin())
    blamed = {name for name, found in course.slower.items() if found.is_changed}
    is_suite_slower = course.suite is not None and course.suite.is_slower
    return bool(blamed - {slowed}) or is_suite_slower, slowed in blamed, BUDGET_S - source.budget_s
