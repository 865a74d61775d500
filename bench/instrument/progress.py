"""A line that tells how far a recorded run is, and how long it will still take, where a person is looking."""

from typing import TYPE_CHECKING, Any

import pytest
from tqdm import tqdm

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

FORMAT = "{n_fmt} of {total_fmt}, {elapsed} so far, about {remaining} to go: {desc}"


class Progress:
    """Shows one line in place of pytest's dots; used with ``--results`` on a terminal, unless -v asks for more.

    It is drawn between benchmarks only, and by no thread, so that it takes no time from any of them.
    """

    def __init__(self, config: pytest.Config, passes: int) -> None:
        self._config = config
        self._passes = passes
        self._line: tqdm[Any] | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin, if there is something to run and somebody to look."""
        reporter: TerminalReporter | None = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not reporter.isatty or not session.items or self._config.getoption("collectonly"):
            return
        reporter.showfspath = False
        tqdm.monitor_interval = 0  # no thread
        writer: Any = self._config.get_terminal_writer()
        self._line = tqdm(
            total=self._passes * len(session.items),
            file=writer,
            bar_format=FORMAT,
            ncols=writer.fullwidth,
            smoothing=0.05,  # benchmarks differ: the average of all is the best guess
            mininterval=0,
            leave=False,
        )

    def remaining(self, visits: int) -> None:
        """Take it that so many visits are left."""
        if self._line is not None:
            self._line.total = self._line.n + visits

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name what runs."""
        if self._line is not None:
            self._line.set_description_str(nodeid)

    def pytest_runtest_logfinish(self) -> None:
        """Count what has run."""
        if self._line is not None:
            self._line.update()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Keep dots off the line; a failure gets a line of its own at once; the summary is as ever."""
        if self._line is None or hasattr(report, "wasxfail"):
            return None
        if report.failed:
            category = "failed" if report.when == "call" else "error"
            self._line.clear()
            self._config.get_terminal_writer().line(f"{category.upper()} {report.nodeid}", red=True)
            return category, "", ""
        return ("skipped" if report.skipped else "passed" if report.when == "call" else ""), "", ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._line.close()
            self._line = None
