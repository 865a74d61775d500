"""Passes: the benchmarks of a run gone through again and again, until each has had its visits or the time is over."""

import random
from collections.abc import Generator

import pytest
from _pytest.runner import runtestprotocol

from bench.instrument.progress import Progress
from bench.instrument.recorder import is_benchmark
from bench.instrument.shares import Shares
from bench.instrument.visits import Series


class Passes:
    """Runs the benchmarks `passes` times, each time in another order, where they have further visits to make.

    The first pass is pytest's own, with its reports. Of the later ones only what fails is reported: the benchmark has
    failed then, and has no further visit. Between passes what has module or session scope is torn down too.
    """

    def __init__(
        self, passes: int, seed: int | None, shares: Shares | None, progress: Progress, *, spares_long: bool = False
    ) -> None:
        self.passes = passes
        self._spares_long = spares_long
        self._seed = seed
        self._shares = shares
        self._progress = progress
        self._series: dict[str, Series] = {}
        self._is_later = False

    def series(self, item: pytest.Item) -> Series:
        """Return what the visits of a benchmark have in common."""
        return self._series.setdefault(item.nodeid, Series(self.passes, spares_long=self._spares_long))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Give the first pass two parts of the time, as it calibrates, and all others one."""
        if self._shares is not None:
            self._shares.begin(session.items, 2 / (self.passes + 1))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Follow the first pass by the others."""
        result = yield
        for number in range(2, self.passes + 1):
            self._again(session, number)
        return result

    def _again(self, session: pytest.Session, number: int) -> None:
        items = [item for item in session.items if self.series(item).goes_on] if self._series else []
        if self._seed is not None:
            random.Random(f"{self._seed} {number}").shuffle(items)
        if self._shares is not None:
            self._shares.begin(items, 1 / (self.passes - number + 1))
        self._progress.remaining((self.passes - number + 1) * len(items))
        self._is_later = True
        for item, following in zip(items, [*items[1:], None], strict=False):
            if self._shares is not None and self._shares.is_spent:
                session._setupstate.teardown_exact(None)  # noqa: SLF001 - as pytest's own loop does after its last
                return
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a later visit, and report what went wrong in it."""
        if not self._is_later or not is_benchmark(item):
            return None
        self._progress.pytest_runtest_logstart(item.nodeid)
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if not report.passed:
                self.series(item).fail()
                item.ihook.pytest_runtest_logreport(report=report)
        self._progress.pytest_runtest_logfinish()
        return True
