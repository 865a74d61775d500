"""How much is measured, by a pilot's noise and a budget."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.lockstep.estimate import MIN_GENERATIONS, MIN_ROUNDS, PairedRounds, ratio
from bench.lockstep.planning import COST_AT_MOST, MULTIPLE_AT_LEAST, Noise, noise, plan
from tests.lockstep.made import synthetic


@pytest.mark.parametrize("multiple", [0, 1, 4])
@pytest.mark.parametrize(("generations", "rounds"), [(2, 5), (4, 10)])
def test_of_generations_is_said_what_a_pilot_is_sure_of(generations: int, rounds: int, multiple: float) -> None:
    """The multiple is seldom too high, nor far too low where it is large, however the noise of benchmarks differs."""
    rng = np.random.default_rng(13)
    found = []
    for _ in range(50):
        sds = np.exp(rng.normal(-4, 1, 20))
        pilots = [
            synthetic(
                rng, generations=generations, rounds=rounds, sd_rounds=sd, sd_generations=sd * math.sqrt(multiple)
            )
            for sd in sds
        ]
        result = noise(pilots)
        found.append((result[0].sd_between_generations / result[0].sd_between_rounds) ** 2)
        assert result[7].sd_between_generations / result[7].sd_between_rounds == pytest.approx(math.sqrt(found[-1]))

    assert np.mean(np.array(found) <= max(multiple, MULTIPLE_AT_LEAST) * (1 + 1e-9)) > 0.6
    assert np.median(found) >= max(0.2 * multiple, MULTIPLE_AT_LEAST * (1 - 1e-9))


def test_rounds_are_of_each_benchmark_alone() -> None:
    """A noisy benchmark does not make a quiet one noisy."""
    rng = np.random.default_rng(17)
    noisy = synthetic(rng, generations=2, rounds=10, sd_rounds=0.1, sd_generations=0)
    quiet = synthetic(rng, generations=2, rounds=10, sd_rounds=0.001, sd_generations=0)

    first, second = noise([noisy, quiet])

    assert first.sd_between_rounds > 20 * second.sd_between_rounds


def test_rounds_that_do_not_differ() -> None:
    """A clock that is too coarse to show noise shows none of generations either, and nothing of other benchmarks."""
    rng = np.random.default_rng(23)
    same = [PairedRounds((1.0,) * 5, (1.1,) * 5)] * 2
    other = synthetic(rng, generations=2, rounds=5, sd_rounds=0.1, sd_generations=1)

    assert noise([same, same]) == [Noise(0.0, 0.0)] * 2
    assert noise([same, other]) == [Noise(0.0, 0.0), *noise([other])]


@pytest.mark.parametrize("benchmarks", [1, 20])
@pytest.mark.parametrize("multiple", [0, 0.3])
@pytest.mark.parametrize(("generation_s", "turn_s", "budget_s"), [(1.2, 0.02, 60), (0.5, 0.2, 70)])
def test_what_a_short_pilot_gets_wrong_costs_little(
    benchmarks: int, multiple: float, generation_s: float, turn_s: float, budget_s: float
) -> None:
    """Nine of ten plans give intervals less than 5/3 as wide as the best plan would, had the truth been known."""
    rng = np.random.default_rng(29)
    truth = Noise(0.02, 0.02 * math.sqrt(multiple))

    def half_width(generations: int, rounds: int) -> float:
        kept = generations - 2 * math.floor(generations / 8)
        variance = truth.sd_between_generations**2 + math.pi / 2 * truth.sd_between_rounds**2 / rounds
        return float(stats.t.ppf(0.975, kept - 1)) * math.sqrt(variance / generations)

    best = min(
        half_width(generations, rounds)
        for generations in range(MIN_GENERATIONS, int(budget_s / generation_s))
        if (rounds := int((budget_s / generations - generation_s) / turn_s)) >= MIN_ROUNDS
    )
    found = []
    for _ in range(30):
        pilots = [
            synthetic(rng, generations=2, rounds=5, sd_rounds=0.02, sd_generations=truth.sd_between_generations)
            for _ in range(benchmarks)
        ]
        chosen = plan(noise(pilots), budget_s, generation_s=generation_s, turn_s=turn_s)
        found.append(half_width(chosen.generations, chosen.rounds) / best)

    assert np.quantile(found, 0.9) < 5 / 3


@pytest.mark.parametrize(
    "pilot",
    [
        [PairedRounds((1.0,) * 5, (1.0, 1.1, 1.2, 1.3, 1.4))],
        [PairedRounds((1.0,) * 4, (1.0, 1.1, 1.2, 1.3))] * 2,
        [PairedRounds((1.0,) * n, (1.0, 1.1, 1.2, 1.3, 1.4)[:n]) for n in (4, 5)],
    ],
    ids=["one generation", "few rounds", "few rounds in one"],
)
def test_a_pilot_that_is_too_short(pilot: list[PairedRounds]) -> None:
    """It is refused, even if those of other benchmarks are not."""
    rng = np.random.default_rng(19)
    enough = synthetic(rng, generations=2, rounds=5, sd_rounds=0.1, sd_generations=0)

    with pytest.raises(ValueError, match="at least 2 generations of 5 rounds"):
        noise([enough, pilot])


def test_a_plan_spends_on_what_is_noisy() -> None:
    """Noise between generations is answered with generations, noise between rounds with rounds."""
    between_generations = plan([Noise(0.001, 0.02)], 60, generation_s=1, turn_s=0.01)
    between_rounds = plan([Noise(0.05, 0.001)], 60, generation_s=1, turn_s=0.01)

    assert between_generations.generations > 2 * between_rounds.generations
    assert between_generations.rounds < between_rounds.rounds


def test_most_of_the_time_is_measuring_unless_intervals_suffer() -> None:
    """Where rounds are the noise, no more is lost than is aimed at; where generations are, what intervals need."""
    rounds = plan([Noise(0.02, 0.003)], 70, generation_s=0.5, turn_s=0.2, rounds_s=0.19)
    generations = plan([Noise(0.001, 0.02)], 70, generation_s=0.5, turn_s=0.2, rounds_s=0.19)
    short = plan([Noise(0.02, 0.003)], 12, generation_s=0.5, turn_s=0.2, rounds_s=0.19)

    assert 0.1 < rounds.cost <= COST_AT_MOST
    assert generations.cost > COST_AT_MOST
    assert generations.rounds < 10
    assert short.generations == MIN_GENERATIONS  # of all that are nearly the narrowest the one with the most rounds
    assert COST_AT_MOST < short.cost < 0.31


SDS = st.floats(min_value=0, max_value=0.5)


@given(
    st.lists(st.tuples(SDS, SDS), min_size=1, max_size=5),
    st.floats(min_value=1, max_value=3600),
    st.floats(min_value=0, max_value=20),
    st.floats(min_value=1e-4, max_value=5),
)
def test_a_plan_keeps_to_the_budget(
    sds: list[tuple[float, float]], budget_s: float, generation_s: float, turn_s: float
) -> None:
    """A plan takes no more than the budget and no fewer than the least; else the least budget is named, and enough."""
    noises = [Noise(*pair) for pair in sds]
    least_s = MIN_GENERATIONS * (generation_s + MIN_ROUNDS * turn_s)
    if budget_s < least_s:
        with pytest.raises(ValueError, match="give at least"):
            plan(noises, budget_s, generation_s=generation_s, turn_s=turn_s)
        budget_s = least_s
    chosen = plan(noises, budget_s, generation_s=generation_s, turn_s=turn_s)

    assert chosen.expected_s <= budget_s * (1 + 1e-6)
    assert chosen.generations >= MIN_GENERATIONS
    assert chosen.rounds >= MIN_ROUNDS
    assert len(chosen.half_widths) == len(sds)
    assert 0 <= chosen.cost < 1


def test_a_plan_tells_the_half_width() -> None:
    """What a plan expects is what synthetic measurements by it then have, within a tenth."""
    rng = np.random.default_rng(11)
    chosen = plan([Noise(0.03, 0.01)], 30, generation_s=0.5, turn_s=0.02)
    widths = []
    for _ in range(100):
        result = ratio(
            synthetic(rng, generations=chosen.generations, rounds=chosen.rounds, sd_rounds=0.03, sd_generations=0.01)
        )
        assert result.low is not None
        assert result.high is not None
        widths.append(math.log(result.high / result.low) / 2)

    assert np.mean(widths) == pytest.approx(chosen.half_widths[0], rel=0.1)


def test_a_plan_of_a_long_budget() -> None:
    """A day's budget of millions of short generations is planned from a few hundred, and is spent."""
    chosen = plan([Noise(0.001, 0.02)], 86_400, generation_s=0, turn_s=1e-3)

    assert chosen.generations > 1_000_000
    assert 0.9 * 86_400 < chosen.expected_s <= 86_400 * (1 + 1e-6)


def test_a_plan_of_what_cannot_be() -> None:
    """Without noise, or with costs that cannot be, there is none."""
    with pytest.raises(ValueError, match="nothing to plan for"):
        plan([], 60, generation_s=1, turn_s=0.01)
    with pytest.raises(ValueError, match="a turn more than none"):
        plan([Noise(0.01, 0.01)], 60, generation_s=1, turn_s=0)
