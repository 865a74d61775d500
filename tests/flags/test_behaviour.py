"""How a server behaves, drawn from a seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkit.flags.behaviour import BEHAVIOURS, DROP, Behaviour, Fate
from flagkit.flags.codes import countries, every_code

shares = st.floats(0, 1)


def test_the_error_server_gives_the_counts_of_the_sample_runs() -> None:
    """AA to ZZ end in 150 flags, 361 not found and 165 errors; the first 100 countries in 73 and 27."""
    fates = {code: BEHAVIOURS["ERROR"].fate(code) for code in every_code()}
    assert sum(fate.status is not None for fate in fates.values()) == 165
    assert sum(fates[code].status is None for code in countries()) == 150
    assert sum(fates[code].status is None for code in list(countries())[:100]) == 73


def test_all_four_errors_occur() -> None:
    """An error is one of three answers, or none."""
    drawn = Counter(BEHAVIOURS["ERROR"].fate(code).status for code in every_code())
    assert set(drawn) == {None, 500, 503, 418, DROP}


def test_half_of_the_error_servers_answers_are_late() -> None:
    """Delays are drawn apart from errors, at their own rate."""
    late = [BEHAVIOURS["ERROR"].fate(code).delay_s for code in every_code()]
    assert set(late) == {0.0, 0.5}
    assert 0.4 < late.count(0.5) / len(late) < 0.6


@given(st.integers(), st.sampled_from(every_code()), st.integers(1, 9))
def test_a_fate_is_the_same_for_the_same_seed_code_and_attempt(seed: int, code: str, attempt: int) -> None:
    """What is drawn depends on nothing else."""
    behaviour = Behaviour(delay_s=(0.1, 0.9), error_rate=0.5, seed=seed)
    assert behaviour.fate(code, attempt) == behaviour.fate(code, attempt)


def test_another_attempt_or_seed_has_another_fate() -> None:
    """A retry may succeed, and another seed makes another run."""
    behaviour = BEHAVIOURS["ERROR"]
    other = Behaviour(delay_s=(0.5, 0.5), delay_rate=0.5, error_rate=0.25, seed=1)
    codes = every_code()
    first = [behaviour.fate(code) for code in codes]
    assert [behaviour.fate(code, 2) for code in codes] != first
    assert [other.fate(code) for code in codes] != first


@given(shares, shares)
def test_delays_do_not_depend_on_the_error_rate(one: float, other: float) -> None:
    """The draws have an order of their own, so a schedule stays when the errors change."""
    delays = [Behaviour(delay_s=(0.1, 0.9), error_rate=rate).fate("BR").delay_s for rate in (one, other)]
    assert delays[0] == delays[1]
    assert 0.1 <= delays[0] <= 0.9


def test_local_answers_at_once() -> None:
    """The plain server has one fate for all."""
    assert BEHAVIOURS["LOCAL"].is_plain
    assert {BEHAVIOURS["LOCAL"].fate(code) for code in every_code()} == {Fate()}


@pytest.mark.parametrize(
    "options",
    [
        {"delay_s": (-1.0, 1.0)},
        {"delay_s": (2.0, 1.0)},
        {"delay_s": (0.0, float("inf"))},
        {"delay_rate": 1.1},
        {"error_rate": -0.1},
        {"error_rate": float("nan")},
    ],
)
def test_what_is_no_delay_or_rate_is_refused(options: dict[str, tuple[float, float] | float]) -> None:
    """Impossible numbers are an error when the behaviour is made."""
    with pytest.raises(ValueError, match=r"delay|rate"):
        Behaviour(**options)  # type: ignore[arg-type] # some are meant to be wrong


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(), "every answer at once"),
        (BEHAVIOURS["DELAY"], "every answer after 0.5 s"),
        (BEHAVIOURS["ERROR"], "50% of the answers after 0.5 s, 25% of the answers an error (seed 1687)"),
        (Behaviour(delay_s=(1, 2), delay_rate=0), "every answer at once"),
        (Behaviour(delay_s=(0.2, 1.5)), "every answer after 0.2 to 1.5 s"),
    ],
)
def test_it_can_be_told_in_words(behaviour: Behaviour, words: str) -> None:
    """`flagkit serve` says how each server behaves."""
    assert str(behaviour) == words
