"""How much visits differ, by all benchmarks of a run together: each by itself has too few to tell."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from bench.instrument.records import Benchmark, Spreads
from bench.instrument.statistics import log_ratios, of_visits, prior

__all__ = ["with_spreads"]


def with_spreads(benchmarks: Sequence[Benchmark]) -> Iterable[Benchmark]:
    """Return the benchmarks of one run, each of which knows the spreads of the run."""
    visited = [one for one in benchmarks if len(one.visits) > 1 and one.rounds_s]
    times = (of_visits(np.log(one.rounds_s), one.visits) for one in visited)
    ratios = (
        of_visits(log_ratios(one.rounds_s, one.reference.rounds_s), one.visits) for one in visited if one.reference
    )
    spreads = Spreads(prior(times), prior(ratios))
    return (replace(one, spreads=spreads) for one in benchmarks)
