"""What does starting cost? A pool from nothing to the first results of all its workers, by executor kind (cold).

Each round makes a new pool and shuts it down again; the shutdown is not timed.
"""

from concurrent.futures import Executor

import pytest

from bench.grids import worker_counts
from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS, make
from flagkit.payloads import echo


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each kind, with one worker, and with as many as there are usable cores."""
    quick = metafunc.config.getoption("quick")
    counts = [1] if quick else worker_counts(usable_cpus())
    cases = [(kind, workers) for kind, spec in EXECUTORS.items() if spec.family != "serial" for workers in counts]
    metafunc.parametrize(("kind", "workers"), cases)


@pytest.mark.benchmark(max_time=0.5)
def test_first_results(kind: str, workers: int, measure: Measure) -> None:
    """Make a pool, send each worker a task that does nothing, and wait for the results."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)

    def start() -> tuple[Executor, list[int]]:
        pool = make(kind, workers)
        futures = [pool.submit(echo, number) for number in range(workers)]
        return pool, [future.result() for future in futures]

    def expect(result: tuple[Executor, list[int]]) -> None:
        assert result[1] == list(range(workers))

    def stop(result: tuple[Executor, list[int]]) -> None:
        result[0].shutdown()

    measure(
        start,
        expect=expect,
        teardown=stop,
        parameters={"suite": "startup", "kind": kind, "workers": workers, "temperature": "cold"},
    )
