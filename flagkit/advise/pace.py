"""How fast a process runs: a loop of fixed length, timed in each process that measures something.

Two processes on one machine seldom run equally fast: others are busy, and the layout of memory differs. What the paces
of the processes differ by is what the next one may differ by too.
"""

import time

from flagkit.work.pure import loop

__all__ = ["pace"]

TURNS = 20_000
ROUNDS = 15


def pace() -> float:
    """Return the median time of the loop."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        loop(TURNS)
        times.append(time.perf_counter() - began)
    return sorted(times)[ROUNDS // 2]
