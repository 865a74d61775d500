"""The second stage: are the flagged ones slower by more than is let pass? Fresh generations, strict levels.

Two families, each with Holm's correction over its flagged: slower (which fails the gate) and faster (which is told).
The p-value is that of "the ratio is 1 + delta or less"; the bound is where the same test, at the same corrected level,
stops rejecting. So "p is at or below its level" and "the bound is above 1 + delta" say the same thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.gate.procedure.center import Center, center
from bench.gate.procedure.holm import holm
from bench.gate.procedure.rules import Margin
from bench.gate.procedure.signflip import lower_bound, p_value, resamples


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What fresh data say of one flagged benchmark; `sign` is -1 where it was looked at as faster."""

    logs: tuple[float, ...]
    sign: float
    p: float
    level: float
    is_changed: bool

    @property
    def center(self) -> Center:
        """Where the log ratios lie."""
        return center(self.logs)

    def bound(self) -> float:
        """Return the log ratio that bounds a slowdown from below (an improvement from above) with 1 - level.

        It takes as long as twenty tests: the test is inverted. Not finite where no bound can be had.
        """
        return self.sign * lower_bound([self.sign * value for value in self.logs], self.level)


def confirm(
    flagged: Mapping[str, Sequence[float]], margins: Mapping[str, Margin], alpha: float, *, faster: bool = False
) -> dict[str, Confirmed]:
    """Test one family from log ratios that the screen has not seen, one a generation."""
    if not flagged:
        return {}
    sign = -1.0 if faster else 1.0
    towards = {name: [sign * value for value in logs] for name, logs in flagged.items()}
    draws = resamples(alpha / len(flagged))
    steps = holm({name: p_value(logs, margins[name].allowed, draws) for name, logs in towards.items()}, alpha)
    return {
        name: Confirmed(tuple(flagged[name]), sign, step.p, step.level, step.is_rejected)
        for name, step in steps.items()
    }
