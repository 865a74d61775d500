"""How much to measure: from a pilot's noise and a budget, fixed before the first round that counts."""

import math
import time
from dataclasses import dataclass

from bench.instrument import units
from bench.lockstep import estimate
from bench.lockstep.controller import Lockstep

PILOT_GENERATIONS = 2
PILOT_ROUNDS = 5
ROUNDS = 30
"""As many as a generation has where the number of generations is given: more would hardly narrow an interval."""


class SizeError(ValueError):
    """A budget that holds too little; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Generations, and rounds of each benchmark and arm in each of them."""

    generations: int
    rounds: int
    expected_s: float


def choose(lockstep: Lockstep, budget_s: float, generations: int | None) -> Sizes:
    """Run a pilot, whose rounds are then forgotten, and return what fits into the rest of the budget.

    Raises SizeError where nothing can be compared or the budget is too short.
    """
    begun_s = time.monotonic()
    *_, (pilot, clock) = lockstep.record(PILOT_GENERATIONS, PILOT_ROUNDS)
    spent = clock.cost()
    pilot_s = time.monotonic() - begun_s
    pairs = [(nodeid, head) for nodeid in pilot.rounds for head in pilot.heads(nodeid)]
    if not pairs:
        reasons = "; ".join(dict.fromkeys(f"{refusal.arm}: {refusal.reason}" for refusal in pilot.refusals))
        raise SizeError(f"no benchmark can be compared{': ' * bool(reasons)}{reasons}")
    turn_s = spent.in_turns_s / (PILOT_GENERATIONS * PILOT_ROUNDS)
    generation_s = spent.beside_s / PILOT_GENERATIONS
    least = generations or estimate.MIN_GENERATIONS
    least_s = pilot_s + least * (generation_s + estimate.MIN_ROUNDS * turn_s)
    if budget_s < least_s:
        raise SizeError(
            f"{least} generations of these benchmarks take {units.seconds(least_s)}, the pilot included: "
            f"give --budget {math.ceil(least_s / 60)}m, or fewer benchmarks{' or --generations' * (least > 1)}"
        )
    if generations is not None:
        fitting = int(((budget_s - pilot_s) / generations - generation_s) / turn_s)
        rounds = min(max(fitting, estimate.MIN_ROUNDS), ROUNDS)
        return Sizes(generations, rounds, generations * (generation_s + rounds * turn_s))
    pilots = [estimate.ratio(pilot.pairs(*pair)) for pair in pairs]
    plan = estimate.plan(pilots, budget_s - pilot_s, generation_s=generation_s, turn_s=turn_s)
    return Sizes(plan.generations, plan.rounds, plan.expected_s)
