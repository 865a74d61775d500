"""How unevenly a job is spread over its workers: the longest share of any of them / the mean share."""

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["imbalance", "mean_imbalance", "spread_out"]

MOST_CHUNKS = 2_000
"""With more than that the last chunks, which make the difference, are few beside the rest."""
MOST_TASKS = 200_000
JOBS = 16
"""Drawn, of few tasks; fewer of many, whose chunks are all alike."""


def spread_out(
    positions: tuple[float, ...], task_s: tuple[float, ...], n: int, random: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Return jobs as the sample lets expect them, each with a time for each item.

    It is that of one of the two sampled items between which it lies, the nearer one more often: so stretches stay
    together, what was sampled is itself, and the others differ as the sampled ones do. For very long jobs, there are
    MOST_TASKS items that stand for all.
    """
    order = np.argsort(positions)
    known, times = np.asarray(positions)[order], np.asarray(task_s)[order]
    items = min(n, MOST_TASKS)
    here = (np.arange(items) + 0.5) / items
    between = np.interp(here, known, np.arange(len(known)))
    left = np.floor(between).astype(int)
    right = np.minimum(left + 1, len(known) - 1)
    count = max(1, min(JOBS, JOBS * MOST_CHUNKS // items))
    return [times[np.where(random.random(items) < between - left, right, left)] for _ in range(count)]


def mean_imbalance(jobs: Sequence[NDArray[np.float64]], workers: int, chunksize: int) -> float:
    """Return the imbalance to be expected of these jobs, of some of them where each has many chunks."""
    chunks = -(-len(jobs[0]) // chunksize)
    some = jobs[: max(1, MOST_CHUNKS // chunks)]
    return sum(imbalance(tasks, workers, chunksize) for tasks in some) / len(some)


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
