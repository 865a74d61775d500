"""The pytest plugin of an arm: it runs the benchmarks that the controller names, when it names them."""

import json
from collections.abc import Generator
from typing import Any

import pytest
import pytest_benchmark.plugin
from pytest_benchmark.utils import safe_dumps

from .channel import Channel, ClosedError
from .fixture import DrivenFixture
from .messages import Collected, Describe, Described, Ended, Run, Stop

_WORST_FIRST = ("failed", "skipped", "passed")


class ArmPlugin:
    """Replaces pytest's loop over its tests, and pytest-benchmark's fixture."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._uncollected: dict[str, str] = {}
        self._skipped: dict[str, str] = {}
        self._reports: list[pytest.TestReport] = []
        self._fixture: DrivenFixture | None = None

    def pytest_addoption(self, parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
        """Know the option by which arms are told where their cache is, also where the user wants none."""
        if not pluginmanager.hasplugin("cacheprovider"):
            parser.addini("cache_dir", "where a cache would be")

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Generator[None]:
        """Measure no coverage, which costs more than what it looks at."""
        early_config.known_args_namespace.no_cov = True
        return (yield)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, Any, Any]:
        """Undo what a project's configuration may say of ordinary runs: benchmarks are on, and run in this process."""
        ordinary: dict[str, object] = {
            "benchmark_skip": False,
            "benchmark_disable": False,
            "numprocesses": None,
            "dist": "no",
            "tx": [],
            "usepdb": False,
        }
        for name, value in ordinary.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        return (yield)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Have pytest-benchmark make this fixture instead of its own."""
        config.addinivalue_line(
            "markers", "workers(n): the benchmark keeps n workers busy: in lockstep it gets all cores"
        )
        DrivenFixture.channel = self._channel
        pytest_benchmark.plugin.BenchmarkFixture = DrivenFixture  # type: ignore[attr-defined]  # not in its __all__

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what cannot be imported, or skips itself as a whole."""
        if report.failed:
            self._uncollected[report.nodeid] = _last_line(report.longreprtext)
        elif isinstance(report.longrepr, tuple):
            self._skipped[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item], config: pytest.Config) -> None:
        """Switch the timeouts of pytest-timeout off, which cannot tell a test that hangs from one that waits."""
        if config.pluginmanager.hasplugin("timeout"):
            for item in items:
                item.add_marker(pytest.mark.timeout(0), append=False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run what is asked for, until there is nothing more."""
        items = {item.nodeid: item for item in session.items if "benchmark" in getattr(item, "fixturenames", ())}
        try:
            workers = {nodeid: _workers(item) for nodeid, item in items.items()}
            self._channel.send(Collected(workers, self._uncollected, self._skipped))
            while not isinstance(order := self._channel.receive(), Stop):
                if isinstance(order, Describe):
                    self._channel.send(Described(_described(session.config)))
                elif isinstance(order, Run):
                    following = items.get(order.following)
                    self._channel.send(self._run(items[order.nodeid], following))
                else:
                    raise TypeError(f"expected Run, Describe or Stop, got {order}")
        except ClosedError:
            session.shouldstop = "the controller is gone"
        # The controller has the rounds: pytest-benchmark need not sum up, show or save a part of them as a run.
        session.config._benchmarksession.benchmarks.clear()  # type: ignore[attr-defined]  # noqa: SLF001
        return True

    def _run(self, item: pytest.Item, following: "pytest.Item | None") -> Ended:
        self._reports = []
        self._fixture = None  # makereport finds it
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        outcome = next(name for name in _WORST_FIRST if any(report.outcome == name for report in self._reports))
        if outcome != "passed":
            report = next(report for report in self._reports if report.outcome == outcome)
            return Ended(outcome, _reason(report))
        stats = self._statistics()
        if stats is None:
            return Ended("unused", "the test does not use its benchmark fixture")
        described = stats.as_dict(include_data=False, stats=False)
        return Ended("passed", benchmark=json.loads(safe_dumps(described)))

    def _statistics(self) -> Any:
        return None if self._fixture is None else self._fixture.stats

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep the reports of a test, and its fixture before that is torn down."""
        report = yield
        self._reports.append(report)
        if report.when == "call" and "benchmark" in item.funcargs:  # type: ignore[attr-defined]
            self._fixture = item.funcargs["benchmark"]  # type: ignore[attr-defined]
        return report


def _workers(item: pytest.Item) -> Any:
    """Return how many workers a benchmark says that it has: its marker, or its parameter of that name."""
    marker = item.get_closest_marker("workers")
    if marker is not None:
        return (*marker.args, *marker.kwargs.values())[0]
    callspec = getattr(item, "callspec", None)
    workers = callspec.params.get("workers") if callspec is not None else None
    return workers if isinstance(workers, int) else None


def _described(config: pytest.Config) -> dict[str, Any]:
    hook = config.hook
    machine_info = hook.pytest_benchmark_generate_machine_info(config=config)
    hook.pytest_benchmark_update_machine_info(config=config, machine_info=machine_info)
    commit_info = hook.pytest_benchmark_generate_commit_info(config=config)
    hook.pytest_benchmark_update_commit_info(config=config, commit_info=commit_info)
    content = hook.pytest_benchmark_generate_json(
        config=config, benchmarks=[], include_data=True, machine_info=machine_info, commit_info=commit_info
    )
    hook.pytest_benchmark_update_json(config=config, benchmarks=[], output_json=content)
    described: dict[str, Any] = json.loads(safe_dumps(content))
    return described


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}".removesuffix(": ")
    crash = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash is not None else report.longreprtext
    first = next((line for line in message.splitlines() if line.strip()), "failed")
    return first if report.when == "call" else f"{report.when}: {first}"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip() if lines else "cannot be collected"
