"""Medians and ratios with their intervals."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.instrument import statistics
from bench.instrument.statistics import Estimate, Interval, Values

TIMES = st.floats(min_value=1e-9, max_value=1e3)
ROUNDS = st.lists(TIMES, min_size=1, max_size=40)
PAIRS = st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=40)


def test_median_by_hand() -> None:
    """The median of seven rounds; its interval is the least and the largest of them (98.4%)."""
    estimate = statistics.median([5, 1, 4, 2, 7, 3, 6])

    assert estimate == Estimate(4, Interval(1, 7), 7, "median of rounds")


def test_interval_by_hand_of_twenty() -> None:
    """Of twenty rounds the 6th and 15th bound the median with 95.9%: binomial(20, 1/2) by hand."""
    assert statistics.median(range(1, 21)).interval == Interval(6, 15)


@pytest.mark.parametrize(("n", "given_one"), [(1, False), (5, False), (6, True)])
def test_fewer_than_six_rounds_have_no_interval(n: int, given_one: bool) -> None:  # noqa: FBT001 - a parameter
    """With five rounds even the extremes hold the median with 93.75% only."""
    assert (statistics.median([1.0] * n).interval is not None) is given_one


def test_speed_up_by_hand() -> None:
    """Twice the reference in each round is twice as fast, though the rounds drift tenfold."""
    estimate = statistics.speed_up([1, 2, 4, 6, 8, 10], [2, 4, 8, 12, 16, 20])

    assert estimate.value == pytest.approx(2)
    assert estimate.interval is not None
    assert estimate.interval.low == pytest.approx(2)
    assert estimate.interval.high == pytest.approx(2)
    assert estimate.n == 6


def test_even_rounds_meet_in_the_geometric_middle() -> None:
    """The median of the log ratios of 1x and 4x is 2x."""
    assert statistics.speed_up([1, 1], [1, 4]).value == pytest.approx(2)


def test_unpaired_rounds_are_refused() -> None:
    """Rounds that did not take turns have no ratio."""
    with pytest.raises(ValueError, match="must be paired: 2 of one, 3 of the other"):
        statistics.speed_up([1, 2], [1, 2, 3])


def test_no_rounds_are_refused() -> None:
    """Nothing can be said of no rounds."""
    with pytest.raises(ValueError, match="no rounds"):
        statistics.median([])
    with pytest.raises(ValueError, match="no rounds"):
        statistics.speed_up([], [])


@pytest.mark.parametrize(
    ("interval", "decides"),
    [(Interval(1.01, 1.2), True), (Interval(0.8, 0.99), True), (Interval(0.9, 1.1), False), (None, False)],
)
def test_decides(interval: Interval | None, decides: bool) -> None:  # noqa: FBT001 - a parameter
    """An interval decides when it lies on one side; without one nothing is decided."""
    assert Estimate(1.05, interval, 9, "").decides() is decides


def test_map_turns_the_interval_round_for_a_falling_function() -> None:
    """The reciprocal of [2, 4] is [1/4, 1/2]."""
    mapped = Estimate(3, Interval(2, 4), 9, "").map(lambda value: 1 / value)

    assert mapped.interval == Interval(0.25, 0.5)


@given(ROUNDS)
def test_interval_holds_the_median(times_s: list[float]) -> None:
    """Low, value and high are in order, and within what was measured."""
    estimate = statistics.median(times_s)

    if estimate.interval:
        assert min(times_s) <= estimate.interval.low <= estimate.value <= estimate.interval.high <= max(times_s)
    assert (estimate.interval is None) is (len(times_s) < 6)


@given(PAIRS)
def test_swapping_the_pair_inverts_the_ratio(pairs: list[tuple[float, float]]) -> None:
    """A is as much faster than B as B is slower than A, intervals included."""
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    forth, back = statistics.speed_up(one, other), statistics.speed_up(other, one).map(lambda ratio: 1 / ratio)

    assert math.isclose(forth.value, back.value, rel_tol=1e-9)
    if forth.interval and back.interval:
        assert math.isclose(forth.interval.low, back.interval.low, rel_tol=1e-9)


@given(PAIRS, st.floats(min_value=0.5, max_value=2))
def test_drift_that_both_share_cancels(pairs: list[tuple[float, float]], drift: float) -> None:
    """Slowing both of a round by the same factor, more and more, changes nothing."""
    drifting = [(a * drift**i, b * drift**i) for i, (a, b) in enumerate(pairs)]

    calm = statistics.speed_up([a for a, _ in pairs], [b for _, b in pairs])
    moved = statistics.speed_up([a for a, _ in drifting], [b for _, b in drifting])

    assert math.isclose(calm.value, moved.value, rel_tol=1e-9)


def test_visits_by_hand() -> None:
    """Medians 1, 2, 4 and 8 have the geometric mean 2.83; t for 3 degrees of freedom is 3.182."""
    times_s = [0.5, 1, 9, 2, 4, 3, 5, 8]
    estimate = statistics.median(times_s, visits=(3, 1, 3, 1))

    half = 3.18245 * math.log(2) * math.sqrt(5 / 3) / 2
    assert estimate.value == pytest.approx(2**1.5)
    assert estimate.interval is not None
    assert math.log(estimate.interval.high / estimate.value) == pytest.approx(half, rel=1e-5)
    assert math.log(estimate.value / estimate.interval.low) == pytest.approx(half, rel=1e-5)
    assert (estimate.n, estimate.estimator) == (8, "median of rounds, geometric mean over visits")


def test_ratios_of_visits_by_hand() -> None:
    """Each visit is 2x faster or 8x, whatever its own speed: 4x, by an interval that no round of theirs narrows."""
    few = statistics.speed_up([1, 1, 5, 5], [2, 2, 40, 40], visits=(2, 2))
    many = statistics.speed_up([1] * 50 + [5] * 50, [2] * 50 + [40] * 50, visits=(50, 50))

    assert few.value == many.value == pytest.approx(4)
    assert few.interval == many.interval


def test_one_visit_is_none() -> None:
    """Where there was one visit, its rounds are all there is."""
    assert statistics.median([4, 1, 7, 2, 6, 3, 5], visits=(7,)) == statistics.median([4, 1, 7, 2, 6, 3, 5])


@pytest.mark.parametrize("visits", [(1, 1), (2, 2), (3, 0)])
def test_visits_have_all_rounds(visits: tuple[int, ...]) -> None:
    """Visits of more or fewer rounds than there are, or of none, are refused."""
    with pytest.raises(ValueError, match="visits of"):
        statistics.median([1, 2, 3], visits)


@pytest.mark.parametrize("between", [0.0, 0.2])
def test_the_interval_by_visits_holds_the_truth(between: float) -> None:
    """Of 400 benchmarks whose visits differ, and whose rounds do, 95% have intervals with the truth, within chance."""
    random = np.random.default_rng(20261128)
    held = 0
    for _ in range(400):
        logs = random.normal(0, between, 5).repeat(6) + random.normal(0, 0.05, 30)
        interval = statistics.median(np.exp(logs).tolist(), visits=(6,) * 5).interval
        assert interval is not None
        held += interval.low <= 1 <= interval.high

    assert stats.binomtest(held, 400, 0.95).pvalue > 0.001


def visited(rng: np.random.Generator, spreads: Iterable[float], visits: int) -> list[list[float]]:
    """Return what visits to benchmarks of those standard deviations give, whose truth is 0."""
    return [list(rng.normal(0.0, spread, visits)) for spread in spreads]


def spreads_of(rng: np.random.Generator, count: int, variance: float, freedom: float) -> Values:
    """Return standard deviations whose squares are scaled inverse chi-squared."""
    found: Values = np.sqrt(freedom * variance / rng.chisquare(freedom, count))
    return found


@pytest.mark.parametrize(("variance", "freedom"), [(0.01, 2.0), (0.0004, 8.0)])
def test_the_prior_is_found(variance: float, freedom: float) -> None:
    """From many benchmarks of four visits each, of which one by itself tells little."""
    rng = np.random.default_rng(1)
    found = statistics.prior(visited(rng, spreads_of(rng, 20_000, variance, freedom), 4))
    assert found is not None
    assert found.variance == pytest.approx(variance, rel=0.05)
    assert found.freedom == pytest.approx(freedom, rel=0.1)


def test_benchmarks_that_are_alike_share_one_variance() -> None:
    """Where they differ by no more than chance, nobody's own counts: the interval is the normal distribution's."""
    rng = np.random.default_rng(3)
    found = statistics.prior(visited(rng, [0.1] * 100, 4))
    assert found is not None
    assert found.freedom > 30
    assert found.variance == pytest.approx(0.01, rel=0.2)
    alike = statistics.prior([[0.0, 1.0, 2.0]] * 20)
    assert alike is not None
    assert alike.moderate(9.0, 2) == (alike.variance, math.inf)


@pytest.mark.parametrize("visits", [2, 3, 4])
@pytest.mark.parametrize("freedom", [1.5, 4.0, 1e6])
def test_moderated_intervals_hold_the_truth(visits: int, freedom: float) -> None:
    """In 95% of the benchmarks of a run, and they are narrower than by each one's visits alone."""
    rng = np.random.default_rng(visits)
    count = 2_000
    samples = visited(rng, spreads_of(rng, count, 0.01, freedom), visits)
    spread = statistics.prior(samples)
    held, widths, plain = 0, [], []
    for logs in samples:
        moderated, alone = (
            statistics.median(np.exp(logs).tolist(), [1] * visits, one).interval for one in (spread, None)
        )
        assert moderated is not None
        assert alone is not None
        held += moderated.low <= 1 <= moderated.high
        widths.append(math.log(moderated.high / moderated.low))
        plain.append(math.log(alone.high / alone.low))
    assert stats.binomtest(held, count, 0.95).pvalue > 0.001
    assert np.median(widths) < np.median(plain)


