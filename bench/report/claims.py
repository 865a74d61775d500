"""The words for what findings claim and mean beside speed-ups of work: lengths, sizes, shares, hogs and starts."""

from collections.abc import Callable
from typing import TypeAlias

from bench.instrument import units
from bench.instrument.metrics import Missing
from bench.instrument.statistics import Estimate
from bench.report.findings import TASK_S, Finding, Topic

Write: TypeAlias = Callable[[float], str]
Put: TypeAlias = Callable[[Estimate, Write], str]
"""How to put an estimate into a sentence: with its interval or without."""

_NEAR_A_CORE = 0.9
_NOT_DECIDED = "not decided by this run"
_PLURALS = {"thread": "threads", "process": "processes", "interpreter": "interpreters"}
_SINGULARS = {"thread": "thread", "process": "process", "interpreter": "interpreter"}


def workers(kind: str, count: int) -> str:
    """Name workers: 2 threads, 1 interpreter, 2 processes (process-fork), 4 workers (loky)."""
    family = kind.partition("-")[0]
    noun = (_SINGULARS if count == 1 else _PLURALS).get(family, "worker" if count == 1 else "workers")
    return f"{count:,} {noun}" if kind in {"thread", "interpreter"} else f"{count:,} {noun} ({kind})"


def percent(share: float) -> str:
    """Write a share: 93%."""
    return f"{share:.0%}"


def before_interval(ratio: str, words: str) -> str:
    """Put words between a figure and its interval: 1.86x faster than serial [1.80x faster, 1.90x faster]."""
    figure, bracket, rest = ratio.partition(" [")
    return f"{figure} {words}{bracket}{rest}"


def _short_tasks(finding: Finding, put: Put) -> str:
    who = workers(finding.kind, finding.workers)
    if isinstance(finding.figure, Estimate):
        return f"a task shorter than {put(finding.figure, units.seconds)} gains nothing from {who}"
    return f"how short a task may be for {who}: {_reason(finding)}"


def _payload(finding: Finding, put: Put) -> str:
    who, task = workers(finding.kind, finding.workers), units.seconds(TASK_S)
    if isinstance(finding.figure, Estimate):
        return (
            f"above {put(finding.figure, units.size)} of {finding.subject}, a task of {task} gains nothing from {who}"
        )
    return f"how much a task of {task} may send to {who}: {_reason(finding)}"


def _transport(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    what = f"{units.size(finding.size_bytes or 0)} of {finding.subject} go through {finding.kind} and back"
    return f"{what} {before_interval(ratio, f'than through {_reference(finding)}')}"


def _steps(finding: Finding, put: Put) -> str:
    what = f"{units.size(finding.size_bytes or 0)} of {finding.subject} through {finding.kind} and back"
    if isinstance(finding.figure, Estimate):
        return f"of the time of {what}, {put(finding.figure, percent)} is pickling and transfer"
    return f"which part of {what} is pickling and transfer: {_reason(finding)}"


def _hogs(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    interval_s = finding.benchmark.parameters.get("switch_interval_s")
    at = f" (switch interval {units.seconds(interval_s)})" if isinstance(interval_s, float) else ""
    time = f" in {put(finding.time, units.seconds)}" if finding.time else ""
    return f"beside a thread that computes, another answers{time}{at}, {before_interval(ratio, 'than without')}"


def _client_limit(finding: Finding, put: Put) -> str:
    flags = finding.benchmark.integer("flags") or 0
    rate = put(finding.time.map(lambda time_s: flags / time_s), units.number) if finding.time and flags else ""
    used = put(finding.figure, units.number) if isinstance(finding.figure, Estimate) else "an unknown part"
    who = workers(finding.kind, finding.workers)
    return f"{who} downloaded {rate} flags a second ({finding.subject}), and used {used} of a core for it"


def _starting(finding: Finding, put: Put) -> str:
    what = f"starting {workers(finding.kind, finding.workers)} and waiting for the first result of each"
    return f"{what} takes {put(finding.time, units.seconds)}" if finding.time else what


def _imports(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    who = f"a worker ({finding.kind}) that imports {finding.subject}"
    return f"{who} starts {before_interval(ratio, 'than one that does not')}"


def _releases(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    what = f"{finding.workers:,} threads that do {finding.subject} at once end"
    return f"{what} {before_interval(ratio, 'than one that does its part alone')}"


def _shared_object(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    what = f"{finding.workers:,} threads at one {finding.subject} are"
    return f"{what} {before_interval(ratio, f'than with a {finding.subject} each')}"


def _sharing(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    size = units.size(finding.size_bytes or 0)
    what = f"a message of {size} goes through a {finding.subject} between processes and back"
    return f"{what} {before_interval(ratio, 'than between threads')}"


def _mean_figure(finding: Finding) -> str | None:
    """Say so where a figure has no interval, so that it is one value and no decision."""
    if isinstance(finding.figure, Estimate) and finding.figure.interval is None:
        return f"{_NOT_DECIDED}, its interval reaches beyond what was measured"
    return None


def _mean_limit(finding: Finding) -> str | None:
    used = finding.figure
    if not isinstance(used, Estimate) or used.interval is None:
        return _NOT_DECIDED
    if used.interval.high < _NEAR_A_CORE:
        return "the client itself is not the limit yet"
    if used.interval.low < _NEAR_A_CORE:
        return f"{_NOT_DECIDED} whether the client itself is the limit"
    return "its own GIL is the limit" if finding.gil else "more than a GIL would allow is possible"


def _reason(finding: Finding) -> str:
    return finding.figure.reason if isinstance(finding.figure, Missing) else _NOT_DECIDED


def _reference(finding: Finding) -> str:
    return finding.benchmark.reference.name if finding.benchmark.reference else "its reference"


CLAIMS: dict[Topic, Callable[[Finding, Put], str]] = {
    "short tasks": _short_tasks,
    "payload": _payload,
    "transport": _transport,
    "steps": _steps,
    "hogs": _hogs,
    "client limit": _client_limit,
    "starting": _starting,
    "imports": _imports,
    "releases": _releases,
    "shared object": _shared_object,
    "sharing": _sharing,
}
FIGURE_MEANINGS: dict[Topic, Callable[[Finding], str | None]] = {
    "short tasks": _mean_figure,
    "payload": _mean_figure,
    "steps": _mean_figure,
    "client limit": _mean_limit,
}
