"""Measure all ways within a time, in turn, so that a noisy minute is not one way's alone."""

import time
from collections.abc import Callable, Iterable
from random import Random

from bench.instrument.command_line import words
from bench.lockstep.noise.table import Row, row
from bench.lockstep.noise.ways import FAILURES, Measured, Way


class Rows:
    """What has been measured of each way so far; it can be asked for its rows at any time."""

    def __init__(self, ways: Iterable[Way], seed: int) -> None:
        self._seed = seed
        self._random = Random(seed)
        self._measured: dict[Way, list[Measured]] = {way: [] for way in ways}
        self._reasons: dict[Way, str] = {way: way.missing for way in self._measured if way.missing}
        self._spent_s = dict.fromkeys(self._measured, 0.0)

    def measure(self, budget_s: float, progress: Callable[[str, float], object]) -> None:
        """Let that way go next which has had least of its share, until the time is over or none can go on.

        `progress` is told each way's name before it goes, and how many seconds the whole has taken. A way that fails
        is left out from then on, with the reason.
        """
        start = time.monotonic()
        while (spent_s := time.monotonic() - start) < budget_s:
            able = [way for way in self._measured if way not in self._reasons]
            if not able:
                return
            way = min(able, key=lambda way: self._spent_s[way] / way.share)
            progress(way.name, spent_s)
            began = time.monotonic()
            try:
                self._measured[way].append(way.measure(self._random))
            except FAILURES as error:
                self._reasons[way] = f"failed: {words(error)}"
            self._spent_s[way] += time.monotonic() - began

    @property
    def failed(self) -> bool:
        """Whether a way that can be measured here has failed."""
        return any(reason != way.missing for way, reason in self._reasons.items())

    def rows(self) -> list[Row]:
        """Return a row a way."""
        return [row(way, measured, self._reasons.get(way), self._seed) for way, measured in self._measured.items()]