def test_moderation_by_hand() -> None:
    """Two degrees of freedom of 1 and three of 6 are five of 4; the interval is t of five."""
    assert statistics.Prior(1.0, 2.0).moderate(6.0, 3) == (4.0, 5.0)
    logs = [0.0, 1.0, 2.0, 5.0]
    estimate = statistics.median(np.exp(logs).tolist(), [1] * 4, statistics.Prior(1.0, 2.0))
    assert estimate.interval is not None
    variance = (2 * 1.0 + 3 * np.var(logs, ddof=1)) / 5
    assert math.log(estimate.interval.high) == pytest.approx(2.0 + 2.570582 * math.sqrt(variance / 4))


def test_few_benchmarks_have_no_prior() -> None:
    """Nine do not tell how variances are distributed; single visits tell nothing."""
    assert statistics.prior([[0.0, 1.0]] * 9 + [[1.0]] * 9) is None
    assert statistics.prior([[0.0, 1.0]] * 10) is not None


@given(st.lists(st.lists(st.floats(-20, 20), min_size=2, max_size=5), min_size=10, max_size=30))
def test_any_visits_have_a_prior(samples: list[list[float]]) -> None:
    """Whatever they gave, all of it equal among it."""
    found = statistics.prior(samples)
    assert found is not None
    assert found.variance > 0
    assert found.freedom > 0
