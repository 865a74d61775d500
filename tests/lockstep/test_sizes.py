"""How much is measured: what a pilot costs, and what that leaves of the budget."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench.lockstep.cost import Cost, Phase
from bench.lockstep.estimate import MIN_GENERATIONS
from bench.lockstep.planning import COST_AT_MOST
from bench.lockstep.recording import Recording, Refusal, Rounds, Why
from bench.lockstep.sizes import SizeError, Sizes, choose

BESIDE = {Phase.SETTING_UP: 0.2, Phase.WARMING_UP: 0.1, Phase.ENDING: 0.1, Phase.STOPPING: 0.2}


@dataclass
class Pilot:
    """A lockstep of which there is the pilot alone: two generations of five rounds, which took so long."""

    starts_s: list[float]
    starting_s: float
    generations: dict[str, int]
    refusals: tuple[Refusal, ...] = ()

    def record(self, generations: int, rounds: int) -> Iterator[tuple[Recording, "Pilot"]]:
        """Yield it."""
        assert (generations, rounds) == (2, 5)
        recording = Recording(("base", "head"), "base", refusals=list(self.refusals))
        for name, count in self.generations.items():
            times_s = {"base": (1.0, 1.01, 0.99, 1.02, 0.98), "head": (1.0, 1.02, 0.97, 1.01, 1.0)}
            recording.rounds[name] = [Rounds(n, 1, (), times_s, {}) for n in range(count)]
        yield recording, self

    def cost(self) -> Cost:
        """Return ten turns of 0.2 s in rounds and 0.02 s between them, and what is beside these."""
        in_turns = {Phase.ROUNDS: 2.0, Phase.BETWEEN_ROUNDS: 0.2, Phase.CALIBRATING: 5.0}
        return Cost({**BESIDE, **in_turns, Phase.STARTING: self.starting_s}, 20)


def chosen(pilot: Any, budget_s: float, generations: int | None) -> Sizes:
    """Return what is chosen after a pilot."""
    return choose(pilot, budget_s, generations)


HIDDEN = Pilot([1.0], 1.2, {"a": 2, "b": 2})
"""The second start takes 0.2 s beside the rounds of the first generation."""
ONE_CORE = Pilot([1.0, 0.9], 1.9, {"a": 2, "b": 2})


@pytest.mark.parametrize(
    ("pilot", "rounds", "expected_s"),
    [
        # 0.8 s for what the first start takes longer; 10 generations of 0.3 s + 0.2 s, and 11 turns of 0.22 s
        (HIDDEN, 11, 0.8 + 10 * (0.5 + 11 * 0.22)),
        # 0.1 s likewise; 10 generations of 0.3 s + 0.9 s, and 8 turns of 0.22 s
        (ONE_CORE, 8, 0.1 + 10 * (1.2 + 8 * 0.22)),
    ],
    ids=["hidden", "one core"],
)
def test_a_start_counts_as_far_as_it_is_not_hidden(pilot: Pilot, rounds: int, expected_s: float) -> None:
    """The first one is never; the others where there is another core."""
    sizes = chosen(pilot, 30.5, 10)

    assert (sizes.generations, sizes.rounds, sizes.half_width) == (10, rounds, None)
    assert sizes.expected_s == pytest.approx(expected_s)


def test_the_noise_decides_where_no_number_is_given() -> None:
    """The budget is kept, nearly all of it used, and the width to expect is told."""
    sizes = chosen(HIDDEN, 60.0, None)

    assert 0.8 * 60 < sizes.expected_s <= 60
    assert sizes.generations >= MIN_GENERATIONS
    assert 1 - sizes.rounds * 0.2 / (0.5 + sizes.rounds * 0.22) <= COST_AT_MOST + 0.1
    assert sizes.half_width is not None
    assert 0 < sizes.half_width < 0.1


def test_a_benchmark_that_one_generation_does_not_have_is_not_planned_for() -> None:
    """As one whose name depends on the hash seed; the others are measured, and without any the reason is told."""
    both = Pilot([1.0], 1.2, {"a": 2, "b": 1})
    alone = Pilot([1.0], 1.2, {"b": 1}, (Refusal("b", "head", Why.SKIPPED, "no such name"),))

    assert chosen(both, 60.0, None) == chosen(Pilot([1.0], 1.2, {"a": 2}), 60.0, None)
    with pytest.raises(SizeError, match=r"no benchmark can be compared: head: no such name"):
        chosen(alone, 60.0, None)


@pytest.mark.parametrize(("generations", "least"), [(None, "6 generations"), (10, "10 generations")])
def test_a_budget_that_is_too_short_is_refused_with_one_that_is_not(generations: int | None, least: str) -> None:
    """The least that is named holds that many of five rounds."""
    with pytest.raises(SizeError, match=rf"^{least} of these benchmarks take .* s, .* give --budget 1m, or fewer"):
        chosen(HIDDEN, 5.0, generations)
