"""The truth of a cell: every candidate of a grid, run for real in a process of its own, in rounds of random order."""

import random
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from math import inf
from statistics import median

from flagkit.advise import AdviseError, Candidate, Measured
from flagkit.advise.candidates import chunk_sizes, has_chunks
from flagkit.advise.runs import run_job
from flagkit.advise.sandbox import Tell, run_apart
from flagkit.advise.target import Target

__all__ = ["JOBLIB", "grid", "measure"]

JOBLIB = "joblib's default"
LIMIT_S = 60.0
WAITS = 0.95
KEPT = (3.0, 1.5, 1.25)
"""Times the best, up to which a candidate is run again: after the first round, the second, and each further one."""


def grid(measured: Measured, kinds: Iterable[str], cores: int) -> list[Candidate]:
    """Return the candidates: a worker a core, threads twice as many, more where tasks wait; three chunk sizes each."""
    found = [Candidate("serial", 1, 1)]
    for kind in kinds:
        if kind == "serial":
            continue
        counts = [cores, 2 * cores] if kind == "thread" else [cores]
        if measured.cpu_share < WAITS:
            counts = [cores, 4 * cores, *([32, 64] if kind == "thread" else [])]
        for workers in sorted({min(count, measured.n) for count in counts}):
            sizes = chunk_sizes(measured.n, workers)
            chunks = sorted({sizes[0], -(-measured.n // (4 * workers)), sizes[-1]}) if has_chunks(kind) else [1]
            found += [Candidate(kind, workers, chunksize) for chunksize in chunks]
    return found


def measure(
    target: Target,
    grid: Iterable[Candidate],
    choice: Candidate,
    others: Iterable[Candidate],
    rounds: int,
    *,
    seed: int,
) -> dict[str, list[float]]:
    """Return the times of each candidate by its name, one a round; a candidate that fails in any of them has none.

    All are run in the first round, the others and joblib's default too, where that is installed. The further ones have
    the choice, and those that may be the best: so a time for which a processor was away is one of many where it
    matters. What was held up in one of its first two runs is told by the other one, and by the median from the third
    on. The rounds end early where nothing but the choice may be the best.
    """
    work: dict[str, Callable[[], float]] = {
        str(one): partial(run_apart, run_job, LIMIT_S, _silent, target, one, None) for one in [*grid, choice, *others]
    }
    if find_spec("joblib") is not None:
        work[JOBLIB] = partial(run_apart, run_joblib, LIMIT_S, _silent, target)
    drawn = random.Random(seed)
    times: dict[str, list[float]] = {name: [] for name in work}
    open_ = list(work)
    for done in range(1, rounds + 1):
        drawn.shuffle(open_)
        for name in open_:
            try:
                times[name].append(work[name]())
            except AdviseError:
                times[name].clear()
        typical = min if done < len(KEPT) else median
        told_s = {name: typical(times[name]) for name in open_ if times[name]}
        bound_s = KEPT[min(done, len(KEPT)) - 1] * min(told_s.values(), default=inf)
        open_ = [name for name, took_s in told_s.items() if took_s <= bound_s or name == str(choice)]
        if done >= len(KEPT) and {*open_} <= {str(choice)}:
            break
    return times


def _silent(_: str) -> None:
    """Say nothing: the file does."""


def run_joblib(tell: Tell, target: Target) -> float:
    """Return the seconds of `joblib.Parallel(n_jobs=-1)`, with its own choice of all else."""
    from joblib import Parallel, delayed  # noqa: PLC0415 - a peer, which need not be there

    job = target.load()
    tell("runs joblib")
    began = time.perf_counter()
    Parallel(n_jobs=-1)(delayed(job.function)(item) for item in job.items)
    return time.perf_counter() - began
