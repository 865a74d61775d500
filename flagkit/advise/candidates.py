"""The grid: which kinds, numbers of workers and chunk sizes are considered for a job."""

from collections.abc import Iterable, Iterator

from flagkit.advise.measured import Measured
from flagkit.advise.records import Candidate
from flagkit.executors import resolve

__all__ = ["candidates", "chunk_sizes", "has_chunks", "worker_counts"]

MOST_WORKERS = 64
CHUNK_STEP = 4


def has_chunks(kind: str) -> bool:
    """Tell whether the kind's map() puts items into chunks; those of threads and interpreters do not."""
    return resolve(kind).family in ("process", "cluster")


def candidates(kinds: Iterable[str], measured: Measured, cores: int) -> Iterator[Candidate]:
    """Return all ways to run the job that are considered, serial among them."""
    for kind in kinds:
        if kind == "serial":
            yield Candidate("serial", 1, 1)
            continue
        counts = worker_counts(measured, cores)
        if resolve(kind).family == "thread":  # one alone is serial, and its start
            counts = counts[1:] or counts
        for workers in counts:
            for chunksize in chunk_sizes(measured.n, workers) if has_chunks(kind) else [1]:
                yield Candidate(kind, workers, chunksize)


def worker_counts(measured: Measured, cores: int) -> list[int]:
    """Return 1, 2, 4, ... up to the cores, and up to MOST_WORKERS as far as the tasks wait; never more than items.

    One worker beside the caller can be worth it: it computes while the caller packs and unpacks.
    """
    waiting = 1 / max(measured.cpu_share, 1 / MOST_WORKERS)
    most = min(measured.n, max(cores, min(MOST_WORKERS, round(2 * cores * waiting)) if waiting > 1 else cores))
    powers = [1 << power for power in range(most.bit_length()) if 1 << power < most]
    return sorted({*powers, min(cores, most), most})


def chunk_sizes(n: int, workers: int) -> list[int]:
    """Return 1, 4, 16, ... and what gives each worker one chunk, or four of them."""
    one_each, four_each = -(-n // workers), -(-n // (4 * workers))
    powers = []
    size = 1
    while size < one_each:
        powers.append(size)
        size *= CHUNK_STEP
    return sorted({*powers, four_each, one_each})
