"""Visits: a benchmark measured several times in a run, a minute apart, each time with pools and data of its own.

Rounds of one pool share its luck: the core that its worker is on, the way of its pipe, where its memory lies, and what
the machine did in that second. However many of them there are, they do not tell how the next pool fares. So the rounds
are spread over a few visits, and an interval is taken by visits (bench.instrument.statistics).
"""

import math
from dataclasses import dataclass, field
from typing import Any, Final

from bench.instrument.rounds import Fixture

SETUP_S: Final = 1.0
"""What takes longer to set up is visited once: more visits would take the time of all others."""


@dataclass(slots=True)
class Series:
    """What the visits of one benchmark have in common; the first one finds it out.

    `visits` is how many there are to be, `first` the fixture of the first, which holds the results of all. `iterations`
    and `reference_iterations` are the calls of a round, `turn_s` what a round takes with all beside it. A visit has at
    least `least` rounds and at most `most`; None leaves that to the time. With `spares_long` one round does where it is
    long: further visits tell more than further rounds of one. `rounds` has the number of those of each.
    """

    visits: int = 1
    first: Fixture | None = None
    iterations: int = 1
    reference_iterations: int = 1
    turn_s: float = 0.0
    least: int = 1
    most: int | None = None
    is_long: bool = False
    spares_long: bool = False
    rounds: list[int] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether there are further visits to make."""
        return self.first is not None and not self.first.has_error and len(self.rounds) < self.visits

    def settle(self, setup_s: float) -> int:
        """Make it the only visit where the set-up takes too long for more; return how many visits' rounds it has."""
        visits = 1
        if setup_s > SETUP_S:
            visits, self.visits = self.visits, 1
        return visits

    def share(self, rounds: int) -> int:
        """Return how many of all rounds are a visit's, rounded up."""
        return math.ceil(rounds / self.visits)

    def rounds_within(self, budget_s: float) -> int:
        """Return how many rounds a later visit has, in that time for them."""
        by_time = int(budget_s / self.turn_s) if self.turn_s > 0 else self.least
        return max(self.least, by_time if self.most is None else min(self.most, by_time))

    def begin(self, fixture: Fixture) -> None:
        """Keep the first visit, once it is complete."""
        self.first = fixture
        self.rounds.append(len(fixture.stats.stats.data))

    def add(self, times_s: list[float], reference_s: list[float], breakdown: dict[str, Any] | None) -> None:
        """Take in a later visit, once it is complete."""
        if self.first is None:
            raise RuntimeError("there was no first visit")
        info = self.first.extra_info
        self.first.stats.stats.data += times_s
        if reference_s:
            info["reference"]["data"] += reference_s
        if breakdown is not None:
            held, added = info["breakdown"], breakdown["data_ns"]
            held.setdefault("visits", [len(held["data_ns"])]).append(len(added))
            held["data_ns"] += added
        self.rounds.append(len(times_s))
        info["visits"] = self.rounds

    def fail(self) -> None:
        """Have no result, whatever was measured before, and no further visit."""
        if self.first is not None:
            self.first.has_error = True
