"""Measure piece after piece into a records file for some minutes, and tell how far it is."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from tqdm import tqdm

from bench.instrument import host
from bench.lockstep.proof.records import Records


def fill(records: Records, budget_s: float, measure: Callable[[int], Mapping[str, Any]]) -> None:
    """Append pieces while there is time for one more as long as the longest of this call; the first is always measured.

    `measure` is given the number of the piece, from 0 on, over all calls for the same file. Without a budget nothing is
    measured. The load averages of the machine, before and after, are kept with each.
    """
    start = time.monotonic()
    longest_s: float | None = None
    with tqdm(total=round(budget_s), unit="s", bar_format="{n:.0f} of {total_fmt} s: {desc}", leave=False) as line:
        while budget_s > 0 and (longest_s is None or time.monotonic() - start + longest_s < budget_s):
            spent_s = time.monotonic() - start
            line.set_description_str(f"piece {len(records.pieces) + 1}", refresh=False)
            line.update(spent_s - line.n)
            load = host.load()
            piece = measure(len(records.pieces))
            records.append({**piece, "load": {"start": load, "end": host.load()}})
            longest_s = max(longest_s or 0.0, time.monotonic() - start - spent_s)
