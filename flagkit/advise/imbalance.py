"""How unevenly a job is spread over its workers: the longest share of any of them / the mean share."""

import heapq

import numpy as np
from numpy.typing import NDArray

__all__ = ["imbalance", "spread_out"]

MOST_CHUNKS = 2_000
"""With more than that the last chunks, which make the difference, are few beside the rest."""
MOST_TASKS = 200_000


def spread_out(positions: tuple[float, ...], task_s: tuple[float, ...], n: int) -> NDArray[np.float64]:
    """Return a time for each item of the job: that of the sampled item nearest to it, so that stretches stay together.

    For very long jobs, for MOST_TASKS items that stand for all.
    """
    order = np.argsort(positions)
    known = np.asarray(positions)[order]
    here = (np.arange(min(n, MOST_TASKS)) + 0.5) / min(n, MOST_TASKS)
    right = np.searchsorted(known, here).clip(0, len(known) - 1)
    left = (right - 1).clip(0)
    nearest = np.where(np.abs(known[left] - here) <= np.abs(known[right] - here), left, right)
    return np.asarray(task_s)[order][nearest]


def imbalance(tasks: NDArray[np.float64], workers: int, chunksize: int) -> float:
    """Return 1 or more: chunks go to whichever worker is free first, in their order, as pools do it."""
    chunks = np.add.reduceat(tasks, np.arange(0, len(tasks), chunksize))
    total = float(chunks.sum())
    if workers == 1 or total == 0:
        return 1.0
    if len(chunks) > MOST_CHUNKS:  # the last chunk of each worker ends anywhere within a chunk of the last one's end
        return 1.0 + (workers - 1) / 2 * float((chunks**2).mean() / chunks.mean()) / total
    free = [0.0] * workers
    for chunk in chunks.tolist():
        heapq.heapreplace(free, free[0] + chunk)
    return max(free) * workers / total
