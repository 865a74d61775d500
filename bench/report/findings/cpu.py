"""Findings on CPU work: threads, processes and interpreters against serial, and threads against each other."""

import math
from collections.abc import Callable

from bench.instrument import metrics
from bench.instrument.records import Benchmark, Run
from bench.report.findings.finding import Finding, Topic, paired, process_kind, usable_cores

_SEED = "gcd-seed"
_RELEASING = "sha256"
_OBJECT = "dict"


def on_threads(run: Run) -> Finding | None:
    """Return what threads did for CPU work: the one finding that tells Pythons apart."""
    return _on_cpu_work(run, "threads", lambda kind: kind == "thread")


def on_processes(run: Run) -> Finding | None:
    """Return what processes did for CPU work: the seed's where it was measured, or a short one."""
    kind = process_kind(run, run.suite("gil"))
    return _on_cpu_work(run, "processes", lambda name: name == kind) if kind else None


def on_interpreters(run: Run) -> Finding | None:
    """Return what interpreters did for CPU work, likewise."""
    return _on_cpu_work(run, "interpreters", lambda kind: kind == "interpreter")


def on_releasing(run: Run) -> Finding | None:
    """Return how threads got on with C that releases the GIL, each with the same work, against one alone."""
    found = [item for item in run.suite("gil") if item.text("workload") == _RELEASING and _workers(item) > 1]
    together = [item for item in found if item.text("scaling") == "worker"]
    item = min(together, key=_workers, default=None)
    return paired("releases", run, item, _RELEASING, metrics.ONE_THREAD)


def on_shared_object(run: Run) -> Finding | None:
    """Return what it costs threads to meet at one dict, against a dict each."""
    met = [item for item in run.suite("gil") if item.text("contended") == _OBJECT]
    return paired("shared object", run, min(met, key=_workers, default=None), _OBJECT)


def beside_serial(run: Run, suite: str) -> list[Benchmark]:
    """Return the benchmarks of a suite that took turns with serial work."""
    return [item for item in run.suite(suite) if item.reference and item.reference.name == metrics.SERIAL]


def _on_cpu_work(run: Run, topic: Topic, wanted: Callable[[str], bool]) -> Finding | None:
    items = [item for item in beside_serial(run, "gil") if item.text("workload")]
    found = [item for item in items if _workers(item) > 1 and wanted(item.text("kind") or "")]
    if not found:
        return None
    workload = _SEED if any(item.text("workload") == _SEED for item in found) else found[0].text("workload")
    cores = usable_cores(run) or 0
    # As many workers as cores, or the nearest to that: fewer leave cores idle, more tell of queueing.
    chosen = min(
        (item for item in found if item.text("workload") == workload),
        key=lambda item: abs(math.log2(max(_workers(item), 1) / max(cores, 2))),
    )
    return paired(topic, run, chosen, workload, metrics.SERIAL)


def _workers(item: Benchmark) -> int:
    return item.integer("workers") or 0
