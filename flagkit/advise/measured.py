"""What a sample says of the function and its items, as a record; times in seconds, sizes in bytes."""

from dataclasses import dataclass
from statistics import median

__all__ = ["COMPUTING", "Measured", "Packing"]

COMPUTING = 0.95
"""Above this CPU time / wall time a task waits for nothing: a processor is taken away now and then."""
ENOUGH = 0.8
"""Of the cores' time, what threads have to compute for it to be seen whether they are in each other's way."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What pickling costs, each figure the mean over the sampled objects."""

    size_bytes: float = 0.0
    """All of the pickle, with its buffers in the stream."""
    buffers_bytes: float = 0.0
    """Of these, what protocol 5 can leave out of the stream."""
    dumps_s: float = 0.0
    loads_s: float = 0.0
    stream_dumps_s: float = 0.0
    """With the buffers left out."""
    stream_loads_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a sample says of the function and its items."""

    n: int
    """Items of the whole job."""
    positions: tuple[float, ...]
    """Where each sampled item stands in the whole job, from 0 to 1."""
    indices: tuple[int, ...]
    """Of the items as they were given."""
    task_s: tuple[float, ...]
    """Of each sampled item, run alone."""
    first_s: float
    """The very first call, which may import and fill caches."""
    cpu_share: float
    """CPU time / wall time of one thread alone; above 1 where the function uses threads of its own."""
    alone_s: tuple[float, ...]
    """A batch of the items in one thread, round by round."""
    together_s: tuple[float, ...]
    """`threads` threads with that batch each, in turn with `alone_s`."""
    alone_cpu_s: tuple[float, ...]
    """The processor time of those rounds."""
    together_cpu_s: tuple[float, ...]
    threads: int
    batch: int
    """Items in the batch."""
    import_s: float
    """Importing the function's module; 0 where it had been imported."""
    base_bytes: int
    """Resident in a process that has loaded function and items."""
    import_bytes: int
    task_bytes: int
    """What the first task adds at its peak."""
    arguments: Packing
    results: Packing
    is_factory: bool
    """The items came from calling what was named."""
    unthreaded: str | None
    """Why the function was not run in several threads at once; its time alone stands for theirs then."""
    unpicklable: str | None
    """Why no process can be given these tasks; None when it can."""
    side_effects: tuple[str, ...]
    pace_s: float
    """A loop of fixed length in the process that sampled: see `flagkit.advise.pace`."""
    setup_s: float = 0.0
    items_s: float = 0.0
    """What it took to set up, and to have the items; no part of the job, but of whoever tries it."""
    has_gil: bool = True
    remembers: float = 1.0
    """How many times faster it was when called again with the same items, where that is so much that it remembers."""

    @property
    def mean_s(self) -> float:
        """The mean time of a task."""
        return sum(self.task_s) / len(self.task_s)

    @property
    def first_extra_s(self) -> float:
        """What the very first call took longer than the same one later."""
        return max(0.0, self.first_s - self.task_s[0])

    @property
    def floor_s(self) -> float:
        """The time of a task when as many threads run as keep everything busy that they share: GIL and cores."""
        ratios = sorted(both / alone for both, alone in zip(self.together_s, self.alone_s, strict=True))
        return ratios[len(ratios) // 2] * self.mean_s / self.threads

    @property
    def crowding(self) -> float:
        """How many times the processor time a task takes when others run beside it, with which it shares the memory."""
        pairs = zip(self.together_cpu_s, self.alone_cpu_s, strict=True)
        ratios = [both / (self.threads * alone) for both, alone in pairs if alone > 0]  # 0: less than the clock's tick
        return max(1.0, median(ratios)) if ratios else 1.0

    def gil_share(self, cores: int) -> float:
        """Return the share of the CPU time that no two threads spend at once.

        0 where it cannot be told, as threads did not compute enough to be in each other's way. Where tasks wait for
        nothing, it is by how many processors the threads kept busy, which is the same at whatever pace these are.
        """
        if cores > 1 and self.cpu_share > COMPUTING and min(self.together_cpu_s) > 0:
            rounds = zip(self.together_s, self.together_cpu_s, strict=True)
            busy = median(cpu_s / wall_s for wall_s, cpu_s in rounds)
            return min(1.0, max(0.0, (cores / busy - 1) / (cores - 1)))
        cpu_s = self.cpu_share * self.mean_s * self.crowding
        if cores == 1 or self.threads * self.cpu_share < ENOUGH * cores:
            return 0.0
        return min(1.0, max(0.0, (self.floor_s * cores / cpu_s - 1) / (cores - 1)))
