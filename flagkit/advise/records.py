"""What kinds cost, what is tried and what is advised, as records; times in seconds, sizes in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flagkit.advise.measured import Measured
from flagkit.usage import UsageError

__all__ = [
    "Advice",
    "AdviseError",
    "Candidate",
    "Evidence",
    "Interval",
    "KindCosts",
    "Pilot",
    "PilotPlan",
    "Prediction",
    "RuledOut",
    "Verified",
]


MOST_DRIFT = 5.0
"""No machine's pace changes by more within seconds: what does is something else."""
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
    peak_bytes: float | None
    """None where it is not known how much memory a process has."""
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
