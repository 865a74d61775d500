"""What does starting cost? A pool from nothing to the first results of all its workers, by executor kind (cold).

  test_first_results  workers that have nothing to import; with it the peak memory of such a pool, which is measured
                      apart, in a process of its own (of one kind alone in the quick study)
  test_heavy_import   workers that import numpy first, against the same pool without; and a forkserver that has
                      imported it beforehand (preload)

Each round makes a new pool. Its shutdown is timed where the pool is compared with another, which is shut down as well,
and not timed where it is measured by itself.
"""

import functools
import importlib
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from multiprocessing import forkserver, get_context

import pytest

from bench.grids import pool_kinds, process_kind, worker_counts
from bench.instrument import memory
from bench.instrument.extent import Extent, choose, extent
from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS, make
from flagkit.payloads import echo

HEAVY = "numpy"
PRELOADED = "process-forkserver with preload"
POOL = """
import sys
import time
from flagkit.executors import make, warm
with make(sys.argv[1], int(sys.argv[2])) as pool:
    warm(pool, int(sys.argv[2]))
    time.sleep(0.05)
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each kind with a worker a core; in full, with other numbers as well."""
    config, cores = metafunc.config, usable_cpus()
    if metafunc.function is test_first_results:
        counts = choose(config, quick=[1], default=[cores], thorough=worker_counts(cores))
        metafunc.parametrize(
            ("kind", "workers"), [(kind, workers) for kind in pool_kinds(config) for workers in counts]
        )
    elif metafunc.function is test_heavy_import:
        kinds = ["process-fork", "process-forkserver", "process-spawn", PRELOADED]
        metafunc.parametrize("kind", choose(config, quick=kinds[-1:], default=kinds[1::2], thorough=kinds))


@pytest.mark.pythons
@pytest.mark.benchmark(max_time=0.5, min_rounds=6)
def test_first_results(kind: str, workers: int, measure: Measure, pytestconfig: pytest.Config) -> None:
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
        parameters={
            "suite": "startup",
            "kind": kind,
            "workers": workers,
            "temperature": "cold",
            **(footprint(kind, workers) if extent(pytestconfig) is not Extent.QUICK or kind == process_kind() else {}),
        },
    )


@pytest.mark.benchmark(max_time=0.4, min_rounds=6)
def test_heavy_import(kind: str, measure: Measure) -> None:
    """Start a worker that imports numpy, use it and shut down, against one that imports nothing.

    This process has imported numpy itself, so a forked worker finds it there.
    """
    made = "process-forkserver" if kind == PRELOADED else kind
    if reason := EXECUTORS[made].unavailable():
        pytest.skip(reason)
    importlib.import_module(HEAVY)
    with preloaded([HEAVY] if kind == PRELOADED else []):
        measure(
            lambda: use_once(made, 1, HEAVY),
            expect=lambda results: results == [0],
            reference=lambda: use_once(made, 1),
            reference_name="no import",
            parameters={
                "suite": "startup",
                "measurement": "import",
                "kind": made,
                "workers": 1,
                "imports": HEAVY,
                "preload": kind == PRELOADED,
                "temperature": "cold",
            },
        )


def use_once(kind: str, workers: int, module: str | None = None) -> list[int]:
    """Make a pool whose workers import a module first, send each a task, and shut it down."""
    options = {} if module is None else {"initializer": importlib.import_module, "initargs": (module,)}
    with make(kind, workers, **options) as pool:
        return [future.result() for future in [pool.submit(echo, number) for number in range(workers)]]


@contextmanager
def preloaded(modules: list[str]) -> Iterator[None]:
    """Have a new forkserver that has imported these modules, and again one that has not afterwards."""
    if sys.platform == "win32":  # which has none
        yield
        return
    try:
        _restart_forkserver(modules)
        yield
    finally:
        _restart_forkserver([])


def _restart_forkserver(modules: list[str]) -> None:
    # A module has no effect on a forkserver that runs already, and there is no public way to end one.
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001
    get_context("forkserver").set_forkserver_preload(["__main__", *modules])
    forkserver.ensure_running()


@functools.cache
def footprint(kind: str, workers: int) -> Mapping[str, str | int]:
    """Return the peak memory of a process that makes such a pool and warms it, or the reason why it is not known."""
    if reason := memory.unavailable():
        return {"no_peak_pss": reason}
    found = memory.peak([sys.executable, "-c", POOL, kind, str(workers)])
    return {"peak_pss_bytes": found.pss_bytes, "peak_processes": found.processes}
