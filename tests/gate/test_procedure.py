"""The statistics of the gate, on numbers with known truth."""

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.gate.procedure import synthetic
from bench.gate.procedure.center import center, of_rounds
from bench.gate.procedure.confirm import confirm
from bench.gate.procedure.decide import Course, follow
from bench.gate.procedure.holm import holm
from bench.gate.procedure.power import found_by_both, found_by_confirm, found_by_screen
from bench.gate.procedure.rules import ALPHA, ALPHA_SUITE, Margin
from bench.gate.procedure.screen import screen
from bench.gate.procedure.signflip import RESAMPLES, least_generations, lower_bound, p_value, p_values, resamples
from bench.gate.procedure.sizes import LEAST_CONFIRM, LEAST_ROUNDS, LEAST_SCREEN, MOST, Cost, confirm_size, plan, shrunk
from bench.gate.procedure.suite import suite_test
from bench.gate.procedure.synthetic import SHAPES, Synthetic
from bench.lockstep.arms import Arm
from bench.lockstep.workplace import Workplace

NAMES = tuple(f"b{number}" for number in range(30))
COST = Cost(start_s=2.0, beside_s=0.03, round_s=dict.fromkeys(NAMES, 0.012))
LOGS = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=30)
PLACED = tuple(name for name in SHAPES if name != "autocorrelated ratio")
SYMMETRIC = ("normal", "heavy tails", "bimodal processes", "outlier processes")


def course(
    seed: int, shape: str, spread: float, *, slower: float = 1.0, budget_s: float = 300.0
) -> tuple[Course, Synthetic]:
    """Run the whole procedure on thirty benchmarks, of which the first is slower by a factor."""
    truths = dict.fromkeys(NAMES, 0.0) | {NAMES[0]: math.log(slower)}
    rng = np.random.default_rng([seed, int(1000 * slower)])
    source = Synthetic(rng, truths, dict.fromkeys(NAMES, spread), SHAPES[shape], COST, budget_s)
    return follow(source, lambda _: Margin()), source


def slower(found: Course) -> set[str]:
    """Return what the gate fails for."""
    benchmarks = {name for name, one in found.slower.items() if one.is_changed}
    return benchmarks | ({"suite"} if found.suite is not None and found.suite.is_slower else set())


@pytest.mark.once
@pytest.mark.parametrize("shape", PLACED)
def test_identical_code_passes(shape: str) -> None:
    """Of four suites of identical code at most one raises an alarm, whatever the noise: at 1%, two are 1 in 1,700."""
    assert sum(bool(slower(course(seed, shape, 0.02)[0])) for seed in range(4)) < 2


@pytest.mark.parametrize("shape", PLACED)
def test_slowdown_is_found(shape: str) -> None:
    """A benchmark slowed by 5% among thirty is found in each of two runs, and no other is blamed."""
    assert [slower(course(seed, shape, 0.015, slower=1.05)[0]) for seed in range(2)] == [{NAMES[0]}] * 2


@pytest.mark.once
def test_power_that_was_promised() -> None:
    """Of twelve runs with the slowdown that is promised, at least 8 find it: with 90% power, fewer are 1 in 200."""
    hits = 0
    for seed in range(12):
        promised = math.exp(plan(dict.fromkeys(NAMES, 0.02), dict.fromkeys(NAMES, Margin()), COST, 280).promised)
        hits += NAMES[0] in slower(course(seed, "normal", 0.02, slower=promised)[0])
    assert hits >= 8


def test_small_everywhere_is_found_by_the_suite() -> None:
    """What is slower by 1.5% everywhere, which no single benchmark shows, fails the geometric mean."""
    rng = np.random.default_rng(1)
    logs = {name: rng.normal(math.log(1.015), 0.02, LEAST_SCREEN + 4).tolist() for name in NAMES}

    found = suite_test(logs, Margin().for_suite)

    assert found.is_slower
    assert found.bound() > math.log1p(0.005)
    alone = {name: logs[name] for name in NAMES[:2]}
    assert not any(
        one.is_changed for one in confirm(alone, dict.fromkeys(alone, Margin()), ALPHA - ALPHA_SUITE).values()
    )


def test_one_benchmark_is_no_suite() -> None:
    """It is not held to half of what it may lose; of several with margins of their own the mean counts."""
    rng = np.random.default_rng(3)
    deltas = {"b0": 0.05, "b1": 0.05, "b2": 0.02}

    def of(names: tuple[str, ...], slower: float) -> Course:
        cost = Cost(start_s=2.0, beside_s=0.03, round_s=dict.fromkeys(names, 0.012))
        truths = dict.fromkeys(names, math.log(slower))
        source = Synthetic(rng, truths, dict.fromkeys(names, 0.005), SHAPES["normal"], cost, 300.0)
        return follow(source, lambda name: Margin(deltas[name]))

    assert of(("b0",), 1.03).suite is None
    found = of(("b0", "b1", "b2"), 1.01)
    assert found.suite is not None
    assert found.suite.margin.delta == pytest.approx(0.02)
    assert not found.suite.is_slower


