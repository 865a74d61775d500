"""How far ratios of identical code scatter by lockstep and by other tools, each in the same time."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from random import Random
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from scipy import stats

from bench.instrument import units
from bench.lockstep import estimate, identical
from bench.lockstep.noise.spread import MIN_CLUSTERS, spread
from bench.lockstep.proof import other_tools

KIND: Final = "lockstep-procedures"
NAMES: Final = ("comprehension", "dictionary", "json loads", "matrix", "recursion", "sorting")
RATIO_S: Final = 4.0
"""The time of a ratio, of both sides and all that it takes; a piece measures one of each of NAMES."""
ROUNDS: Final = 30
"""Of a generation of lockstep."""
LOCKSTEP: Final = "lockstep"
GOAL: Final = 5.0
_HEADER: Final = ("procedure", "ratios", "seconds a ratio", "SD of log ratio", "times lockstep's")


def lockstep(random: Random, names: Sequence[str], budget_s: float) -> Mapping[str, float]:
    """Return log ratios by lockstep, of as many generations as the time holds: one at least."""
    start_s = time.monotonic()
    measured: list[Mapping[str, estimate.PairedRounds]] = []
    with closing(identical.generations(ROUNDS, random.randrange(1, 2**31), names)) as generations:
        while not measured or (time.monotonic() - start_s) * (len(measured) + 1) / len(measured) <= budget_s:
            measured.append(next(generations))
    return {name: math.log(estimate.ratio([rounds[name] for rounds in measured]).ratio) for name in names}


PROCEDURES: Final[Mapping[str, Callable[[Random, Sequence[str], float], Mapping[str, float]]]] = MappingProxyType(
    {
        "pytest-benchmark, run twice": other_tools.pytest_benchmark_twice,
        "pyperf, run twice": other_tools.pyperf_twice,
        "asv's interleaved rounds": other_tools.asv_interleaved,
        LOCKSTEP: lockstep,
    }
)


def settings(seed: int) -> dict[str, Any]:
    """Return what all pieces of a file share."""
    return {"seed": seed, "workloads": list(NAMES), "ratio_s": RATIO_S, "rounds": ROUNDS}


def measure(seed: int, number: int) -> dict[str, Any]:
    """Measure by one procedure; each has its turn once in as many pieces as there are, in an order drawn."""
    turn, place = divmod(number, len(PROCEDURES))
    order = list(PROCEDURES)
    Random(f"{seed} {turn}").shuffle(order)
    procedure = order[place]
    if procedure.startswith("pyperf") and find_spec("pyperf") is None:
        return {"procedure": procedure, "missing": "pyperf is not installed in this Python"}
    begun_s = time.monotonic()
    log_ratios = PROCEDURES[procedure](Random(f"{seed} {number} rounds"), NAMES, RATIO_S * len(NAMES))
    return {"procedure": procedure, "seconds": time.monotonic() - begun_s, "log_ratios": dict(log_ratios)}


@dataclass(frozen=True, slots=True)
class Factor:
    """How many times a procedure's SD is lockstep's; `low` and `high` bound it (95%), None for too few pieces."""

    value: float
    low: float | None
    high: float | None


def factor(of: Sequence[Mapping[str, float]], to: Sequence[Mapping[str, float]], seed: int) -> Factor:
    """Compare two procedures' root mean squares of log ratios; the interval is a bootstrap's over pieces."""
    mine, theirs = (np.array([np.mean(np.square(list(piece.values()))) for piece in pieces]) for pieces in (to, of))
    low = high = None
    if min(mine.size, theirs.size) >= MIN_CLUSTERS and min(np.ptp(mine), np.ptp(theirs)) > 0:
        low, high = stats.bootstrap(
            (theirs, mine),
            lambda of, to, axis=-1: np.sqrt(of.mean(axis=axis) / to.mean(axis=axis)),
            confidence_level=0.95,
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return Factor(
        math.sqrt(theirs.mean() / mine.mean()),
        None if low is None else float(low),
        None if high is None else float(high),
    )


def markdown(pieces: Sequence[Mapping[str, Any]], seed: int) -> str:
    """Return a Markdown table, a row a procedure, with the reason for one that could not be measured."""
    lines = [_HEADER, tuple("---" for _ in _HEADER)]
    lines += [_cells(name, pieces, seed) for name in PROCEDURES]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(name: str, pieces: Sequence[Mapping[str, Any]], seed: int) -> tuple[str, ...]:
    own = [piece for piece in pieces if piece["procedure"] == name and "log_ratios" in piece]
    if not own:
        missing = [piece["missing"] for piece in pieces if piece["procedure"] == name and "missing" in piece]
        return (name, "0", missing[0] if missing else "not yet measured", "", "")
    found = spread([list(piece["log_ratios"].values()) for piece in own], seed)
    seconds = sum(piece["seconds"] for piece in own) / found.n
    base = [piece["log_ratios"] for piece in pieces if piece["procedure"] == LOCKSTEP and "log_ratios" in piece]
    compared = factor([piece["log_ratios"] for piece in own], base, seed) if base and name != LOCKSTEP else None
    return (
        name,
        f"{found.n} in {found.clusters}",
        units.number(seconds),
        units.number(found.sd) + _bounds(found.low, found.high),
        units.number(compared.value) + _bounds(compared.low, compared.high) if compared else "",
    )


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{units.number(low)}, {units.number(high)}]"
