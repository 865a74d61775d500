"""What does the instrument itself cost? The harness measuring nothing, so that every figure can be held against it.

The floor of a time is what an empty function takes, in its loop of calls; the floor of a ratio is how far from 1 the
instrument finds a function against itself, in turn as ever. No figure below the one, and no difference smaller than
the other, is of what is measured.
"""

import time

import pytest

from bench.instrument.measure import Measure
from flagkit.crew import Crew
from flagkit.work import WORKLOADS


def nothing() -> None:
    """Do nothing."""


@pytest.mark.benchmark(max_time=0.1)
def test_empty_function(measure: Measure) -> None:
    """Call a function that does nothing, against another that does so."""
    measure(
        nothing,
        expect=lambda result: result is None,
        reference=lambda: None,
        reference_name="another empty function",
        parameters={"suite": "floor", "floor": "call"},
    )


@pytest.mark.benchmark(max_time=0.1)
def test_clock(measure: Measure) -> None:
    """Read the clock that times the rounds."""
    measure(
        time.perf_counter,
        expect=lambda result: result <= time.perf_counter(),
        parameters={"suite": "floor", "floor": "clock"},
    )


@pytest.mark.benchmark(max_time=0.4)
@pytest.mark.parametrize("workload", ["loop-1ms", "json"])
def test_work_against_itself(workload: str, measure: Measure) -> None:
    """Do some work against the very same work: the ratio is 1, and the interval says how far off a ratio may be."""
    work = WORKLOADS[workload]
    measure(
        work.serial,
        expect=work.check,
        reference=work.serial,
        reference_name="itself",
        parameters={"suite": "floor", "floor": "pair", "workload": workload},
    )


@pytest.mark.benchmark(max_time=0.2)
@pytest.mark.parametrize("threads", [1, 2])
def test_barrier(threads: int, measure: Measure) -> None:
    """Release threads that have nothing to do, and wait for them: what a crew's round costs beside its work."""
    with Crew(threads) as crew:
        measure(
            lambda: crew.run([nothing] * threads),
            expect=lambda results: results == [None] * threads,
            parameters={"suite": "floor", "floor": "barrier", "workers": threads},
        )
