"""How much to measure: from a pilot's noise and a budget, fixed before the first round that counts."""

import math
import time
from dataclasses import dataclass
from statistics import median

from bench.instrument import units
from bench.lockstep import estimate, planning
from bench.lockstep.controller import Lockstep
from bench.lockstep.cost import Phase

PILOT_GENERATIONS = 2
PILOT_ROUNDS = 5
ROUNDS = 30
"""As many as a generation has where the number of generations is given: more would hardly narrow an interval."""


class SizeError(ValueError):
    """A budget that holds too little; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Generations, and rounds of each benchmark and arm in each of them.

    `half_width` is that which 95% intervals of log ratios are expected to have in the middle (0.01 is about 1%), where
    the pilot's noise has decided.
    """

    generations: int
    rounds: int
    expected_s: float
    half_width: float | None = None


def choose(lockstep: Lockstep, budget_s: float, generations: int | None) -> Sizes:
    """Run a pilot, whose rounds are then forgotten, and return what fits into the rest of the budget.

    Raises SizeError where nothing can be compared or the budget is too short.
    """
    begun_s = time.monotonic()
    *_, (pilot, clock) = lockstep.record(PILOT_GENERATIONS, PILOT_ROUNDS)
    spent = clock.cost()
    pilot_s = time.monotonic() - begun_s
    pairs = [pilot.pairs(nodeid, head) for nodeid in pilot.rounds for head in pilot.heads(nodeid)]
    complete = [pair for pair in pairs if len(pair) == PILOT_GENERATIONS]
    if not complete:
        reasons = "; ".join(dict.fromkeys(f"{refusal.arm}: {refusal.reason}" for refusal in pilot.refusals))
        raise SizeError(f"no benchmark can be compared{': ' * bool(reasons)}{reasons}")
    turns = PILOT_GENERATIONS * PILOT_ROUNDS
    turn_s = spent.in_turns_s / turns
    starting_s = spent.seconds[Phase.STARTING]
    # Nothing hides the first start, here or in what is measured next
    start_s = (starting_s - clock.starts_s[0]) / (PILOT_GENERATIONS - 1)
    generation_s = (spent.beside_s - starting_s) / PILOT_GENERATIONS + start_s
    before_s = pilot_s + max(0.0, clock.starts_s[0] - start_s)
    left_s = budget_s - before_s
    least = generations or estimate.MIN_GENERATIONS
    least_s = before_s + least * (generation_s + estimate.MIN_ROUNDS * turn_s)
    if budget_s < least_s:
        raise SizeError(
            f"{least} generations of these benchmarks take {units.seconds(least_s)}, the pilot included: "
            f"give --budget {math.ceil(least_s / 60)}m, or fewer benchmarks{' or --generations' * (least > 1)}"
        )
    if generations is not None:
        fitting = int((left_s / generations - generation_s) / turn_s)
        rounds = min(max(fitting, estimate.MIN_ROUNDS), ROUNDS)
        expected_s = generations * (generation_s + rounds * turn_s)
        return Sizes(generations, rounds, before_s - pilot_s + expected_s)
    plan = planning.plan(
        planning.noise(complete),
        left_s,
        generation_s=generation_s,
        turn_s=turn_s,
        rounds_s=spent.seconds[Phase.ROUNDS] / turns,
    )
    return Sizes(plan.generations, plan.rounds, before_s - pilot_s + plan.expected_s, median(plan.half_widths))
