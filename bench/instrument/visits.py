"""Visits: the body of a benchmark run several times, each time with pools, servers and data of its own.

Rounds of one pool share its luck: the core that its worker is on, the way of its pipe, where its memory lies. However
many of them there are, they do not tell how the next pool fares. So the rounds are spread over a few visits, and an
interval is taken by visits (bench.instrument.statistics).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LEAST: Final = 4
"""The fewest visits worth the name: Student's t for fewer makes intervals that are wider than what they are about."""
SETUP_S: Final = 0.5
"""Up to this set-up a benchmark gets LEAST visits even where they take longer than its rounds."""


def split(rounds: int, visits: int) -> tuple[int, ...]:
    """Return the rounds of each visit, which differ by one at most; the first ones have more."""
    each, more = divmod(rounds, visits)
    return (each + 1,) * more + (each,) * (visits - more)


def affordable(most: int, setup_s: float, budget_s: float) -> int:
    """Return how many visits to make: at most `most`, and one alone where LEAST would take too long to set up.

    Set-up may take as long as the rounds.
    """
    by_time = int(budget_s / setup_s) if setup_s > 0 else most
    visits = min(most, max(by_time, LEAST if setup_s <= SETUP_S else 0))
    return visits if visits >= LEAST else 1


@dataclass(slots=True)
class Visits:
    """The visits of one benchmark, at most `most`: how many there are is planned in the first one.

    `times_s` holds the rounds of those that are over, in seconds per iteration.
    """

    most: int = 1
    clock: Callable[[], float] = time.perf_counter
    times_s: list[float] = field(default_factory=list)
    _rounds: tuple[int, ...] = ()
    _done: int = 0
    _begun_s: float = 0.0
    _setup_s: float = 0.0

    def make(self, body: Callable[[], object]) -> None:
        """Run the body as often as its first run has it planned."""
        while True:
            self._begun_s = self.clock()
            body()
            self._done += 1
            if self._done >= len(self._rounds):
                return

    def is_set_up(self) -> None:
        """Note that what comes before the measuring is over."""
        self._setup_s = self.clock() - self._begun_s

    def plan(self, rounds: int, budget_s: float) -> None:
        """Spread the rounds over visits."""
        visits = affordable(min(self.most, rounds), self._setup_s, budget_s)
        self._rounds = split(rounds, visits)

    @property
    def is_first(self) -> bool:
        """Whether nothing has been planned yet."""
        return not self._rounds

    @property
    def is_last(self) -> bool:
        """Whether this visit's rounds are the last."""
        return self._done + 1 >= len(self._rounds)

    @property
    def rounds_here(self) -> int:
        """The rounds of this visit."""
        return self._rounds[self._done]

    @property
    def rounds(self) -> tuple[int, ...]:
        """The rounds of each visit, in order."""
        return self._rounds
