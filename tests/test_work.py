"""The workloads: right answers, known by another way, and refusal of wrong ones."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkit.work import WORKLOADS, WrongAnswerError, gcd


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