def test_rounds_show_a_tail() -> None:
    """Where a slow call makes four of ten short rounds 1.5 times as long, most of that is seen."""
    rounds = np.log(np.where(np.arange(30) % 5 < 2, 1.5, 1.0))

    assert np.median(rounds) == 0
    assert of_rounds(rounds) > 0.12


def test_rounds_overlook_a_burst() -> None:
    """Three rounds of thirty that are hit by something change nothing."""
    assert of_rounds([0.01] * 27 + [0.5, 1.0, 2.0]) == pytest.approx(0.01)


def test_improvement_is_found() -> None:
    """What is faster by 6% is confirmed as faster, fails nothing, and is bounded from above."""
    found, _ = course(1, "normal", 0.01, slower=1 / 1.06)

    assert found.faster[NAMES[0]].is_changed
    assert found.faster[NAMES[0]].bound() < -math.log1p(0.01)
    assert slower(found) == set()


@settings(max_examples=4)
@given(st.sampled_from(PLACED), st.floats(0.005, 0.03), st.integers(0, 1000))
def test_budget_is_kept(shape: str, spread: float, seed: int) -> None:
    """Stages fit into five minutes where the least sizes do."""
    _, source = course(seed, shape, spread, slower=1.03)

    assert source.budget_s >= 0


def test_least_sizes_are_kept_however_short_the_budget() -> None:
    """Less than the least could decide nothing."""
    found, source = course(1, "normal", 0.02, slower=1.2, budget_s=1.0)

    assert source.generations == {"pilot": 4, "screen": LEAST_SCREEN, "confirm": LEAST_CONFIRM}
    assert NAMES[0] in slower(found)


def test_p_values_are_calibrated() -> None:
    """Where the null hypothesis holds, p-values at or below a level come no oftener than it says, of any shape.

    That is so of shapes whose values are as likely with the other sign, each by itself. Of drift and autocorrelation
    the signs follow the places, which makes alarms rarer; an autocorrelated ratio makes them more frequent. More than
    the quantiles below are 1 in a million by the binomial.
    """
    levels = (0.05, 0.01, (ALPHA - ALPHA_SUITE) / 3)
    found = {shape: _p_values(shape, (LEAST_SCREEN, LEAST_CONFIRM, 21), 1_000) for shape in SYMMETRIC}
    found["all of them"] = np.concatenate(list(found.values()))

    for shape, values in found.items():
        low = {level: int((values <= level).sum()) for level in levels}
        most = {level: stats.binom.isf(1e-6, values.size, level) for level in levels}
        assert all(low[level] <= most[level] for level in levels), (shape, low, most)


def _p_values(shape: str, sizes: Sequence[int], count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return those of so many samples of each size, by as few draws as tell the least level apart."""
    rng = np.random.default_rng(1)
    samples = [[SHAPES[shape](rng, n).tolist() for _ in range(count)] for n in sizes]
    return np.concatenate([p_values(of_size, 0.0, 333) for of_size in samples])


def test_p_values_are_those_of_each_sample() -> None:
    """Many samples at once get what each gets alone."""
    samples = np.random.default_rng(1).normal(size=(3, 16)).tolist()

    assert p_values(samples, 0.1, 999) == [p_value(sample, 0.1, 999) for sample in samples]


def test_places_swap_as_in_lockstep(tmp_path: Path) -> None:
    """The signs of synthetic places are those of an arm's in real generations, beginning with any."""
    arms = [Arm(name, Path(sys.executable), tmp_path) for name in ("base", "head")]
    workplace = Workplace(arms, sets=2)
    try:
        workplace.copy_checkouts()
        places = [workplace.arrange(generation)["base"].temporary.parent.name for generation in range(8)]
    finally:
        workplace.remove()
    drawn = {tuple(synthetic.swapped(np.random.default_rng(seed), 8)) for seed in range(40)}

    assert len(drawn) == 4
    assert tuple(1.0 if place in {"p0", "p2"} else -1.0 for place in places) in drawn


@given(LOGS, st.floats(0.01, 0.2))
def test_p_value_falls_as_values_rise(logs: list[float], more: float) -> None:
    """Adding to every log ratio never makes a slowdown less likely."""
    assert p_value([value + more for value in logs], 0.0, 499) <= p_value(logs, 0.0, 499) + 1e-12


@given(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=9))
def test_p_value_is_exact_for_few_generations(logs: list[float]) -> None:
    """Up to 13 generations all patterns of signs are counted: p is a multiple of 2 ** -n, at least one of them."""
    p = p_value(logs, 0.0)

    assert p * 2 ** len(logs) == pytest.approx(round(p * 2 ** len(logs)))
    assert p >= 2.0 ** -len(logs)


