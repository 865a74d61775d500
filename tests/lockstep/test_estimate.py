"""Ratios with intervals by generations."""

import math
from collections.abc import Callable, Iterable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.lockstep.estimate import MIN_GENERATIONS, PairedRounds, ratio
from tests.lockstep.made import synthetic

TIMES = st.floats(min_value=1e-7, max_value=1e2)


@st.composite
def measured(draw: st.DrawFn, *, fewest: int = 1) -> list[PairedRounds]:
    """Draw the generations of one benchmark, each of its own number of rounds."""
    pairs = st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=8)
    return [
        PairedRounds(tuple(base for base, _ in rounds), tuple(head for _, head in rounds))
        for rounds in draw(st.lists(pairs, min_size=fewest, max_size=12))
    ]


def of(logs: Iterable[float]) -> list[PairedRounds]:
    """Return generations of a single round each, with these log ratios."""
    return [PairedRounds((1.0,), (math.exp(log),)) for log in logs]


def test_by_hand() -> None:
    """Eight generations: the trimmed mean leaves out the least and the greatest, and Yuen's interval is as by hand."""
    logs = [-0.9, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.9]
    kept = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    winsorised = [0.01, *kept, 0.06]
    error = np.std(winsorised, ddof=1) / (6 / 8 * math.sqrt(8))
    half_width = 2.570582 * error  # Student's t, 5 degrees of freedom

    result = ratio(of(logs))

    assert result.ratio == pytest.approx(math.exp(0.035))
    assert result.low == pytest.approx(math.exp(0.035 - half_width))
    assert result.high == pytest.approx(math.exp(0.035 + half_width))
    assert (result.generations, result.rounds, result.confidence) == (8, 8, 0.95)
    assert result.no_interval is None


def test_rounds_count_by_their_median() -> None:
    """A generation is its median paired ratio, whatever one round in it did; bases drift without effect."""
    disturbed = PairedRounds((1.0, 2.0, 4.0, 8.0, 16.0), (1.1, 2.2, 400.0, 8.8, 17.6))

    assert ratio([disturbed] * 6).ratio == pytest.approx(1.1)


def test_an_outlier_process_does_not_move_the_ratio() -> None:
    """One process of eight that runs twice as slowly leaves the estimate within what the others say."""
    result = ratio(of([0.0, 0.01, -0.01, 0.005, -0.005, 0.002, -0.002, math.log(2)]))

    assert 0.99 < result.ratio < 1.01


@pytest.mark.parametrize("n", [1, 2, MIN_GENERATIONS - 1])
def test_too_few_generations(n: int) -> None:
    """Below six there is a ratio but no interval, with the reason; nothing is decided."""
    result = ratio(of([0.5] * n))

    assert result.ratio == pytest.approx(math.exp(0.5))
    assert (result.low, result.high) == (None, None)
    assert result.no_interval == f"{n} of the 6 generations that an interval needs"
    assert not result.decides()


def test_decides() -> None:
    """An interval above 1 decides against 1, and not against a value within it."""
    result = ratio(of([0.10, 0.11, 0.09, 0.10, 0.12, 0.08]))

    assert result.decides()
    assert not result.decides(against=result.ratio)


@pytest.mark.parametrize(
    ("base_s", "head_s", "message"),
    [
        ((1.0,), (1.0, 2.0), "must be paired: 1 of the base, 2 of the head"),
        ((), (), "without rounds"),
        ((0.0,), (1.0,), "lasted 0.0 s"),
        ((1.0,), (math.inf,), "lasted inf s"),
        ((1.0,), (math.nan,), "lasted nan s"),
    ],
)
def test_rounds_that_make_no_sense(base_s: tuple[float, ...], head_s: tuple[float, ...], message: str) -> None:
    """Unpaired, absent and impossible times are refused."""
    with pytest.raises(ValueError, match=message):
        PairedRounds(base_s, head_s)


def test_no_generations() -> None:
    """Nothing can be said of nothing."""
    with pytest.raises(ValueError, match="no generations"):
        ratio([])


@given(measured())
def test_interval_holds_the_ratio(generations: list[PairedRounds]) -> None:
    """Low, ratio and high are in order, the ratio lies within what was measured, and an interval needs six."""
    result = ratio(generations)
    medians = [math.exp(np.median(generation.log_ratios())) for generation in generations]

    assert min(medians) * (1 - 1e-9) <= result.ratio <= max(medians) * (1 + 1e-9)
    assert (result.low is None) is (result.high is None) is (len(generations) < 6)
    if result.low is not None and result.high is not None:
        assert result.low <= result.ratio * (1 + 1e-9)
        assert result.ratio <= result.high * (1 + 1e-9)


