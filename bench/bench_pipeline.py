"""Where does the time go? The ten steps of a task through a pool, by payload size, first task and later ones.

A wrapper around function, argument and result reads the clock as they are pickled, sent, unpickled and run (see
`flagkit.executors.traced`). For each task the steps and the residual add up to its time from end to end, in
extra_info: `breakdown` has a row a task. The reference is the same task without the wrapper: the ratio is what the
wrapper costs.

  test_later_task  bytes to a warm worker and back, taken apart
  test_first_task  the first task of a new pool, taken apart
  test_cost        a task of about a millisecond, where what the wrapper costs is to be small: the reference is faster
                   by that, 1.02x at most
"""

from collections.abc import Iterable

import pytest

from bench.grids import distinct_kinds, pool_kinds, process_kind
from bench.instrument.breakdown import RESIDUAL, Breakdown
from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.executors import EXECUTORS, TracedExecutor, make, trace, warm
from flagkit.executors.steps import Step, Task
from flagkit.payloads import PAYLOADS, echo
from flagkit.work import WORKLOADS, ladder_name

SIZES_BYTES = (64, 64 << 10, 1 << 20, 64 << 20)
SUITE = "pipeline"
TASK_S = 1e-3
NANOSECOND_S = 1e-9
INSTRUMENT = "instrument"
NAMES = (*(step.value for step in Step), INSTRUMENT, RESIDUAL)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each kind and size: all sizes through processes, one through what else differs once warm."""
    config, process = metafunc.config, process_kind()
    if metafunc.function is test_first_task:
        kinds = choose(config, quick=[process], default=[process], thorough=pool_kinds(config))
        metafunc.parametrize("kind", kinds)
        return
    if metafunc.function is test_cost:
        kinds = choose(config, quick=[process], default=[*distinct_kinds(config), "serial"], thorough=list(EXECUTORS))
        metafunc.parametrize("kind", kinds)
        return
    default = [(size, process) for size in SIZES_BYTES[:3]]
    default += [(SIZES_BYTES[2], kind) for kind in distinct_kinds(config) if kind not in {process, "thread"}]
    every = [(size, kind) for kind in pool_kinds(config) for size in SIZES_BYTES]
    metafunc.parametrize(("size_bytes", "kind"), choose(config, quick=default[2:3], default=default, thorough=every))


def steps(tasks: Iterable[Task]) -> Breakdown:
    """Return the seconds of each step, of loading the tracing itself, and of the residual, a row a task."""
    rows_ns = ([*task.steps().values(), task.instrument_ns, task.residual_ns] for task in tasks)
    return Breakdown.of(NAMES, ([taken * NANOSECOND_S for taken in row] for row in rows_ns))


@pytest.mark.benchmark(max_time=0.4)
def test_later_task(size_bytes: int, kind: str, measure: Measure) -> None:
    """Send bytes to a warm worker and take them back, traced, against the same untraced."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    spec = PAYLOADS["bytes"]
    value = spec.build(size_bytes)
    with make(kind, 1) as pool:
        traced = trace(pool)
        warm(traced, 1, echo, value)
        measure(
            lambda: traced.submit(echo, value).result(),
            expect=lambda result: result == value,
            reference=lambda: pool.submit(echo, value).result(),
            reference_name="untraced",
            breakdown=lambda: steps(traced.tasks),
            parameters=parameters(kind, size_bytes) | {"measurement": "later task", "temperature": "warm"},
        )


@pytest.mark.benchmark(max_time=0.5, min_rounds=6)
def test_first_task(kind: str, measure: Measure) -> None:
    """Give a new pool its first task, which brings the start of the worker and the import of its module."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    size_bytes = SIZES_BYTES[0]
    value = PAYLOADS["bytes"].build(size_bytes)
    tasks: list[Task] = []

    def run() -> tuple[TracedExecutor, object]:
        traced = trace(make(kind, 1))
        return traced, traced.submit(echo, value).result()

    def stop(result: tuple[TracedExecutor, object]) -> None:
        tasks.extend(result[0].tasks)
        result[0].shutdown()

    measure(
        run,
        expect=lambda result: result[1] == value,
        teardown=stop,
        breakdown=lambda: steps(tasks),
        parameters=parameters(kind, size_bytes) | {"measurement": "first task", "temperature": "cold"},
    )


@pytest.mark.benchmark(max_time=0.5)
def test_cost(kind: str, measure: Measure) -> None:
    """Give a warm worker a task of about a millisecond, traced, against the same untraced."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    work = WORKLOADS[ladder_name(TASK_S)]
    item = work.items[0]
    with make(kind, 1) as pool:
        traced = trace(pool)
        warm(traced, 1, work.function, item)
        measure(
            lambda: traced.submit(work.function, item).result(),
            expect=lambda result: result == work.function(item),
            reference=lambda: pool.submit(work.function, item).result(),
            reference_name="untraced",
            parameters={
                "suite": SUITE,
                "measurement": "cost of tracing",
                "workload": work.name,
                "kind": kind,
                "workers": 1,
                "temperature": "warm",
            },
        )


def parameters(kind: str, size_bytes: int) -> dict[str, str | int]:
    """Return the parameters that both share."""
    return {"suite": SUITE, "payload": "bytes", "size_bytes": size_bytes, "kind": kind, "workers": 1}
