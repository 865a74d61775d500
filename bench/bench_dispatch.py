"""How short may a task be? What handing out a task costs, and from which length on a pool is worth it.

  test_round_trip   one task that does nothing, sent and awaited, against the same through a thread pool
  test_throughput   many of them mapped, by kind, workers and chunk size, against a thread pool of as many
  test_task_length  the same work cut into tasks of 10 us, 100 us, ..., against a plain loop (serial)

From the last follow the length at which a pool reaches half of what its workers could do, METG(50%), and the length at
which it matches serial. Source: Slaughter et al., Task Bench (SC20), for the minimum effective task granularity.
"""

import pytest

from bench.grids import distinct_kinds, pool_kinds, process_kind, worker_counts
from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS, make, warm
from flagkit.payloads import echo
from flagkit.work import LADDER_S, WORKLOADS, ladder_name

TASKS = 256
CHUNKS = (1, 8, 64)
LENGTHS_S = LADDER_S[1:5]
SUITE = "dispatch"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make the cases: kinds that differ once warm, all of them for the single task; in full every combination."""
    cores, config = usable_cpus(), metafunc.config
    all_counts = worker_counts(2 * cores)
    if metafunc.function is test_round_trip:
        metafunc.parametrize("kind", pool_kinds(config))
    elif metafunc.function is test_throughput:
        every = [(kind, workers, chunk) for kind in pool_kinds(config) for workers in all_counts for chunk in CHUNKS]
        some = [(kind, cores, chunk) for kind in distinct_kinds(config) for chunk in (CHUNKS[0], CHUNKS[-1])]
        chosen = choose(config, quick=[(process_kind(), cores, 1)], default=some, thorough=every)
        metafunc.parametrize(("kind", "workers", "chunk"), chosen)
    elif metafunc.function is test_task_length:
        lengths_s = choose(config, quick=LENGTHS_S[1:3], default=LENGTHS_S, thorough=LADDER_S)
        kinds = choose(config, quick=[process_kind()], default=distinct_kinds(config), thorough=pool_kinds(config))
        metafunc.parametrize(("kind", "task_s"), [(kind, task_s) for kind in kinds for task_s in lengths_s])


@pytest.mark.benchmark(max_time=0.3)
def test_round_trip(kind: str, measure: Measure) -> None:
    """Submit a task that does nothing and wait for its result, one worker, against a pool of one thread."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    with make(kind, 1) as pool, make("thread", 1) as threads:
        warm(pool, 1, echo, None)
        warm(threads, 1, echo, None)
        measure(
            lambda: pool.submit(echo, None).result(),
            expect=lambda result: result is None,
            reference=lambda: threads.submit(echo, None).result(),
            reference_name="thread",
            parameters={"suite": SUITE, "measurement": "no-op", "kind": kind, "workers": 1, "temperature": "warm"},
        )


@pytest.mark.benchmark(max_time=0.4)
def test_throughput(kind: str, workers: int, chunk: int, measure: Measure) -> None:
    """Map tasks that do nothing, in chunks, against a thread pool of as many workers, which knows no chunks."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    numbers = range(TASKS)
    with make(kind, workers) as pool, make("thread", workers) as threads:
        warm(pool, workers, echo, 0)
        warm(threads, workers, echo, 0)
        measure(
            lambda: list(pool.map(echo, numbers, chunksize=chunk)),
            expect=lambda results: results == list(numbers),
            reference=lambda: list(threads.map(echo, numbers)),
            reference_name="thread",
            parameters={
                "suite": SUITE,
                "measurement": "throughput",
                "kind": kind,
                "workers": workers,
                "chunk": chunk,
                "tasks": TASKS,
                "temperature": "warm",
            },
        )


@pytest.mark.benchmark(max_time=0.5)
def test_task_length(kind: str, task_s: float, measure: Measure) -> None:
    """Map loops of about one length over a worker a core, one task at a time, against a plain loop over them."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    work, workers = WORKLOADS[ladder_name(task_s)], usable_cpus()
    with make(kind, workers) as pool:
        warm(pool, workers, work.function, work.items[0])
        measure(
            lambda: list(pool.map(work.function, work.items, chunksize=1)),
            expect=work.check,
            reference=work.serial,
            reference_name="serial",
            parameters={
                "suite": SUITE,
                "measurement": "task length",
                "workload": work.name,
                "kind": kind,
                "workers": workers,
                "tasks": len(work.items),
                "chunk": 1,
                "temperature": "warm",
            },
        )
