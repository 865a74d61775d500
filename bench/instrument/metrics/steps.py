"""Shares of the ten steps in a task's time, from a benchmark's breakdown."""

from collections.abc import Collection

import numpy as np

from bench.instrument import statistics
from bench.instrument.breakdown import RESIDUAL
from bench.instrument.metrics.base import Derived, Missing
from bench.instrument.records import Benchmark

SERIALIZATION_STEPS = ("pickle", "send", "unpickle", "pickle result", "send back", "unpickle result")
"""Dumps, transfer and loads, both ways."""


def shares(benchmark: Benchmark) -> dict[str, Derived]:
    """Return each part's share of a task's time; {} without a breakdown."""
    if benchmark.breakdown is None:
        return {}
    return {name: _share(benchmark, (name,)) for name in benchmark.breakdown.names}


def serialization_share(benchmark: Benchmark) -> Derived:
    """Return (dumps + loads + transfer, both ways) / end to end, of a task."""
    return _share(benchmark, SERIALIZATION_STEPS)


def residual_share(benchmark: Benchmark) -> Derived:
    """Return the part of a task's time that belongs to no step."""
    return _share(benchmark, (RESIDUAL,))


def _share(benchmark: Benchmark, parts: Collection[str]) -> Derived:
    breakdown = benchmark.breakdown
    if breakdown is None:
        return Missing("its time was not taken apart")
    if absent := [part for part in parts if part not in breakdown.names]:
        return Missing(f"its time was not taken apart as far as {absent[0]}")
    rows_s = np.asarray(breakdown.rows_s)
    wholes_s = rows_s.sum(axis=1)
    if (wholes_s <= 0).any():
        return Missing("a task took no time by its own clock")
    columns = [breakdown.names.index(part) for part in parts]
    return statistics.share((rows_s[:, columns].sum(axis=1) / wholes_s).tolist(), breakdown.visits)
