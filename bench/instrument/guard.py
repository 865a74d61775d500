"""The guard: a benchmark that leaves something behind fails, and nothing survives the run."""

import os
import tempfile
from collections.abc import Callable, Generator
from multiprocessing.util import get_temp_dir
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from bench.instrument import leaks, segments
from bench.instrument.recorder import is_benchmark

NAME = "instrument-leaks"
PATIENCE_S = 2.0
"""How long what is about to end has to do so."""
STOPPED_PATIENCE_S = 0.1
"""The same where the run was stopped: what is left then is no fault, and only has to go."""

_TEMPORARY_VARIABLES = ("TMPDIR", "TEMP", "TMP")


class Guard:
    """Compares what is there before a benchmark's set-up with what is there after its teardown.

    What a fixture of wider scope starts in its own set-up belongs to the fixture until that is torn down, as do the
    processes that its processes start; what it starts later, during a benchmark, is taken for the benchmark's.

    Temporary files are told from those of other programs by a directory of this run's own, into which ``tempfile`` and
    TMPDIR point while benchmarks are run.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._directory: Path | None = None
        self._replaced: dict[str, str | None] = {}
        self._at_start: leaks.Snapshot | None = None
        self._before: leaks.Snapshot | None = None
        self._reported: leaks.Snapshot = frozenset()
        self._owned: dict[Any, leaks.Snapshot] = {}
        self._message = ""
        self._end_notes: Callable[[], None] | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to watch, if there are benchmarks at all: what ordinary tests do is their own affair."""
        if any(is_benchmark(item) for item in session.items) and not self._config.getoption("collectonly"):
            self._open_directory()
            self._end_notes = segments.note_creations()
            self._at_start = leaks.take(self._directory)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Note what a fixture of wider scope starts."""
        if self._at_start is None or fixturedef.scope == "function":
            return (yield)
        before = leaks.take(self._directory)
        try:
            return (yield)
        finally:
            self._owned[fixturedef] = leaks.take(self._directory) - before

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Forget a fixture that is torn down: what it has left is a leak from now on."""
        self._owned.pop(fixturedef, None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Look before anything of a benchmark has run."""
        if is_benchmark(item) and self._at_start is not None:
            self._before = leaks.take(self._directory) - self._owned_by_fixtures()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        """Fail a benchmark that left something, and end that, so that the next one is not disturbed by it."""
        try:
            result = yield
        except Exception as error:
            if leaked := self._end_leaks_of(item):
                error.add_note(f"It also left behind: {_listed(leaked)}")
            raise
        if leaked := self._end_leaks_of(item):
            pytest.fail(f"left behind: {_listed(leaked)}", pytrace=False)
        return result

    def _end_leaks_of(self, item: pytest.Item) -> list[leaks.Resource]:
        if not is_benchmark(item) or self._before is None:
            return []
        leaked = self._leaked(self._before, PATIENCE_S)
        leaks.end(leaked, self._directory)
        self._reported = self._reported.union(leaked)
        self._before = None
        return leaked

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Fail a run that left something, whoever left it, and end that."""
        try:
            return (yield)
        finally:
            self._finish(session, is_interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)

    def _finish(self, session: pytest.Session, *, is_interrupted: bool) -> None:
        if self._at_start is None:
            return
        self._owned.clear()
        stopped = leaks.stop_children() if is_interrupted else []
        # Shared memory cannot be told from that of others over a whole run, only over the benchmark that was stopped.
        begun = leaks.take(self._directory) if self._before is None else self._before
        since = self._at_start | self._reported | {one for one in begun if one.kind is leaks.Kind.SEGMENT}
        leaked = self._leaked(since, STOPPED_PATIENCE_S if is_interrupted else PATIENCE_S)
        leaks.end(leaked, self._directory)
        leaks.kill(stopped)
        if leaked and not is_interrupted:
            self._message = f"error: the run left behind: {_listed(leaked)}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        self._close_directory()

    def pytest_unconfigure(self) -> None:
        """Say what the run left, where nothing else on the screen can hide it."""
        if self._end_notes is not None:
            self._end_notes()
        if self._message:
            self._config.get_terminal_writer().line(self._message, red=True)

    def _owned_by_fixtures(self) -> leaks.Snapshot:
        return frozenset().union(*self._owned.values())

    def _leaked(self, since: leaks.Snapshot, patience_s: float) -> list[leaks.Resource]:
        owned = self._owned_by_fixtures()

        def find() -> list[leaks.Resource]:
            return leaks.without_descendants(leaks.take(self._directory) - since - owned, owned)

        return leaks.remaining(find, patience_s)

    def _open_directory(self) -> None:
        # What is not the benchmarks' stays where it always is: pytest's own tmp_path, and the directory in which
        # multiprocessing keeps its sockets as long as this process lives.
        get_temp_dir()
        self._set_variable("PYTEST_DEBUG_TEMPROOT", os.environ.get("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir()))
        self._directory = Path(tempfile.mkdtemp(prefix="bench-"))
        for name in _TEMPORARY_VARIABLES:
            self._set_variable(name, str(self._directory))
        tempfile.tempdir = None  # asks the environment again

    def _close_directory(self) -> None:
        for name, value in self._replaced.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        tempfile.tempdir = None
        if self._directory is not None:
            rmtree(self._directory, ignore_errors=True)  # a file that Windows holds open was reported already

    def _set_variable(self, name: str, value: str) -> None:
        self._replaced[name] = os.environ.get(name)
        os.environ[name] = value


def _listed(leaked: list[leaks.Resource]) -> str:
    return f"{', '.join(str(resource) for resource in leaked)} (-p no:{NAME} turns this check off)"
