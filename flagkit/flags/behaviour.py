"""How a flag server behaves: its delays and errors, drawn from a seed so that a run can be repeated."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["BEHAVIOURS", "DEFAULT_SEED", "DROP", "Behaviour", "Fate", "Hosted"]

DEFAULT_SEED = 1687
"""With it the ERROR server gives the counts of the sample runs: 150, 361 and 165 of AA to ZZ."""
DROP = 0
"""In place of an HTTP status: the connection is closed before an answer."""
ERRORS = (500, 503, 418, DROP)


@dataclass(frozen=True, slots=True)
class Fate:
    """What one request meets: a wait, then an answer (`status` None) or an error (an HTTP status, or DROP)."""

    delay_s: float = 0.0
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A server's delays and errors.

    A share `delay_rate` of the answers comes after a delay between the two of `delay_s`; independently of it, a share
    `error_rate` of them is an error. ValueError when a rate is no share or a delay is no time.
    """

    delay_s: tuple[float, float] = (0.0, 0.0)
    delay_rate: float = 1.0
    error_rate: float = 0.0
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        shortest_s, longest_s = self.delay_s
        if not 0 <= shortest_s <= longest_s < float("inf"):
            raise ValueError(f"a delay is 0 seconds or more, the shorter first, not {shortest_s:g} to {longest_s:g}")
        for name, rate in (("delay rate", self.delay_rate), ("error rate", self.error_rate)):
            if not 0 <= rate <= 1:
                raise ValueError(f"the {name} is a share from 0 to 1, not {rate:g}")

    @property
    def is_plain(self) -> bool:
        """Whether every answer comes at once and is right."""
        return self.error_rate == 0 and (self.delay_rate == 0 or self.delay_s[1] == 0)

    def fate(self, key: str, attempt: int = 1) -> Fate:
        """Return what attempt number `attempt` at `key` (a code in upper case) meets; the same for the same seed.

        The draws are in a fixed order, so that delays do not depend on the error rate. Source of the repeatability:
        `random.Random` seeded with a string, whose `random()` is the same in every Python version.
        """
        if self.is_plain:
            return Fate()
        draw = random.Random(f"{self.seed}/{key}/{attempt}").random
        fails, which, waits, how_long = draw(), draw(), draw(), draw()
        shortest_s, longest_s = self.delay_s
        return Fate(
            delay_s=shortest_s + how_long * (longest_s - shortest_s) if waits < self.delay_rate else 0.0,
            status=ERRORS[int(which * len(ERRORS))] if fails < self.error_rate else None,
        )

    def __str__(self) -> str:
        shortest_s, longest_s = self.delay_s
        parts = []
        if self.delay_rate and longest_s:
            share = "every answer" if self.delay_rate == 1 else f"{self.delay_rate:.0%} of the answers"
            wait = f"{longest_s:g} s" if shortest_s == longest_s else f"{shortest_s:g} to {longest_s:g} s"
            parts.append(f"{share} after {wait}")
        if self.error_rate:
            parts.append(f"{self.error_rate:.0%} of the answers an error (seed {self.seed})")
        return ", ".join(parts) or "every answer at once"


BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "LOCAL": Behaviour(),
        "DELAY": Behaviour(delay_s=(0.5, 0.5)),
        "ERROR": Behaviour(delay_s=(0.5, 0.5), delay_rate=0.5, error_rate=0.25),
    },
)
"""The three servers of the book's first edition."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A server to be run: its label, where it listens (port 0: any that is free), and how it behaves."""

    label: str
    behaviour: Behaviour
    port: int = 0
    embedded: bool = False
    """Whether it ends with the run that started it."""

    def health(self) -> dict[str, object]:
        """Return what `/healthz` tells; `server` is how the downloader knows one of its own."""
        return {"status": "ok", "server": "flagkit", "label": self.label, "embedded": self.embedded}
