"""The truth of a cell: every candidate of a grid, run for real in a process of its own, in rounds of random order."""

import random
import time
from collections.abc import Iterable

from flagkit.advise import AdviseError, Candidate, Measured
from flagkit.advise.candidates import chunk_sizes, has_chunks
from flagkit.advise.runs import run_job
from flagkit.advise.sandbox import Tell, run_apart
from flagkit.advise.target import Target

__all__ = ["JOBLIB", "grid", "measure"]

JOBLIB = "joblib's default"
LIMIT_S = 60.0
WAITS = 0.95


def grid(measured: Measured, kinds: Iterable[str], cores: int) -> list[Candidate]:
    """Return the candidates: a worker a core and twice as many, more where tasks wait; three chunk sizes each."""
    found = [Candidate("serial", 1, 1)]
    counts = [cores, 2 * cores] if measured.cpu_share > WAITS else [cores, 4 * cores, 32]
    for kind in kinds:
        if kind == "serial":
            continue
        for workers in sorted({min(count, measured.n) for count in counts if kind == "thread" or count <= 4 * cores}):
            sizes = chunk_sizes(measured.n, workers)
            chunks = sorted({sizes[0], -(-measured.n // (4 * workers)), sizes[-1]}) if has_chunks(kind) else [1]
            found += [Candidate(kind, workers, chunksize) for chunksize in chunks]
    return found


def measure(
    target: Target, candidates: Iterable[Candidate], rounds: int, tell: Tell, *, seed: int
) -> dict[str, list[float]]:
    """Return the times of each candidate by its name, one a round; a candidate that fails has none."""
    order = [(place, candidate) for place in range(rounds) for candidate in dict.fromkeys(candidates)]
    drawn = random.Random(seed)
    order.sort(key=lambda one: (one[0], drawn.random()))
    times: dict[str, list[float]] = {str(candidate): [] for _, candidate in order}
    failed: set[str] = set()
    for _, candidate in order:
        name = str(candidate)
        if name in failed:
            continue
        try:
            times[name].append(run_apart(run_job, LIMIT_S, tell, target, candidate, None))
        except AdviseError:
            failed.add(name)
    return {name: found for name, found in times.items() if name not in failed}


def run_joblib(tell: Tell, target: Target) -> float:
    """Return the seconds of `joblib.Parallel(n_jobs=-1)`, with its own choice of all else."""
    from joblib import Parallel, delayed  # noqa: PLC0415 - a peer, which need not be there

    job = target.load()
    tell("runs joblib")
    began = time.perf_counter()
    Parallel(n_jobs=-1)(delayed(job.function)(item) for item in job.items)
    return time.perf_counter() - began
