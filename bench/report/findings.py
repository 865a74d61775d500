"""The few things worth knowing of a run, as data; `wording` says them.

What is picked is fixed beforehand (the seed's workload, as many workers as cores, the platform's own way to start
processes, a mebibyte of bytes, the most workers for downloads), never the most striking of the results: the largest of
many noisy ratios is an overstatement.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.instrument import metrics
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import Estimate

MEBIBYTE_BYTES = 1 << 20
MOST = 5
_SEED = "gcd-seed"
_SERVERS: dict[str | None, int] = {"DELAY": 2, "LOCAL": 1}
"""Which server tells most of waiting; any other, such as one that fails, comes after."""

Topic: TypeAlias = Literal["threads", "processes", "interpreters", "sending", "downloads", "starting"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and its numbers. `ratio` is a speed-up over the reference (for sending: time / memcpy time).

    `subject` is the workload, the payload or the server; None for what a topic has not.
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


def of_run(run: Run) -> tuple[Finding, ...]:
    """Return the findings of one run, most important first; fewer when suites were left out."""
    return tuple(finding for seek in _SEEKERS if (finding := seek(run)))


def on_threads(run: Run) -> Finding | None:
    """Return what threads did for CPU work: the one finding that tells Pythons apart."""
    return _on_cpu_work(run, "threads", lambda kind: kind == "thread")


def lead_run(runs: Iterable[Run]) -> Run:
    """Return the run to speak of first: the last that was recorded; raises ValueError for no runs."""
    return max(runs, key=lambda run: run.recorded.timestamp() if run.recorded else -math.inf)


def usable_cores(run: Run) -> int | None:
    """Return how many cores the run could use; None when the file does not tell."""
    return run.environment.host.usable_cores if run.environment else None


def _on_cpu_work(run: Run, topic: Topic, wanted: Callable[[str], bool]) -> Finding | None:
    paired = [item for item in _beside_serial(run, "gil") if item.text("workload")]
    found = [item for item in paired if (item.integer("workers") or 0) > 1 and wanted(item.text("kind") or "")]
    if not found:
        return None
    workload = _SEED if any(item.text("workload") == _SEED for item in found) else found[0].text("workload")
    cores = usable_cores(run) or 0
    # As many workers as cores, or the nearest to that: fewer leave cores idle, more tell of queueing.
    chosen = min(
        (item for item in found if item.text("workload") == workload),
        key=lambda item: abs(math.log2((item.integer("workers") or 1) / max(cores, 2))),
    )
    return _compared(run, topic, chosen, chosen.text("workload"))


def _beside_serial(run: Run, suite: str) -> list[Benchmark]:
    return [item for item in run.suite(suite) if item.reference and item.reference.name == metrics.SERIAL]


def _compared(run: Run, topic: Topic, item: Benchmark, subject: str | None) -> Finding | None:
    ratio = metrics.speed_up(item)
    if isinstance(ratio, Missing):
        return None
    workers = item.integer("workers") or 1
    return Finding(topic, run, item, item.text("kind") or "", workers, subject, ratio=ratio)


def _on_processes(run: Run) -> Finding | None:
    kind = _process_kind(run, run.suite("gil"))
    return _on_cpu_work(run, "processes", lambda name: name == kind) if kind else None


def _on_interpreters(run: Run) -> Finding | None:
    return _on_cpu_work(run, "interpreters", lambda kind: kind == "interpreter")


def _on_sending(run: Run) -> Finding | None:
    trips = [
        item
        for item in run.suite("serialization")
        if item.text("measurement") == metrics.ROUND_TRIP and (item.integer("size_bytes") or 0) > 0
    ]
    kind = _process_kind(run, trips)
    trips = [item for item in trips if item.text("kind") == kind]
    plain = [item for item in trips if item.text("payload") == "bytes"] or trips
    if kind is None or not plain:
        return None
    item = min(plain, key=lambda item: abs(math.log((item.integer("size_bytes") or 1) / MEBIBYTE_BYTES)))
    time, ratio = metrics.time(item), metrics.memcpy_ratio(item)
    if isinstance(time, Missing):
        return None
    return Finding(
        topic="sending",
        run=run,
        benchmark=item,
        kind=kind,
        workers=item.integer("workers") or 1,
        subject=item.text("payload"),
        size_bytes=item.integer("size_bytes"),
        ratio=None if isinstance(ratio, Missing) else ratio,
        time=time,
    )


def _on_downloads(run: Run) -> Finding | None:
    paired = _beside_serial(run, "download")
    pools = [item for item in paired if item.text("kind") == "thread" and (item.integer("workers") or 0) > 1]
    if not pools:
        return None
    item = max(pools, key=lambda item: (_SERVERS.get(item.text("server"), 0), item.integer("workers") or 0))
    return _compared(run, "downloads", item, item.text("server"))


def _on_starting(run: Run) -> Finding | None:
    kind = _process_kind(run, run.suite("startup"))
    starts = [item for item in run.suite("startup") if item.text("kind") == kind]
    if kind is None or not starts:
        return None
    item = max(starts, key=lambda item: item.integer("workers") or 0)
    time = metrics.time(item)
    if isinstance(time, Missing):
        return None
    return Finding("starting", run, item, kind, item.integer("workers") or 1, time=time)


def _process_kind(run: Run, items: Iterable[Benchmark]) -> str | None:
    """Return the kind of the platform's default start method if it was measured, else any kind of process."""
    kinds = [kind for item in items if (kind := item.text("kind")) and kind.startswith("process")]
    default = f"process-{run.environment.python.default_start_method}" if run.environment else None
    return default if default in kinds else next(iter(kinds), None)


_SEEKERS: tuple[Callable[[Run], Finding | None], ...] = (
    on_threads,
    _on_processes,
    _on_interpreters,
    _on_sending,
    _on_downloads,
    _on_starting,
)
