"""The run as it goes: which benchmarks could not run, which are done, and the file written when it ends."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from bench.instrument import build, writer
from bench.instrument.environment import Environment, without_locations


def is_benchmark(item: pytest.Item) -> bool:
    """Return whether a test uses pytest-benchmark's fixture, itself or through another fixture."""
    return "benchmark" in getattr(item, "fixturenames", ())


def reason_of_skip(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why something was skipped, in the words of who skipped it."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return f"expected to fail: {getattr(report, 'wasxfail', '')}".removesuffix(": ")


class Recorder:
    """Adds the environment to pytest-benchmark's JSON and, with ``--results``, writes it when the run ends."""

    def __init__(self, config: pytest.Config, gil_before_imports: bool, order_seed: int | None) -> None:  # noqa: FBT001
        self._config = config
        self._path: Path | None = None
        self._unavailable: list[dict[str, str]] = []
        self._finished = 0
        self._interrupted = False
        self._messages: list[str] = []
        self._environment = Environment(
            arguments=without_locations([str(a) for a in config.invocation_params.args], config.rootpath),
            quick=bool(config.getoption("quick")),
            order_seed=order_seed,
            gil_before_imports=gil_before_imports,
        )

    def pytest_sessionstart(self) -> None:
        """Find out before anything is measured whether the results can be written."""
        given = self._config.getoption("results")
        if given is None or hasattr(self._config, "workerinput"):
            return
        try:
            self._path = writer.destination(given, build.tag())
            writer.prepare(self._path)
        except writer.DestinationError as error:
            raise pytest.UsageError(f"--results: {error}") from None

    def pytest_collection_finish(self) -> None:
        """Look at the GIL again: the suites have imported what they need."""
        self._environment.gil_after_imports = build.is_gil_enabled()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that skips itself as a whole."""
        if report.skipped:
            self._unavailable.append({"benchmark": report.nodeid, "reason": reason_of_skip(report)})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note a benchmark that cannot run here, and keep one that failed, at whatever point, out of the JSON."""
        report = yield
        if is_benchmark(item):
            if report.skipped:
                self._unavailable.append({"benchmark": item.nodeid, "reason": reason_of_skip(report)})
            if report.failed and "benchmark" in (fixtures := getattr(item, "funcargs", {})):
                fixtures["benchmark"].has_error = True
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Keep a benchmark that was interrupted out of the JSON: its last rounds are missing."""
        try:
            return (yield)
        except BaseException:
            if "benchmark" in (fixtures := getattr(item, "funcargs", {})):
                fixtures["benchmark"].has_error = True
            raise

    def pytest_runtest_logfinish(self) -> None:
        """Count what is done."""
        self._finished += 1

    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        """Add the environment; take out the machine's name, which is nobody's business."""
        machine_info["node"] = ""
        machine_info["instrument"] = self._environment.describe(
            interrupted=self._interrupted,
            unavailable=self._unavailable,
            cpu_model=machine_info.get("cpu", {}).get("brand_raw"),
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Write the results once everything else has ended, however it ended."""
        self._interrupted = exitstatus == pytest.ExitCode.INTERRUPTED or self._finished < len(session.items)
        try:
            return (yield)
        finally:
            if self._path is not None and not self._config.getoption("collectonly"):
                self._write(session, self._path)

    def _write(self, session: pytest.Session, path: Path) -> None:
        content = self._content()
        done = len(content["benchmarks"]) if content else 0
        if not content or not done:
            self._messages.append("No benchmark ran to its end: no results are written.")
            return
        target = writer.interrupted(path) if self._interrupted else path
        try:
            writer.write(target, content)
        except OSError as error:
            self._messages.append(f"error: cannot write {self._shown(target)}: {error.strerror}; nothing was changed.")
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
            return
        count = f"{done} benchmark{'s' * (done != 1)}, {len(self._unavailable)} skipped"
        self._messages.append(f"{count}{', interrupted' * self._interrupted}: {self._shown(target)}")

    def _content(self) -> dict[str, Any] | None:
        """Return what pytest-benchmark would write, additions of all plugins included; None if nothing was measured."""
        benchmarks = self._config._benchmarksession.benchmarks  # type: ignore[attr-defined]  # noqa: SLF001
        if not any(benchmark for benchmark in benchmarks if not benchmark.has_error):
            return None
        hook = self._config.hook
        machine_info = hook.pytest_benchmark_generate_machine_info(config=self._config)
        hook.pytest_benchmark_update_machine_info(config=self._config, machine_info=machine_info)
        commit_info = hook.pytest_benchmark_generate_commit_info(config=self._config)
        hook.pytest_benchmark_update_commit_info(config=self._config, commit_info=commit_info)
        content: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=self._config,
            benchmarks=benchmarks,
            include_data=True,
            machine_info=machine_info,
            commit_info=commit_info,
        )
        hook.pytest_benchmark_update_json(config=self._config, benchmarks=benchmarks, output_json=content)
        return content

    def _shown(self, path: Path) -> str:
        here = self._config.invocation_params.dir
        return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

    def pytest_unconfigure(self) -> None:
        """Say where the results are: the last lines of the run."""
        writer_of_terminal = self._config.get_terminal_writer()
        for message in self._messages:
            writer_of_terminal.line(message, red=message.startswith("error"))
