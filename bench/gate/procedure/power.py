"""How small a slowdown a stage finds, told before it is measured, and judged again by the noise that it had.

By the t distribution of the trimmed mean, an approximation that the simulations in README.md hold to account.
"""

import math

from bench.gate.procedure.center import TRIM
from bench.gate.procedure.quantiles import quantile
from bench.gate.procedure.rules import POWER, Margin
from bench.gate.procedure.screen import threshold

WITHIN_A_STAGE = 1 - (1 - POWER) / 2
"""Where both stages are still to come, each may lose half of what may be lost."""


def degrees(n: int) -> int:
    """Return the degrees of freedom of a trimmed mean of n generations."""
    return n - 2 * int(TRIM * n) - 1


def found_by_confirm(spread: float, n: int, level: float, margin: Margin, power: float = POWER) -> float:
    """Return the log ratio that n generations of that spread confirm with that power at that corrected level."""
    freedom = degrees(n)
    errors = quantile(1 - level, freedom) + quantile(power, freedom)
    return margin.allowed + errors * spread / math.sqrt(n)


def found_by_screen(spread: float, n: int, margin: Margin, power: float = WITHIN_A_STAGE) -> float:
    """Return the log ratio that n generations of that spread flag with that power."""
    error, freedom = spread / math.sqrt(n), degrees(n)
    return threshold(error, freedom, margin) + quantile(power, freedom) * error


def found_by_both(spread: float, screened: int, confirmed: int, level: float, margin: Margin) -> float:
    """Return the log ratio that is both flagged and confirmed with 90% power."""
    return max(
        found_by_screen(spread, screened, margin),
        found_by_confirm(spread, confirmed, level, margin, WITHIN_A_STAGE),
    )
