"""``--budget``: the time of a whole run, shared out among its benchmarks as it goes."""

import time
from collections.abc import Callable, Generator, Iterable

import pytest

from bench.instrument.recorder import is_benchmark

OVERRUN = 0.02
"""Part of the budget by which the least numbers of rounds may overrun it."""


class Shares:
    """Gives each benchmark its part of what is left of ``budget_s`` seconds, at most ``most`` times what it asks for.

    What a benchmark asks for is ``asked_s(item)``, the seconds of its rounds. The time for set-up, warm-up, checks and
    teardown, which nobody asks for, is taken to be what it was on average so far: so a run that has more of it than
    foreseen measures less, and still ends in time. The least number of rounds is run in any case, until the budget is
    overrun by OVERRUN: what comes after that does not run (`is_spent`), and says so.

    A run may go through its benchmarks in several passes, each of which has a part of what is left (`begin`).
    """

    def __init__(
        self,
        budget_s: float,
        asked_s: Callable[[pytest.Item], float],
        most: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget_s = budget_s
        self._asked_s = asked_s
        self._most = most
        self._clock = clock
        self._left: dict[str, float] = {}
        self._end_s = self._pass_end_s = 0.0
        self._done = 0
        self._beside_s = 0.0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start the clock."""
        self._end_s = self._clock() + self._budget_s
        self.begin(session.items, 1.0)

    def begin(self, items: Iterable[pytest.Item], part: float) -> None:
        """See who shares this part of what is left."""
        now_s = self._clock()
        self._left = {item.nodeid: self._asked_s(item) for item in items if is_benchmark(item)}
        self._pass_end_s = now_s + part * (self._end_s - now_s)
        if self._done:  # what the last pass has taught counts as one of this pass
            self._beside_s, self._done = self._beside_s / self._done, 1

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note what a benchmark took beside its share."""
        share_s = self.share_s(item)
        begun_s = self._clock()
        try:
            return (yield)
        finally:
            if self._left.pop(item.nodeid, None) is not None:
                self._done += 1
                self._beside_s += max(0.0, self._clock() - begun_s - share_s)

    @property
    def is_spent(self) -> bool:
        """Return whether the run has overrun its budget so far that no further benchmark should begin."""
        return self._clock() > self._end_s + OVERRUN * self._budget_s

    def share_s(self, item: pytest.Item) -> float:
        """Return the seconds for the rounds of a benchmark that is yet to run, at least 0."""
        asked_s = self._left.get(item.nodeid, 0.0)
        beside_s = len(self._left) * self._beside_s / self._done if self._done else 0.0
        left_s = self._pass_end_s - self._clock() - beside_s
        return max(0.0, asked_s * min(self._most, left_s / (sum(self._left.values()) or 1.0)))
