"""The injected sizes, verified apart: by `timeit`, in one process, without anything of the gate or of lockstep."""

import timeit
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats
from tqdm import tqdm

from bench.gate.rates import subject
from bench.gate.rates.subject import Injected

PAIRS = 400
"""Repeats of base and of head, each of TAIL_EVERY calls, one after the other; the first of a pair is in turn either."""


def table() -> Iterator[str]:
    """Yield a table in Markdown: how much longer head's calls take in truth, all of them, tails included."""
    yield f"| injected | by timeit: head / base, median of {PAIRS} pairs and its 95% interval |"
    yield "|---|---|"
    for one in tqdm(subject.INJECTED, unit="benchmark", leave=False, disable=None):
        found = ratios(one)
        interval = stats.bootstrap((found,), np.median, rng=0).confidence_interval
        ratio = f"{np.median(found):.4f} [{interval.low:.4f}, {interval.high:.4f}]"
        yield f"| {one.kind} {one.percent}%, {one.work} | {ratio} |"


def ratios(injected: Injected) -> list[float]:
    """Return the ratio of each pair: time of head's calls / time of base's."""
    names: dict[str, Callable[[int], object]] = {}
    exec(subject.function(injected.work), names)  # noqa: S102 - our own text
    work = names[injected.work]
    timers = [_timer(work, sizes) for sizes in ((subject.SIZE,), injected.sizes)]
    found = []
    for number in range(PAIRS):
        order = (0, 1) if number % 2 else (1, 0)
        times = {one: timers[one].timeit(1) for one in order}
        found.append(times[1] / times[0])
    return found


def _timer(work: Callable[[int], object], sizes: tuple[int, ...]) -> timeit.Timer:
    calls = sizes * (subject.TAIL_EVERY // len(sizes))

    def repeat() -> None:
        for size in calls:
            work(size)

    return timeit.Timer(repeat)
