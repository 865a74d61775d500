"""What is derived from a benchmark, checked against cases worked by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import metrics
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Reference, Scalar
from bench.instrument.statistics import Estimate

ROUNDS = 8


def benchmark(taken_s: float, reference: tuple[str, float] | None = None, **parameters: Scalar) -> Benchmark:
    """Make a benchmark whose every round took the same time, as did its reference's."""
    return Benchmark(
        name="test",
        fullname="bench.py::test",
        group=None,
        suite="gil",
        parameters=parameters,
        rounds_s=(taken_s,) * ROUNDS,
        reference=Reference(reference[0], (reference[1],) * ROUNDS) if reference else None,
        rounds=ROUNDS,
        iterations=1,
        min_s=taken_s,
        median_s=taken_s,
        max_s=taken_s,
        mean_s=taken_s,
    )


def value(derived: metrics.Derived) -> float:
    """Return what was derived, which must not be missing."""
    assert isinstance(derived, Estimate), derived
    return derived.value


def reason(derived: metrics.Derived) -> str:
    """Return why nothing was derived."""
    assert isinstance(derived, Missing), derived
    return derived.reason


def test_speed_up() -> None:
    """0.4 s serially and 0.2 s by workers is twice as fast."""
    assert value(metrics.speed_up(benchmark(0.2, ("serial", 0.4)))) == pytest.approx(2)


def test_parallel_efficiency() -> None:
    """Twice as fast with four workers is half of what they could give."""
    assert value(metrics.parallel_efficiency(benchmark(0.2, ("serial", 0.4), workers=4))) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("taken_s", "contention"),
    [(0.2, 0), (0.4, 1), (0.3, 0.5), (0.6, 2), (0.1, -0.5)],
)
def test_gil_contention(taken_s: float, contention: float) -> None:
    """Two threads share 0.4 s of work, T_1 = 0.2: (T_2 - 0.2) / 0.2; a convoy is above 1."""
    shared = benchmark(taken_s, ("serial", 0.4), kind="thread", workers=2, tasks=4)

    assert value(metrics.gil_contention(shared, 2)) == pytest.approx(contention)


@given(
    st.integers(min_value=2, max_value=64),
    st.floats(min_value=1e-6, max_value=1e3),
    st.floats(min_value=1e-6, max_value=1e3),
)
def test_gil_contention_is_its_definition(workers: int, taken_s: float, share_s: float) -> None:
    """For any N, T_N and T_1 the figure is (T_N - T_1) / ((N - 1) * T_1)."""
    shared = benchmark(taken_s, ("serial", workers * share_s), kind="thread", workers=workers, tasks=workers)

    expected = (taken_s - share_s) / ((workers - 1) * share_s)
    assert value(metrics.gil_contention(shared, workers)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("parameters", "cores", "why"),
    [
        ({"kind": "process-fork", "workers": 2, "tasks": 4}, 2, "a figure of threads"),
        ({"kind": "thread", "workers": 1, "tasks": 4}, 2, "none to contend with"),
        ({"kind": "thread", "tasks": 4}, 2, "none to contend with"),
        ({"kind": "thread", "workers": 4, "tasks": 4}, 2, "more threads than usable cores"),
        ({"kind": "thread", "workers": 2, "tasks": 4}, None, "more threads than usable cores"),
        ({"kind": "thread", "workers": 2, "tasks": 3}, 2, "shared evenly among 2"),
        ({"kind": "thread", "workers": 2}, 2, "shared evenly among 2"),
    ],
)
def test_gil_contention_has_a_reason_to_be_missing(parameters: dict[str, Scalar], cores: int | None, why: str) -> None:
    """Where cores, tasks or kind give the figure no meaning, it is a reason and no number."""
    assert why in reason(metrics.gil_contention(benchmark(1, ("serial", 1), **parameters), cores))


@pytest.mark.parametrize(("taken_s", "contention"), [(0.1, 0), (0.2, 1), (0.15, 0.5), (0.3, 2)])
def test_gil_contention_of_the_same_work_each(taken_s: float, contention: float) -> None:
    """Two threads with 0.1 s of work each: 0.1 s in all is free, 0.2 s is one after the other, more is a convoy."""
    together = benchmark(taken_s, (metrics.ONE_THREAD, 0.1), workers=2)

    assert value(metrics.gil_contention(together, 2)) == pytest.approx(contention)


