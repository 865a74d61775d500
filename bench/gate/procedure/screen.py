"""The first stage: which benchmarks may be slower? Lenient, since what it lets go is never looked at again.

It flags on either ground: the estimate is above the change that is let pass; or the data do not rule out, with 98%
confidence, a slowdown of the size that the gate is there to find. So a noisy benchmark is not let go for its noise,
and the chance that the screen loses such a slowdown is about 2% however large the noise.

The flag is no test and has no error rate to keep. Its data are thrown away: among thirty benchmarks the flagged ones
are those that chance favoured, and their estimates are too high. Only fresh data can say whether anything is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.gate.procedure.center import Center, center
from bench.gate.procedure.quantiles import quantile
from bench.gate.procedure.rules import Margin

KEPT = 0.98
"""The chance that a slowdown of the target's size is flagged."""

FASTER_ERRORS = 2.0
"""Standard errors by which an estimate must be faster to be looked at again: an improvement fails nobody's change, so
looking for it may not cost the time in which slowdowns are found."""


@dataclass(frozen=True, slots=True)
class Screened:
    """What the screen says of one benchmark; `threshold` is the log ratio above which it is flagged as slower."""

    center: Center
    threshold: float
    may_be_slower: bool
    may_be_faster: bool

    @property
    def is_flagged(self) -> bool:
        """Whether fresh generations are to be measured."""
        return self.may_be_slower or self.may_be_faster


def screen(logs: Sequence[float], margin: Margin) -> Screened:
    """Judge one benchmark from one log ratio a generation; raises ValueError for fewer than three."""
    found = center(logs)
    above = threshold(found.error, found.freedom, margin)
    return Screened(
        center=found,
        threshold=above,
        may_be_slower=found.value > above,
        may_be_faster=found.value < -max(margin.allowed, FASTER_ERRORS * found.error),
    )


def threshold(error: float, freedom: float, margin: Margin) -> float:
    """Return the estimate above which a benchmark with that standard error is flagged."""
    return min(margin.allowed, margin.target - quantile(KEPT, freedom) * error)
