"""What a finding is: a topic, the benchmark that it rests on, and its numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.instrument import metrics
from bench.instrument.metrics import Derived, Missing
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import Estimate

Topic: TypeAlias = Literal[
    "threads",
    "processes",
    "interpreters",
    "releases",
    "shared object",
    "short tasks",
    "sending",
    "payload",
    "transport",
    "steps",
    "hogs",
    "downloads",
    "client limit",
    "starting",
    "imports",
    "sharing",
]
STANDING_PROCESS = "process-forkserver"
"""The kind of process that the study measures most: see bench.grids."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and its numbers. `ratio` is a speed-up over the reference (for sending: time / memcpy time).

    `subject` is the workload, the payload, the server, the medium; None for what a topic has not. `figure` is what else
    the topic is about, a length, a size or a share, or the reason why there is none.
    """

    topic: Topic
    run: Run
    benchmark: Benchmark
    kind: str
    workers: int
    subject: str | None = None
    size_bytes: int | None = None
    ratio: Estimate | None = None
    time: Estimate | None = None
    figure: Derived | None = None

    @property
    def gil(self) -> bool | None:
        """Return whether the GIL was on when the run ended; None when the file does not tell."""
        return self.run.environment.gil_enabled.at_end if self.run.environment else None

    @property
    def free_threaded(self) -> bool:
        """Return whether the run's Python is a free-threaded build, whatever its GIL did."""
        return self.run.environment is not None and self.run.environment.python.gil_disabled_build

    @property
    def cores(self) -> int | None:
        """Return how many cores the run could use; None when the file does not tell."""
        return usable_cores(self.run)


def usable_cores(run: Run) -> int | None:
    """Return how many cores the run could use, by affinity or control group, whichever is less; None if not known."""
    return run.environment.host.granted_cores if run.environment else None


def paired(
    topic: Topic, run: Run, item: Benchmark | None, subject: str | None = None, reference: str | None = None
) -> Finding | None:
    """Return a finding on a benchmark's speed-up over its reference; None where there is none of that name."""
    if item is None:
        return None
    ratio = metrics.speed_up(item, reference)
    if isinstance(ratio, Missing):
        return None
    size_bytes = item.integer("size_bytes")
    time = metrics.time(item)
    return Finding(
        topic=topic,
        run=run,
        benchmark=item,
        kind=item.text("kind") or "",
        workers=item.integer("workers") or 1,
        subject=subject,
        size_bytes=size_bytes,
        ratio=ratio,
        time=time if isinstance(time, Estimate) else None,
    )


def process_kind(run: Run, items: Iterable[Benchmark]) -> str | None:
    """Return the kind of process to speak of: the standing one, else the platform's default, else any."""
    kinds = [kind for item in items if (kind := item.text("kind")) and kind.startswith("process")]
    default = f"process-{run.environment.python.default_start_method}" if run.environment else None
    return next((kind for kind in (STANDING_PROCESS, default) if kind in kinds), next(iter(kinds), None))