def test_p_value_by_hand() -> None:
    """Of the 16 patterns of four values of one sign only their own has so great a mean."""
    assert p_value([0.01, 0.02, 0.03, 0.04], 0.0) == pytest.approx(1 / 16)


@settings(max_examples=10)
@given(st.lists(st.floats(-0.1, 0.1), min_size=8, max_size=14, unique=True), st.sampled_from([0.01, 0.05]))
def test_bound_and_test_agree(logs: list[float], level: float) -> None:
    """The bound is where the test stops rejecting: just below it is rejected, just above is not."""
    bound = lower_bound(logs, level)
    draws = resamples(level)

    assert p_value(logs, bound - 1e-4, draws) <= level
    assert p_value(logs, bound + 1e-4, draws) > level or bound >= max(logs) - 1e-4


def test_too_few_generations_have_no_bound() -> None:
    """Six generations cannot reach 1%."""
    assert lower_bound([0.5] * 6, 0.01) == -math.inf
    assert [least_generations(level) for level in (0.5, 0.01, 0.001)] == [1, 7, 11]


def test_small_levels_get_more_draws() -> None:
    """The least p-value is well below the level it is held to."""
    assert resamples(0.01) == RESAMPLES
    assert 1 / resamples(1e-5) < 1e-5


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.2))
def test_holm_rejects_what_its_definition_does(p_values: dict[str, float], alpha: float) -> None:
    """A hypothesis is rejected if each one up to its rank is within alpha over those left, and no other is."""
    ordered = sorted(p_values.values())
    first_kept = next((k for k, p in enumerate(ordered) if p > alpha / (len(ordered) - k)), len(ordered))
    steps = holm(p_values, alpha)

    assert sorted(step.p for step in steps.values() if step.is_rejected) == ordered[:first_kept]


def test_holm_by_hand() -> None:
    """With three, the least is held to a third, the next to a half; one that fails stops the rest."""
    steps = holm({"a": 0.003, "b": 0.02, "c": 0.001}, 0.01)

    assert [(name, round(step.level, 4), step.is_rejected) for name, step in steps.items()] == [
        ("c", 0.0033, True),
        ("a", 0.005, True),
        ("b", 0.01, False),
    ]


def test_bound_and_decision_say_the_same() -> None:
    """A benchmark is changed exactly if its bound is beyond what is let pass."""
    rng = np.random.default_rng(5)
    margins = {name: Margin() for name in NAMES[:8]}
    logs = {name: rng.normal(0.003 * number, 0.01, 16).tolist() for number, name in enumerate(NAMES[:8])}

    found = confirm(logs, margins, ALPHA - ALPHA_SUITE)

    assert {name: one.is_changed for name, one in found.items()} == {
        name: one.bound() > margins[name].allowed for name, one in found.items()
    }
    assert {one.is_changed for one in found.values()} == {True, False}
    assert confirm({}, {}, ALPHA) == {}


@pytest.mark.parametrize("spread", [0.001, 0.01, 0.03, 0.1])
def test_screen_keeps_what_is_slow_whatever_the_noise(spread: float) -> None:
    """Of 200 benchmarks slowed by the target, the screen loses 12 at most: with 2% lost, more are 1 in 2,000."""
    rng = np.random.default_rng(int(1000 * spread))
    margin = Margin()
    lost = sum(
        not screen((margin.target + spread * rng.normal(size=14)).tolist(), margin).may_be_slower for _ in range(200)
    )

    assert lost <= 12


def test_screen_lets_go_what_is_quiet() -> None:
    """Of 200 benchmarks without a change and with little noise none is flagged."""
    rng = np.random.default_rng(2)

    assert not any(screen((0.005 * rng.normal(size=14)).tolist(), Margin()).is_flagged for _ in range(200))


@given(LOGS)
def test_center_is_between_the_extremes(logs: list[float]) -> None:
    """A trimmed mean lies within the data, its interval around it."""
    found = center(logs)
    low, high = found.interval()

    assert min(logs) - 1e-12 <= found.value <= max(logs) + 1e-12
    assert low <= found.value <= high


