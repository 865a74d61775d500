"""A process that waits until it is told to run a round: `python -m bench.lockstep.noise.live HOW WORKLOAD`.

Lines in: ``calibrate SECONDS`` and ``round CALLS``. Lines out: the calls that take as long, or the seconds that they
took. It ends with its standard input. The standard library alone, as it runs in interpreters that have nothing else.
"""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from bench.lockstep.workloads import WORKLOADS

WORKERS: Final = 2
_MOST_CALLS = 1_000_000


def burst(workload: str, calls: int) -> None:
    """Call a workload so many times; at the top of a module, where workers find it."""
    function = WORKLOADS[workload]
    for _ in range(calls):
        function()


@contextmanager
def runner(how: str, workload: str) -> Iterator[Callable[[int], object]]:
    """Give what runs so many calls: here (``serial``), or in each of the workers of a pool that is ready."""
    if how == "serial":
        yield lambda calls: burst(workload, calls)
        return
    pool: Executor = ThreadPoolExecutor(WORKERS) if how == "threads" else ProcessPoolExecutor(WORKERS)
    with pool:
        yield lambda calls: list(pool.map(burst, [workload] * WORKERS, [calls] * WORKERS))


def timed(run: Callable[[int], object], calls: int) -> float:
    """Return the seconds of a round."""
    start = time.perf_counter()
    run(calls)
    return time.perf_counter() - start


def calibrate(run: Callable[[int], object], least_s: float) -> int:
    """Return the calls of a round that lasts as long; the last of the rounds that it tries is the warm-up."""
    run(1)
    calls = 1
    while (taken_s := timed(run, calls)) < least_s and calls < _MOST_CALLS:
        calls = min(max(calls + 1, int(1.1 * calls * least_s / taken_s)), 10 * calls, _MOST_CALLS)
    return calls


def main(how: str, workload: str) -> None:
    """Serve until the input ends."""
    with runner(how, workload) as run:
        for line in sys.stdin:
            told, _, number = line.partition(" ")
            answer = calibrate(run, float(number)) if told == "calibrate" else timed(run, int(number))
            print(answer, flush=True)  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    main(*sys.argv[1:])