@settings(max_examples=50)
@given(measured(fewest=6))
def test_swapping_the_arms_inverts_the_ratio(generations: list[PairedRounds]) -> None:
    """Head over base is the reciprocal of base over head, interval and all."""
    forth = ratio(generations)
    back = ratio([PairedRounds(generation.head_s, generation.base_s) for generation in generations])

    assert math.isclose(forth.ratio, 1 / back.ratio, rel_tol=1e-6)
    assert forth.low is not None
    assert back.high is not None
    assert math.isclose(math.log(forth.low), -math.log(back.high), rel_tol=1e-6, abs_tol=1e-6)
    assert forth.sd_between_generations == back.sd_between_generations or (
        math.isclose(forth.sd_between_generations or 0, back.sd_between_generations or 0, rel_tol=1e-6, abs_tol=1e-6)
    )


@settings(max_examples=50)
@given(measured(fewest=6), st.randoms(use_true_random=False))
def test_order_of_generations_is_of_no_effect(generations: list[PairedRounds], random: Random) -> None:
    """Generations are exchangeable."""
    shuffled = list(generations)
    random.shuffle(shuffled)

    assert math.isclose(ratio(generations).ratio, ratio(shuffled).ratio, rel_tol=1e-9)


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], np.ndarray[tuple[int], np.dtype[np.float64]]]] = {
    "normal": lambda rng, n: rng.normal(0, 0.01, n),
    "laplace": lambda rng, n: rng.laplace(0, 0.01, n),
    "t2": lambda rng, n: 0.01 * rng.standard_t(2, n),
    "outlier process in ten": lambda rng, n: (
        rng.normal(0, 0.01, n) + 0.1 * rng.choice([-1, 0, 1], n, p=[0.05, 0.9, 0.05])
    ),
    "two-valued": lambda rng, n: rng.normal(0, 0.002, n) + rng.choice([-0.01, 0.01], n),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_coverage_of_synthetic_generations(name: str) -> None:
    """Of intervals from 6 to 30 generations 93 to 98% hold the true ratio, as far as 400 of them can tell (99%)."""
    rng = np.random.default_rng(5)
    truth = math.log(1.03)
    held = 0
    for _ in range(400):
        result = ratio(of(truth + DISTRIBUTIONS[name](rng, int(rng.choice([6, 7, 8, 12, 15, 20, 30])))))
        assert result.low is not None
        assert result.high is not None
        held += result.low <= 1.03 <= result.high

    exact = stats.binomtest(held, 400).proportion_ci(0.99, method="exact")
    assert exact.low <= 0.98
    assert exact.high >= 0.93


def test_trimming_pays() -> None:
    """Where one process in ten is an outlier, intervals are less than two thirds as wide as untrimmed ones."""
    rng = np.random.default_rng(3)
    trimmed, plain = [], []
    for _ in range(100):
        logs = DISTRIBUTIONS["outlier process in ten"](rng, 20)
        result = ratio(of(logs))
        assert result.low is not None
        assert result.high is not None
        trimmed.append(math.log(result.high / result.low))
        low, high = stats.ttest_1samp(logs, 0).confidence_interval()
        plain.append(high - low)

    assert np.median(trimmed) < 2 / 3 * np.median(plain)


@pytest.mark.parametrize("rounds", [10, 31])
def test_variance_is_split(rounds: int) -> None:
    """Rounds' and generations' standard deviations come back within a tenth, from many synthetic benchmarks."""
    rng = np.random.default_rng(7)
    results = [
        ratio(synthetic(rng, generations=20, rounds=rounds, sd_rounds=0.02, sd_generations=0.01)) for _ in range(150)
    ]

    assert np.mean([result.sd_between_rounds for result in results]) == pytest.approx(0.02, rel=0.1)
    assert math.sqrt(np.mean([(result.sd_between_generations or 0) ** 2 for result in results])) == pytest.approx(
        0.01, rel=0.1
    )


def test_variance_needs_enough_of_both() -> None:
    """One generation says nothing of generations, and four rounds nothing of rounds."""
    one = ratio([PairedRounds((1.0,) * 5, (1.0, 1.1, 1.2, 1.3, 1.4))])
    short = ratio([PairedRounds((1.0,) * 4, (1.0, 1.1, 1.2, 1.3))] * 3)

    assert one.sd_between_rounds is not None
    assert one.sd_between_generations is None
    assert short.sd_between_rounds is None
    assert short.sd_between_generations is None
