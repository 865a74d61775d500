"""What is measured and what is advised, as records; times in seconds, sizes in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from flagkit.usage import UsageError

__all__ = [
    "COMPUTING",
    "Advice",
    "AdviseError",
    "Candidate",
    "Evidence",
    "Interval",
    "KindCosts",
    "Measured",
    "Packing",
    "Pilot",
    "PilotPlan",
    "Prediction",
    "RuledOut",
    "Verified",
]


COMPUTING = 0.95
"""Above this CPU time / wall time a task waits for nothing: a processor is taken away now and then."""
MOST_DRIFT = 5.0
"""No machine's pace changes by more within seconds: what does is something else."""
ENOUGH = 0.8
"""Of the cores' time, what threads have to compute for it to be seen whether they are in each other's way."""
_TICK_S = 1e-9
"""In place of a sample that a coarse clock saw take no time."""


class AdviseError(UsageError):
    """No advice can be given; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and the bounds that the truth of a single run is within with 90%."""

    value: float
    low: float
    high: float


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


@dataclass(frozen=True, slots=True)
class KindCosts:
    """What a kind costs on this machine and Python, whatever the function is.

    What is a tuple has a figure for each process that has measured, in the same order throughout.
    """

    kind: str
    workers: int
    """With which the figures below were measured: the usable processors, at least 2."""
    start_s: tuple[float, ...]
    """The first pool of a process, of `workers`: made, used once by each and shut down."""
    start_each_s: tuple[float, ...]
    """One more worker."""
    dispatch_s: tuple[float, ...]
    """An empty task, one of many: what the caller needs for it."""
    busy_s: tuple[float, ...]
    """What a task costs beside its own time where all workers are busy: processor time of caller and worker."""
    crowding: tuple[float, ...]
    """How many times as long as alone a task takes that computes, when all workers compute."""
    item_s: tuple[float, ...]
    """One more empty item in a chunk."""
    send_s_per_byte: tuple[float, ...]
    """Bytes of an argument, pickling not counted."""
    return_s_per_byte: tuple[float, ...]
    worker_bytes: int
    """Memory that each worker adds."""
    pace_s: tuple[float, ...]

    def and_again(self, again: "KindCosts") -> "KindCosts":
        """Return the figures of this and of further processes."""
        return replace(again, **_joined(self, again))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to run the job; chunksize is 1 where the kind has no chunks."""

    kind: str
    workers: int
    chunksize: int

    def __str__(self) -> str:
        """Name it as a reader does."""
        if self.kind == "serial":
            return "serial"
        chunks = f", chunks of {self.chunksize}" if self.chunksize > 1 else ""
        return f"{self.kind}, {self.workers} worker{'s' if self.workers > 1 else ''}{chunks}"


@dataclass(frozen=True, slots=True)
class PilotPlan:
    """What a pilot is to run."""

    candidate: Candidate
    indices: tuple[int, ...]
    """Of the items."""
    alone: int
    """How many of these, the first ones, are run without the pool afterwards: the machine's pace just then."""
    is_first: bool = True
    """Whether the start of a pool is to be measured as well."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """Short real runs of the function by one candidate.

    What is a tuple has a figure for each process that has run it, in the same order throughout.
    """

    candidate: Candidate
    items: int
    """In each run."""
    sample_s: float
    """What these items took in the sample, run alone."""
    imbalance: float
    """The longest share of any worker / the mean, of these items."""
    start_s: tuple[float, ...]
    """Making the pool and its shutdown."""
    rest_s: tuple[float, ...]
    """What is left of the run: the items."""
    alone_s: tuple[float, ...]
    """Some of the items run alone, without the pool, directly afterwards."""
    alone_sample_s: float
    """What those took in the sample."""
    pace_s: tuple[float, ...]

    def and_again(self, again: "Pilot") -> "Pilot":
        """Return the figures of this and of further processes, with the same items."""
        return replace(self, **_joined(self, again))

    @property
    def drifts(self) -> tuple[float, ...]:
        """How many times slower than in the sample the items took alone, by process.

        1 where the tasks themselves are another matter than before: one that remembers its results, for example.
        """
        drifts = (took_s / max(self.alone_sample_s, _TICK_S) for took_s in self.alone_s)
        return tuple(drift if 1 / MOST_DRIFT <= drift <= MOST_DRIFT else 1.0 for drift in drifts)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the model goes by."""

    measured: Measured
    costs: Mapping[str, KindCosts]
    """By kind, without those that are ruled out."""
    pilots: Mapping[str, Pilot]
    """By kind."""
    cores: int
    further: tuple[Pilot, ...] = ()
    """Of these kinds with other numbers of workers."""

    @property
    def tried(self) -> tuple[Pilot, ...]:
        """All pilots."""
        return (*self.pilots.values(), *self.further)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a candidate is expected to take."""

    candidate: Candidate
    time_s: Interval
    speedup: float
    """Serial time / time."""
    peak_bytes: float
    best_share: float
    """How often it was the fastest of all when the measurements were drawn again."""
    terms: dict[str, float]
    """Seconds of each term of the model, by name."""
    is_piloted: bool


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A kind that cannot run the job here, has nothing to gain as the GIL is held, or was not tried, and why."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A candidate, run for real on all items; `measured_s` is None where it failed, for `failure`."""

    candidate: Candidate
    predicted_s: Interval
    measured_s: float | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """All that `advise` has to say; `ranking` has the fastest first."""

    choice: Prediction
    reason: str
    ties: tuple[Candidate, ...]
    """What cannot be told apart from the choice."""
    changes: tuple[str, ...]
    """What would change the answer."""
    warnings: tuple[str, ...]
    ranking: tuple[Prediction, ...]
    ruled_out: tuple[RuledOut, ...]
    snippet: str
    evidence: Evidence
    seconds: float
    """That advising took."""
    verified: tuple[Verified, ...] = ()

    @property
    def measured(self) -> Measured:
        """What a sample said of the function and its items."""
        return self.evidence.measured

    @property
    def cores(self) -> int:
        """How many the job was advised for."""
        return self.evidence.cores


def _joined(one: KindCosts | Pilot, again: KindCosts | Pilot) -> dict[str, Any]:
    """Return the fields that are tuples, with the figures of both."""
    values = ((name, getattr(one, name)) for name in one.__slots__)
    return {name: value + getattr(again, name) for name, value in values if isinstance(value, tuple)}
