"""The few things worth knowing of a run, as data; `wording` says them.

What is picked is fixed beforehand (the seed's workload where it was measured, as many workers as cores, processes by
forkserver, a mebibyte of bytes, the most workers for downloads), never the most striking of the results: the largest of
many noisy ratios is an overstatement.
"""

import math
from collections.abc import Callable, Iterable

from bench.instrument.records import Run
from bench.report.findings import cpu, sending, waiting
from bench.report.findings.cpu import on_threads
from bench.report.findings.finding import STANDING_PROCESS, Finding, Topic, usable_cores
from bench.report.findings.sending import TASK_S
from bench.report.findings.waiting import plain_starts

__all__ = [
    "FOREMOST",
    "STANDING_PROCESS",
    "TASK_S",
    "Finding",
    "Topic",
    "lead_run",
    "of_run",
    "on_threads",
    "plain_starts",
    "usable_cores",
]


FOREMOST = 4
"""As many open the page and are said on the terminal; the page has the others."""


def of_run(run: Run) -> tuple[Finding, ...]:
    """Return the findings of one run, most important first; fewer when suites were left out."""
    return tuple(finding for seek in _SEEKERS if (finding := seek(run)))


def lead_run(runs: Iterable[Run]) -> Run:
    """Return the run to speak of first: the last that was recorded; raises ValueError for no runs."""
    return max(runs, key=lambda run: run.recorded.timestamp() if run.recorded else -math.inf)


_SEEKERS: tuple[Callable[[Run], Finding | None], ...] = (
    cpu.on_threads,
    cpu.on_processes,
    cpu.on_interpreters,
    sending.on_short_tasks,
    sending.on_sending,
    sending.on_payload,
    sending.on_transport,
    sending.on_steps,
    waiting.on_hogs,
    waiting.on_downloads,
    waiting.on_client_limit,
    waiting.on_starting,
    waiting.on_imports,
    cpu.on_releasing,
    cpu.on_shared_object,
    sending.on_sharing,
)
