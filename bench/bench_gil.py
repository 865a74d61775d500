"""Do threads help? CPU workloads on each executor kind, on threads released together, and on objects that they share.

Three questions, each with its reference in turn beside every round, and a loop alone, for what another Python takes:
  test_gil         fixed work in all, mapped by a warm pool, against the same work in a plain loop (serial)
  test_together    fixed work for each thread, all released at a barrier, against one thread alone
  test_contention  threads that meet at one object, against the same threads with an object each
  test_serial      the work in a plain loop
"""

from functools import partial

import pytest

from bench.grids import distinct_kinds, pool_kinds, process_kind, worker_counts
from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.crew import Crew
from flagkit.executors import EXECUTORS, make, warm
from flagkit.work import CONTENDED, LADDER_S, WORKLOADS, Workload, ladder_name

LADDER = [ladder_name(task_s) for task_s in LADDER_S]
"""Their lengths are the question of bench_dispatch; in full they are measured here too."""
WAITERS = 8
TOGETHER_S = ("gcd-short", "sha256", "zlib", "matmul", "triad", "json", "re")
ALONE_S = (*TOGETHER_S, "skewed")


def pool_cases(config: pytest.Config) -> list[tuple[str, str, int]]:
    """Return (workload, kind, workers) for `test_gil`.

    The quick study has the kinds that differ once they are warm, on the short workload. The study has each kind, and
    adds numbers of workers there, one kind a family, since what is sent here is small; and the other workloads where
    the answer is not known from these: the seed's, what releases or holds the GIL in C, is bound by memory, skewed, or
    waits.
    """
    cores, process = usable_cpus(), process_kind()
    kinds = choose(config, quick=distinct_kinds(config), default=pool_kinds(config), thorough=pool_kinds(config))
    everywhere = [("gcd-short", kind, cores) for kind in kinds]
    families = ("thread", process, "interpreter")
    short = [("gcd-short", kind, workers) for kind in families for workers in worker_counts(2 * cores)]
    seed = [("gcd-seed", kind, cores) for kind in families]
    others = [(workload, kind, cores) for workload in ("sha256", "json", "triad", "skewed") for kind in families]
    waiting = [("io-mix", "thread", WAITERS)]
    everything = [
        (workload, kind, workers)
        for workload in WORKLOADS
        for kind in pool_kinds(config)
        for workers in (*worker_counts(2 * cores), *([WAITERS] if workload == "io-mix" else []))
    ]
    chosen = choose(
        config,
        quick=everywhere,
        default=everywhere + short + seed + others + waiting,
        thorough=everything,
    )
    return list(dict.fromkeys((workload, kind, _accepted(kind, workers)) for workload, kind, workers in chosen))


def _accepted(kind: str, workers: int) -> int:
    return min(workers, EXECUTORS[kind].max_workers or workers)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make the cases of each test; threads beyond the cores, which add queueing, in full only, save on short work."""
    cores = usable_cpus()
    config = metafunc.config
    more = choose(config, quick=[], default=[], thorough=[2 * cores])
    if metafunc.function is test_gil:
        metafunc.parametrize(("workload", "kind", "workers"), pool_cases(config))
    elif metafunc.function is test_serial:
        metafunc.parametrize("workload", choose(config, quick=ALONE_S, default=ALONE_S, thorough=tuple(WORKLOADS)))
    elif metafunc.function is test_together:
        workloads = choose(config, quick=TOGETHER_S[:2], default=TOGETHER_S, thorough=(*TOGETHER_S, *LADDER))
        cases = [(workload, threads) for workload in workloads for threads in sorted({max(2, cores), *more})]
        metafunc.parametrize(("workload", "threads"), cases)
    elif metafunc.function is test_contention:
        cases = [(name, threads) for name in CONTENDED for threads in sorted({max(2, cores), *more})]
        metafunc.parametrize(("contended", "threads"), cases)


@pytest.mark.pythons
@pytest.mark.benchmark(max_time=0.6)
def test_gil(workload: str, kind: str, workers: int, measure: Measure) -> None:
    """Map a workload over its items, every worker warm, against a plain loop over the same items."""
    work: Workload = WORKLOADS[workload]
    spec = EXECUTORS[kind]
    if reason := spec.unavailable() or work.unavailable(spec.family):
        pytest.skip(reason)
    with make(kind, workers) as pool:
        warm(pool, workers, work.function, work.items[0])
        measure(
            lambda: list(pool.map(work.function, work.items)),
            expect=work.check,
            reference=work.serial,
            reference_name="serial",
            parameters={
                "suite": "gil",
                "workload": workload,
                "kind": kind,
                "workers": workers,
                "tasks": len(work.items),
                "scaling": "total",
                "temperature": "warm",
            },
        )


@pytest.mark.pythons
@pytest.mark.benchmark(max_time=0.3)
def test_serial(workload: str, measure: Measure) -> None:
    """Do a workload in a plain loop: what one thread's work takes, for Pythons to be held against each other."""
    work: Workload = WORKLOADS[workload]
    if reason := work.unavailable("serial"):
        pytest.skip(reason)
    work.serial()
    measure(
        work.serial,
        expect=work.check,
        parameters={
            "suite": "gil",
            "workload": workload,
            "kind": "serial",
            "workers": 1,
            "tasks": len(work.items),
            "temperature": "warm",
        },
    )


@pytest.mark.benchmark(max_time=0.6)
def test_together(workload: str, threads: int, measure: Measure) -> None:
    """Let each of several threads do the same work, released at a barrier, against one thread that does it alone."""
    work: Workload = WORKLOADS[workload]
    items = work.items[: max(1, len(work.items) // 2)]  # the rounds grow with the threads
    job = partial(_serially, work, items)

    def expect(results: list[list[object]]) -> None:
        for result in results:
            assert result == [work.oracle(item) for item in items]

    with Crew(threads) as crew, Crew(1) as alone:
        crew.run([job] * threads)
        measure(
            lambda: crew.run([job] * threads),
            expect=expect,
            reference=lambda: alone.run([job]),
            reference_name="one thread",
            parameters={
                "suite": "gil",
                "workload": workload,
                "workers": threads,
                "tasks": threads * len(items),
                "scaling": "worker",
                "temperature": "warm",
            },
        )


def _serially(work: Workload, items: tuple[object, ...]) -> list[object]:
    return [work.function(item) for item in items]


@pytest.mark.benchmark(max_time=0.4)
def test_contention(contended: str, threads: int, measure: Measure) -> None:
    """Let threads meet at one object, against as many threads that do the same with an object each."""
    spec = CONTENDED[contended]
    shared, independent = spec.shared(threads), spec.independent(threads)
    with Crew(threads) as crew:
        crew.run(independent)
        measure(
            lambda: crew.run(shared),
            expect=spec.check,
            reference=lambda: crew.run(independent),
            reference_name="independent objects",
            parameters={
                "suite": "gil",
                "contended": contended,
                "workers": threads,
                "scaling": "worker",
                "temperature": "warm",
            },
        )
