"""What runs of several Pythons say of threads: contention by workload, and the free-threading tax if there is one."""

from collections.abc import Sequence

from bench.instrument import metrics
from bench.instrument.metrics import Derived, Missing
from bench.instrument.records import Run
from bench.instrument.statistics import Estimate

TOGETHER = ("gcd-short", "json", "sha256")
"""Pure Python, C that holds the GIL, and C that releases it: each thread does the same work."""
TAXED = ("gcd-seed", "gcd-short", "json", "re", "sha256", "zlib", "skewed", "triad")
"""Of these the tax is the geometric mean, as far as they were run serially."""


def contention(run: Run, workload: str) -> Derived:
    """Return the contention of threads released together on a workload, with a core a thread."""
    cores = run.environment.host.granted_cores if run.environment else None
    together = [
        item for item in run.suite("gil") if item.text("scaling") == "worker" and item.text("workload") == workload
    ]
    figures = [metrics.gil_contention(item, cores) for item in together]
    known = [figure for figure in figures if not isinstance(figure, Missing)]
    return next(iter(known or figures), Missing(f"threads did not run {workload} together"))


def tax(run: Run, runs: Sequence[Run]) -> Derived:
    """Return the geometric mean of the tax of a free-threaded run over the run of its GIL build among `runs`."""
    if run.environment is None or not run.environment.python.gil_disabled_build:
        return Missing("the tax is that of a free-threaded build over one with a GIL")
    version = run.environment.python.version
    for other in runs:
        python = other.environment.python if other.environment else None
        if python and python.version == version and not python.gil_disabled_build:
            ratios = [metrics.free_threading_tax(other, run, workload) for workload in TAXED]
            mean = metrics.geometric_mean(ratios)
            # where all are missing for one reason, that is the reason
            first = ratios[0]
            return first if isinstance(mean, Missing) and isinstance(first, Missing) else mean
    return Missing(f"no run of {version} with a GIL is beside it")


def within(run: Run, width: float) -> tuple[int, int]:
    """Return how many benchmarks have a median with a 95% interval of so small a part of it; and how many there are."""
    widths = [
        (found.interval.high - found.interval.low) / found.value
        for item in run.benchmarks
        if isinstance(found := metrics.time(item), Estimate) and found.interval is not None
    ]
    return sum(found <= width for found in widths), len(run.benchmarks)
