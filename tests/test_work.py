"""The workloads: right answers, known by another way, and refusal of wrong ones."""

import itertools
import math
import pickle
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from flagkit.crew import Crew
from flagkit.executors import EXECUTORS, make
from flagkit.work import (
    CONTENDED,
    LADDER_S,
    WORKLOADS,
    WrongAnswerError,
    gcd,
    ladder_name,
    loop,
    matrix_product,
    wait_and_loop,
)


@given(st.integers(1, 2_000), st.integers(1, 2_000))
def test_gcd_agrees_with_math(a: int, b: int) -> None:
    """The slow search finds what math.gcd finds, in either order of its arguments."""
    assert gcd((a, b)) == gcd((b, a)) == math.gcd(a, b)


def test_the_seed_has_its_four_pairs() -> None:
    """The seed's case is there by name, with the pairs that its readers know."""
    assert WORKLOADS["gcd-seed"].items == (
        (1963309, 2265973),
        (2030677, 3814172),
        (1551645, 2229620),
        (2039045, 2020802),
    )


@given(st.integers(0, 5_000))
def test_loop_agrees_with_its_formula(turns: int) -> None:
    """Adding one by one finds what the formula says; with a wait before it as well."""
    assert loop(turns) == wait_and_loop((0.0, turns)) == turns * (turns - 1) // 2


def test_the_ladder_has_a_rung_for_each_length() -> None:
    """From 1 us to 100 ms, each ten times the one before, by name and by the turns of its loop."""
    rungs = [WORKLOADS[ladder_name(task_s)] for task_s in LADDER_S]
    turns = [rung.items[0] for rung in rungs]
    assert [rung.name for rung in rungs] == [
        "loop-1us", "loop-10us", "loop-100us", "loop-1ms", "loop-10ms", "loop-100ms"
    ]  # fmt: skip
    assert all(longer == 10 * shorter for shorter, longer in itertools.pairwise(turns))


def test_skewed_tasks_are_skewed() -> None:
    """The longest is about a quarter of the whole, so that no pool can be more than four times as fast."""
    lengths = [length for length, _ in WORKLOADS["skewed"].items]
    assert 0.2 < max(lengths) / sum(lengths) < 0.3


def test_blas_is_held_to_one_thread() -> None:
    """Once the matrices were multiplied, BLAS uses one thread in this process, whatever it used before."""
    matrix_product(64)
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} <= {1}


@pytest.mark.once
@pytest.mark.parametrize("kind", ["thread", "process-fork", "process-spawn"])
def test_every_workload_mapped_by_threads_and_processes_is_as_in_series(kind: str) -> None:
    """The results of all items come back in order, and are those of a plain loop, which are right."""
    spec = EXECUTORS[kind]
    if reason := spec.unavailable():
        pytest.skip(reason)
    works = [work for work in WORKLOADS.values() if work.unavailable(spec.family) is None]
    assert "gcd-seed" in {work.name for work in works}
    with make(kind, 2) as pool:
        for work in works:
            mapped = list(pool.map(work.function, work.items))
            assert mapped == serial_results(work.name), work.name


@cache
def serial_results(name: str) -> list[object]:
    """Return the results of a plain loop over a workload's items, once for all kinds."""
    work = WORKLOADS[name]
    results = work.serial()
    work.check(results)
    return results


def test_what_a_subinterpreter_cannot_run_says_so() -> None:
    """Workloads of numpy have a reason for interpreters, and none for the others."""
    reasons = {name: work.unavailable("interpreter") for name, work in WORKLOADS.items()}
    assert {name for name, why in reasons.items() if why} == {"matmul", "triad"}
    assert all(work.unavailable("process") is None for work in WORKLOADS.values())


@pytest.mark.parametrize("name", CONTENDED)
@pytest.mark.parametrize("side", ["shared", "independent"])
def test_contended_jobs_count_their_operations(name: str, side: str) -> None:
    """On threads at once, with one object or one each, every job finds what it did; another count is refused."""
    contended = CONTENDED[name]
    jobs = getattr(contended, side)(3)
    with Crew(3) as crew:
        counts = crew.run(jobs)
    contended.check(counts)
    with pytest.raises(WrongAnswerError, match=name):
        contended.check([*counts[:-1], counts[-1] - 1])


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_is_right_when_run_serially(name: str) -> None:
    """The plain loop over all items gives what the oracle gives."""
    work = WORKLOADS[name]
    assert work.name == name
    work.check(work.serial())


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_wrong_answer_is_refused(name: str) -> None:
    """Results in another order, too few or changed do not pass, even where all items are the same."""
    work = WORKLOADS[name]
    right = work.expected()
    for wrong in (right[:-1], [*right, right[0]], [None, *right[1:]], []):
        with pytest.raises(WrongAnswerError, match=name):
            work.check(wrong)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_can_be_sent(name: str) -> None:
    """Functions and items pickle, or no process could run them; the items are small, so that sending costs little."""
    work = WORKLOADS[name]
    assert pickle.loads(pickle.dumps(work.function)) is work.function
    assert max(len(pickle.dumps(item)) for item in work.items) < 100
