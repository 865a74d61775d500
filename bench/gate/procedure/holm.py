"""Holm's step-down correction: the chance of even one false alarm in a family stays at alpha, whatever depends on what.

Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What one hypothesis was held to: the `level` that its p-value had to stay at or below."""

    p: float
    level: float
    is_rejected: bool


def holm(p_values: Mapping[str, float], alpha: float) -> dict[str, Step]:
    """Test a family; the least p-value is held to alpha / k, the next to alpha / (k - 1), until one fails.

    Those after the first that fails are not rejected either, and their level is that of the one that failed.
    """
    steps: dict[str, Step] = {}
    is_open = True
    level = alpha
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if is_open:
            level = alpha / (len(p_values) - rank)
            is_open = p <= level
        steps[name] = Step(p, level, is_open)
    return steps
