"""A pytest-benchmark suite of another project, run in a process of its own with nothing but the plugin."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import bench
from bench.instrument.build import tag
from bench.instrument.records import (
    Benchmark,
    Commit,
    Environment,
    GilEnabled,
    Host,
    Load,
    Machine,
    Python,
    Reference,
    Run,
)

ROOT = Path(bench.__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of the suite ended."""

    status: int
    output: str
    folder: Path

    def results(self, name: str = "") -> dict[str, Any]:
        """Return the JSON that the run wrote to out/, of the usual name unless another one is given."""
        content: dict[str, Any] = json.loads((self.folder / "out" / (name or f"{tag()}.json")).read_text())
        return content


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder with a suite, and how to run it."""

    folder: Path
    is_shuffled: bool = False

    def command(self, *options: str) -> list[str]:
        """Return the command line that runs the suite with only what it needs: other plugins cost a second each run.

        In the order of the file, unless it is to be shuffled: most tests look at what follows what.
        """
        plugins: tuple[str, ...] = (
            "-p",
            "pytest_benchmark.plugin",
            "-p",
            "bench.instrument.plugin",
            "-p",
            "no:cacheprovider",
        )
        if not self.is_shuffled:
            plugins += ("-p", "no:instrument-order")
        return [sys.executable, "-m", "pytest", "-q", *plugins, *options]

    def environment(self) -> dict[str, str]:
        """Return an environment in which this very test run leaves no trace: pytest-benchmark is off under xdist."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TMPDIR"))}
        path = os.pathsep.join([str(ROOT), str(self.folder)])
        own = {"PYTHONPATH": path, "COLUMNS": "300", "TMPDIR": str(self.temporary())}
        return {**kept, **own, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def temporary(self) -> Path:
        """Return the folder for the temporary files of the run, which is otherwise empty.

        Its path is short, behind a link: multiprocessing makes sockets there, whose paths hold about 100 characters.
        """
        link = self.folder / "temporary"
        if not link.is_symlink():
            link.symlink_to(tempfile.mkdtemp(prefix="s"), target_is_directory=True)
        return link.readlink()

    def run(self, *options: str, **variables: str) -> Outcome:
        """Run the suite to its end."""
        finished = subprocess.run(
            self.command(*options),
            cwd=self.folder,
            env=self.environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return Outcome(finished.returncode, finished.stdout, self.folder)


MakeSuite: TypeAlias = Callable[..., Suite]


def _make(folder: Path, **files: str) -> Suite:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return Suite(folder)


@pytest.fixture(scope="session")
def make_suite_in() -> Iterator[MakeSuite]:
    """Return a function that writes a suite to a folder, given the text of each file by its name without .py."""
    suites: list[Suite] = []

    def make(folder: Path, **files: str) -> Suite:
        suites.append(_make(folder, **files))
        return suites[-1]

    yield make
    for suite in suites:
        shutil.rmtree(suite.temporary())


@pytest.fixture
def make_suite(tmp_path: Path, make_suite_in: MakeSuite) -> MakeSuite:
    """Return the same function for this test's own folder."""
    return partial(make_suite_in, tmp_path)


def _record(
    *, serial_s: float = 0.4, free_threaded: bool = False, workloads: tuple[str, ...] = ("gcd-seed", "json", "re")
) -> Run:
    """Make the record of a sound run: a pool of two workers a workload, each in turn with serial work."""
    python = Python(
        implementation="CPython",
        version="3.14.7",
        gil_disabled_build=free_threaded,
        jit="off",
        switch_interval_s=0.005,
        default_start_method="forkserver",
        debug=False,
        compiler="GCC 12.2.0",
        opt="-DNDEBUG -O3",
        cflags="-O3",
        pgo=True,
        lto=True,
    )
    host = Host("x86_64", "Linux", "6.1", logical_cores=2, usable_cores=2, cpu_model="Example 9000")
    started = datetime(2026, 1, 1, tzinfo=UTC)
    environment = Environment(
        schema=1,
        tag="cp314-linux-x86_64",
        quick=False,
        interrupted=False,
        arguments=(),
        started=started,
        finished=started + timedelta(minutes=4),
        python=python,
        gil_enabled=GilEnabled(*(not free_threaded,) * 3),
        host=host,
        load=Load((0.1, 0.1, 0.1), (1.0, 0.5, 0.2)),
        packages={"numpy": "2.5.5"},
        pickle_default_protocol=5,
        unavailable=(),
    )
    benchmarks = tuple(
        Benchmark(
            name=f"test_gil[{workload}]",
            fullname=f"bench/bench_gil.py::test_gil[{workload}]",
            group=None,
            suite="gil",
            parameters={"workload": workload, "kind": "thread", "workers": 2, "tasks": 4},
            rounds_s=(serial_s,) * 8,
            reference=Reference("serial", (serial_s,) * 8),
            rounds=8,
            iterations=1,
            min_s=serial_s,
            median_s=serial_s,
            max_s=serial_s,
            mean_s=serial_s,
        )
        for workload in workloads
    )
    label = f"CPython 3.14.7{'t' if free_threaded else ''}"
    return Run(Path("made-up.json"), label, environment.finished, Machine(), Commit(), environment, benchmarks)


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Run]:
    """Make the record of a run; see _record."""
    return _record
