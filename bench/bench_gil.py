"""Do threads help? Each CPU workload on each executor kind, with 1, 2, 4, ... workers up to twice the usable cores.

Pools are ready and every worker has run the workload once before the first round (warm). Beside each round the same
work runs serially, in this process, so the speed-up is a ratio of neighbours in time.
"""

import itertools

import pytest

from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS, make, resolve, warm
from flagkit.work import WORKLOADS, Workload


def worker_counts(most: int) -> list[int]:
    """Return 1, 2, 4, ... up to and including `most`, which is there even when it is no power of two."""
    powers = [1 << n for n in range(most.bit_length()) if 1 << n < most]
    return [*powers, most]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each workload, kind and number of workers.

    The quick study has one worker a core, each kind on the short workload, and the seed's, which takes a third of a
    second a round, on one kind of each family.
    """
    cores = usable_cpus()
    if metafunc.config.getoption("quick"):
        pairs = [("gcd-short", kind) for kind in EXECUTORS]
        pairs += [("gcd-seed", kind) for kind in ("thread", resolve("process").kind, "interpreter")]
        counts = [cores]
    else:
        pairs = list(itertools.product(WORKLOADS, EXECUTORS))
        counts = worker_counts(2 * cores)
    cases = [
        (workload, kind, workers)
        for workload, kind in pairs
        for workers in sorted({min(count, EXECUTORS[kind].max_workers or count) for count in counts})
    ]
    metafunc.parametrize(("workload", "kind", "workers"), cases)


@pytest.mark.benchmark(max_time=0.3)
def test_gil(workload: str, kind: str, workers: int, measure: Measure) -> None:
    """Map a workload over its items, every worker warm, against a plain loop over the same items."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    work: Workload = WORKLOADS[workload]
    with make(kind, workers) as pool:
        warm(pool, workers, work.function, work.items[0])
        measure(
            lambda: list(pool.map(work.function, work.items)),
            expect=work.check,
            reference=None if kind == "serial" else work.serial,
            reference_name="serial",
            parameters={
                "suite": "gil",
                "workload": workload,
                "kind": kind,
                "workers": workers,
                "tasks": len(work.items),
                "temperature": "warm",
            },
        )
