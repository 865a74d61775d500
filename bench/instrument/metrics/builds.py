"""Two builds of one Python: what the free-threaded one costs a single thread."""

from collections.abc import Sequence

from bench.instrument import statistics
from bench.instrument.metrics.base import SERIAL, Derived, Missing
from bench.instrument.records import Benchmark, Python, Run
from bench.instrument.statistics import Estimate

_SAME_FLAGS = ("compiler", "opt", "pgo", "lto", "debug", "jit")
_FEWEST = 3


def free_threading_tax(gil: Run, free: Run, workload: str) -> Derived:
    """Return single-thread time on the free-threaded build / on the GIL build of the same version and flags.

    The single-thread time is that of the serial work beside the pools of bench_gil: in this process, one thread. The
    runs were made one after the other, so that what the machine did meanwhile is in the ratio; the interval knows only
    the rounds. Lockstep measures the builds in turn.
    """
    if reason := _no_tax(gil, free):
        return Missing(reason)
    times = [_serial(run, workload) for run in (free, gil)]
    for found in times:
        if isinstance(found, Missing):
            return found
    one, other = (found for found in times if isinstance(found, Estimate))
    return statistics.ratio(one, other)


def geometric_mean(ratios: Sequence[Derived]) -> Derived:
    """Return the geometric mean of ratios with the t interval of their logarithms; those that are missing are out."""
    values = [ratio.value for ratio in ratios if isinstance(ratio, Estimate)]
    if len(values) < _FEWEST:
        return Missing(f"a mean of fewer than {_FEWEST} ratios says nothing")
    return statistics.geometric_mean(values)


def _no_tax(gil: Run, free: Run) -> str | None:
    if gil.environment is None or free.environment is None:
        return "a file does not tell how its Python was built"
    one, other = gil.environment.python, free.environment.python
    if one.gil_disabled_build or not other.gil_disabled_build:
        return "the tax is that of a free-threaded build over one with a GIL"
    if free.environment.gil_enabled.at_end:
        return "the free-threaded build ran with its GIL switched on"
    if gil.environment.host.cpu_model != free.environment.host.cpu_model:
        return "they ran on different processors"
    return _unlike(one, other)


def _unlike(one: Python, other: Python) -> str | None:
    if one.version != other.version:
        return f"{one.version} and {other.version} are not the same version"
    if differing := [name for name in _SAME_FLAGS if _flag(one, name) != _flag(other, name)]:
        return f"the builds differ in {differing[0]}"
    return None


def _flag(python: Python, name: str) -> object:
    """Return a flag of a build; a JIT that is there but off is none."""
    return python.jit == "on" if name == "jit" else getattr(python, name)


def _serial(run: Run, workload: str) -> Derived:
    beside = [item for item in run.suite("gil") if item.text("workload") == workload and _is_beside_serial(item)]
    if not beside:
        return Missing(f"{run.label} did not run {workload} serially")
    rounds_s = [round_s for item in beside for round_s in (item.reference.rounds_s if item.reference else ())]
    visits = [rounds for item in beside for rounds in item.visits or (item.rounds,)]
    return statistics.median(rounds_s, visits, beside[0].spreads.times)


def _is_beside_serial(item: Benchmark) -> bool:
    return item.reference is not None and item.reference.name == SERIAL