def test_center_overlooks_one_outlier() -> None:
    """One generation of ten that is a hundred times off moves neither the estimate nor its error by much."""
    quiet = center([0.01, 0.012, 0.008, 0.011, 0.009, 0.01, 0.012, 0.008, 0.011, 0.009])
    hit = center([0.01, 0.012, 0.008, 0.011, 0.009, 0.01, 0.012, 0.008, 0.011, 1.0])

    assert hit.value == pytest.approx(quiet.value, abs=0.001)
    assert hit.error < 2 * quiet.error


@pytest.mark.parametrize("n", [4, 8, 11, 15, 16])
def test_error_is_that_of_the_trimmed_mean(n: int) -> None:
    """Over 1,000 samples the error is as large as the estimates scatter, whatever number of values is cut."""
    rng = np.random.default_rng(n)
    found = [center(rng.normal(size=n).tolist()) for _ in range(1_000)]
    scatter = np.std([one.value for one in found])

    assert math.sqrt(np.mean([one.error**2 for one in found])) == pytest.approx(scatter, rel=0.09)


def test_two_generations_are_too_few() -> None:
    """They have nothing to say of their own noise."""
    with pytest.raises(ValueError, match="at least 3"):
        center([0.1, 0.2])


@pytest.mark.parametrize(
    "found",
    [lambda n: found_by_confirm(0.02, n, 0.001, Margin()), lambda n: found_by_screen(0.02, n, Margin())],
    ids=["confirm", "screen"],
)
def test_more_generations_find_less(found: Callable[[int], float]) -> None:
    """What is found falls as generations are added."""
    sizes = [found(n) for n in (10, 20, 40, 80)]

    assert sizes == sorted(sizes, reverse=True)
    assert found_by_both(0.02, 20, 20, 0.001, Margin()) >= found_by_confirm(0.02, 20, 0.001, Margin())


def test_more_noise_gets_more_generations() -> None:
    """Sizes grow with the noise, within their limits, and with the number of flagged benchmarks."""
    sizes = [confirm_size({"b0": spread}, {"b0": Margin()}, COST, 1e6) for spread in (0.001, 0.02, 0.03, 1.0)]
    margins = dict.fromkeys(NAMES, Margin())

    assert sizes[0] == LEAST_CONFIRM
    assert sizes[1] < sizes[2] < sizes[3] == MOST
    assert confirm_size(dict.fromkeys(NAMES, 0.02), margins, COST, 1e6) > sizes[1]


def test_noise_of_a_short_pilot_is_drawn_to_the_middle() -> None:
    """Four generations that happen to agree do not promise a quiet benchmark."""
    spreads = shrunk({"a": 0.0, "b": 0.02, "c": 0.06})

    assert 0 < spreads["a"] < 0.02 == pytest.approx(spreads["b"])
    assert 0.02 < spreads["c"] < 0.06


def test_rounds_fill_the_time_of_a_start() -> None:
    """Few benchmarks get many rounds, many get the least, and none more than forty."""
    assert COST.rounds(NAMES) == LEAST_ROUNDS == 6
    assert COST.rounds(NAMES[:8]) == 20
    assert COST.rounds(NAMES[:1]) == 40


def test_the_size_that_another_flag_would_have_brought() -> None:
    """What was let go in more noise is known to have needed a longer confirmation than the one that was measured."""
    spreads = {"slow": 0.005, "noisy": 0.03}
    cost = Cost(start_s=2.0, beside_s=0.03, round_s=dict.fromkeys(spreads, 0.012))
    truths = {"slow": math.log(1.03), "noisy": math.log(0.9)}
    source = Synthetic(np.random.default_rng(1), truths, spreads, synthetic.normal, cost, 600.0)
    found = follow(source, lambda _: Margin())

    assert not found.screened["noisy"].may_be_slower
    assert {"slow", "noisy"} - found.if_flagged.keys() == set(found.flagged)
    quiet = Synthetic(np.random.default_rng(1), dict.fromkeys(spreads, 0.0), spreads, synthetic.normal, cost, 600.0)
    course = follow(quiet, lambda _: Margin())
    assert course.if_flagged.keys() == set(spreads) - set(course.flagged)
    assert all(size >= course.confirming for size in course.if_flagged.values())


def test_noise_without_spread() -> None:
    """Log ratios that are all zero pass."""
    source = Synthetic(
        np.random.default_rng(1), dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0), synthetic.normal, COST, 300
    )

    assert slower(follow(source, lambda _: Margin())) == set()


def test_suite_needs_the_same_generations_of_all() -> None:
    """Benchmarks of different lengths have no mean a generation."""
    with pytest.raises(ValueError, match="inhomogeneous"):
        suite_test({"a": [0.1] * 10, "b": [0.1] * 9}, Margin())