@given(st.integers(2, 64), st.floats(1e-3, 10), st.floats(1e-3, 10))
def test_both_ways_to_contention_agree(workers: int, taken_s: float, alone_s: float) -> None:
    """Work shared out among N threads, or the same share for each from the start: it is the same figure."""
    shared_out = benchmark(taken_s, ("serial", workers * alone_s), kind="thread", workers=workers, tasks=workers)
    each = benchmark(taken_s, (metrics.ONE_THREAD, alone_s), workers=workers)

    assert value(metrics.gil_contention(shared_out, workers)) == pytest.approx(
        value(metrics.gil_contention(each, workers)), rel=1e-6, abs=1e-9
    )


def test_core_use() -> None:
    """A client that computes for 0.09 s of the 0.1 s that its downloads take uses 0.9 of a core."""
    assert value(metrics.core_use(benchmark(0.1, client_cpu_s=0.09))) == pytest.approx(0.9)


@pytest.mark.parametrize(("measurement", "moved"), [("round trip", 2), ("exchange", 2), ("memcpy", 1), ("dumps", 1)])
def test_bandwidth(measurement: str, moved: int) -> None:
    """A round trip moves its payload there and back, and an exchange as much; the others move it once."""
    item = benchmark(0.5, size_bytes=1000, measurement=measurement)

    assert value(metrics.bandwidth(item)) == pytest.approx(moved * 2000)


def test_memcpy_ratio() -> None:
    """A round trip of 14 ms beside a copy of 1 ms costs 14 copies."""
    assert value(metrics.memcpy_ratio(benchmark(0.014, ("memcpy", 0.001)))) == pytest.approx(14)


@pytest.mark.parametrize(("workers", "task_s"), [(2, 0.02), (3, 0.015), (11, 0.011)])
def test_break_even_task(workers: int, task_s: float) -> None:
    """At T = R * N / (N - 1), N tasks take as long serially as N transfers one after the other and one task."""
    trip = benchmark(0.01, measurement="round trip")

    assert value(metrics.break_even_task(trip, workers)) == pytest.approx(task_s)
    assert workers * task_s == pytest.approx(workers * 0.01 + task_s)


@pytest.mark.parametrize(
    ("derived", "why"),
    [
        (metrics.speed_up(benchmark(1)), "no reference took turns"),
        (metrics.time(replace(benchmark(1), rounds_s=())), "no raw rounds"),
        (metrics.parallel_efficiency(benchmark(1, ("serial", 1))), "no workers parameter"),
        (metrics.parallel_efficiency(benchmark(1, ("serial", 1), workers=0)), "no workers parameter"),
        (metrics.parallel_efficiency(benchmark(1, ("serial", 1), workers=True)), "no workers parameter"),
        (metrics.parallel_efficiency(benchmark(1, workers=2)), "no reference"),
        (metrics.parallel_efficiency(benchmark(1, ("memcpy", 1), workers=2)), "serial is not what took turns"),
        (metrics.gil_contention(benchmark(1, kind="thread", workers=2, tasks=2), 2), "no reference"),
        (metrics.gil_contention(benchmark(1, (metrics.ONE_THREAD, 1), workers=4), 2), "more threads than usable cores"),
        (metrics.gil_contention(benchmark(1, (metrics.ONE_THREAD, 1), workers=1), 2), "none to contend with"),
        (metrics.core_use(benchmark(1)), "no client_cpu_s"),
        (metrics.core_use(benchmark(1, client_cpu_s=0)), "no client_cpu_s"),
        (metrics.core_use(replace(benchmark(1, client_cpu_s=0.5), rounds_s=())), "no raw rounds"),
        (metrics.memcpy_ratio(benchmark(1, ("serial", 1))), "memcpy is not what took turns"),
        (metrics.bandwidth(benchmark(1)), "no size_bytes"),
        (metrics.bandwidth(benchmark(1, size_bytes=0)), "no size_bytes"),
        (metrics.bandwidth(replace(benchmark(1, size_bytes=9), rounds_s=())), "no raw rounds"),
        (metrics.break_even_task(benchmark(1, measurement="dumps"), 2), "follows from a round trip"),
        (metrics.break_even_task(benchmark(1, measurement="round trip"), 1), "one core"),
        (metrics.break_even_task(benchmark(1, measurement="round trip"), None), "one core"),
    ],
)
def test_missing_inputs_give_a_reason(derived: metrics.Derived, why: str) -> None:
    """What cannot be derived says why, and is never a zero."""
    assert why in reason(derived)
