"""What the time of a run goes into: the share that is not measuring is part of the result."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What is being done; only rounds are measuring."""

    STARTING = "starting processes"
    SETTING_UP = "setting up benchmarks"
    CALIBRATING = "calibrating"
    WARMING_UP = "warming up"
    ROUNDS = "rounds"
    BETWEEN_ROUNDS = "between rounds"
    ENDING = "ending benchmarks"
    STOPPING = "stopping processes"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by phase; `turns` counts the rounds of all arms together."""

    seconds: dict[Phase, float]
    turns: int

    @property
    def wall_s(self) -> float:
        """Return the seconds of all phases."""
        return sum(self.seconds.values())

    @property
    def beside_s(self) -> float:
        """Return the seconds that a generation takes whatever its number of rounds, once iterations are known."""
        per_round = (Phase.ROUNDS, Phase.BETWEEN_ROUNDS, Phase.CALIBRATING)
        return self.wall_s - sum(self.seconds[phase] for phase in per_round)

    @property
    def in_turns_s(self) -> float:
        """Return the seconds that go with the number of rounds."""
        return self.seconds[Phase.ROUNDS] + self.seconds[Phase.BETWEEN_ROUNDS]

    def not_measuring(self) -> float | None:
        """Return the share of the time that is no round, or None where no time has passed."""
        return 1 - self.seconds[Phase.ROUNDS] / self.wall_s if self.wall_s else None

    def describe(self) -> dict[str, object]:
        """Return all of it, ready for JSON."""
        between_s = self.seconds[Phase.BETWEEN_ROUNDS]
        return {
            "wall_s": self.wall_s,
            "not_measuring": self.not_measuring(),
            "turns": self.turns,
            "between_rounds_each_s": between_s / self.turns if self.turns else None,
            "seconds": {str(phase): seconds for phase, seconds in self.seconds.items()},
        }


class Clock:
    """Adds up what each phase takes; one phase at a time.

    `starts_s` has what the start of each generation took during which nothing was measured.
    """

    def __init__(self) -> None:
        self.starts_s: list[float] = []
        self._seconds = dict.fromkeys(Phase, 0.0)
        self._turns = 0

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Count the time of the block for a phase."""
        begun_s = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[phase] += time.perf_counter() - begun_s

    def round(self, timed_s: float) -> None:
        """Take the seconds of a measured round out of those between rounds, within which it was run."""
        self._seconds[Phase.ROUNDS] += timed_s
        self._seconds[Phase.BETWEEN_ROUNDS] -= timed_s
        self._turns += 1

    def cost(self) -> Cost:
        """Return what has been counted so far."""
        return Cost(dict(self._seconds), self._turns)
