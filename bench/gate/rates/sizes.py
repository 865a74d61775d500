"""The injected sizes, verified apart: by `timeit`, without anything of the gate, of lockstep or of pytest-benchmark."""

import multiprocessing
import timeit
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy import stats
from tqdm import tqdm

from bench.gate.rates import subject
from bench.gate.rates.subject import Injected

PROCESSES = 5
PAIRS = 100
"""Repeats of base and of head, each of TAIL_EVERY calls, one after the other; the first of a pair is in turn either."""


def table() -> Iterator[str]:
    """Yield a table in Markdown: how much longer head's calls take in truth, all of them, tails included."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        futures = [pool.submit(_logs, subject.INJECTED) for _ in range(PROCESSES)]
        found = [future.result() for future in tqdm(futures, unit="process", leave=False, disable=None)]
    yield f"| injected | by timeit: head / base, mean of {PROCESSES} processes and its 95% interval |"
    yield "|---|---|"
    for one, logs in zip(subject.INJECTED, zip(*found, strict=True), strict=True):
        low, high = np.exp(stats.t.interval(0.95, PROCESSES - 1, np.mean(logs), stats.sem(logs)))
        yield f"| {one.kind} {one.percent}%, {one.work} | {np.exp(np.mean(logs)):.4f} [{low:.4f}, {high:.4f}] |"


def _logs(injected: Sequence[Injected]) -> list[float]:
    """Return the logarithm of each one's ratio in this process."""
    return [float(np.log(ratio(one))) for one in injected]


def ratio(injected: Injected) -> float:
    """Return the median over the pairs: time of head's calls / time of base's."""
    names: dict[str, Callable[[int], object]] = {}
    exec(subject.function(injected.work), names)  # noqa: S102 - our own text
    work = names[injected.work]
    timers = [_timer(work, sizes) for sizes in ((subject.SIZE,), injected.sizes)]
    found = []
    for number in range(PAIRS):
        order = (0, 1) if number % 2 else (1, 0)
        times = {one: timers[one].timeit(1) for one in order}
        found.append(times[1] / times[0])
    return float(np.median(found))


def _timer(work: Callable[[int], object], sizes: tuple[int, ...]) -> timeit.Timer:
    calls = sizes * (subject.TAIL_EVERY // len(sizes))

    def repeat() -> None:
        for size in calls:
            work(size)

    return timeit.Timer(repeat, "import gc; gc.enable()")  # which timeit would leave off
