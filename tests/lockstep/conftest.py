"""Arms of this very Python on suites written for a test: they differ in one variable, SIDE."""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil
import pytest

from bench.lockstep.arms import Arm
from bench.lockstep.controller import Lockstep
from bench.lockstep.cost import Cost
from bench.lockstep.recording import Recording

ROOT = Path(__file__).parents[2]
COVERAGE = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_PROCESS")}
"""What makes a process measure its coverage; arms drop it, as it would slow them down, and these tests give it back."""


class Silent:
    """A watcher that notes which benchmarks were begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def begin(self, generations: int) -> None:
        """Expect so many generations."""

    def generation(self, benchmarks: int) -> None:
        """Note nothing."""

    def benchmark(self, nodeid: str) -> None:
        """Note a benchmark."""
        self.begun.append(nodeid)

    def done(self) -> None:
        """Note nothing."""


def arm(name: str, checkout: Path, **variables: str) -> Arm:
    """Return an arm of this Python; its SIDE is its name."""
    return Arm(name, Path(sys.executable), checkout, MappingProxyType({**COVERAGE, "SIDE": name, **variables}))


def processes_of(folder: Path) -> list[list[str]]:
    """Return the command lines of the processes that have their temporary files in the private folder of a run."""
    found = []
    for process in _having(folder):
        with suppress(psutil.Error):
            found.append(process.cmdline())
    return found


def sessions_of(folder: Path) -> set[int]:
    """Return the sessions of the same processes: each arm's process begins one, and leads it."""
    found = set()
    for process in _having(folder):
        with suppress(ProcessLookupError):
            found.add(os.getsid(process.pid))
    return found


def left_of(folder: Path, within_s: float = 10) -> list[list[str]]:
    """Wait until there are none of the same processes, at most so long; return the command lines of those there are.

    What an arm started in the moment in which it was killed may outlive it for the moment that it takes.
    """
    deadline_s = time.monotonic() + within_s
    while (found := processes_of(folder)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return found


def _having(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("TMPDIR", "").startswith(str(folder)):
                yield process


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files to a folder, by their names without .py; return it."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\npython_files = bench_*.py\n")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _few_plugins() -> Iterator[None]:
    """Start arms with pytest-benchmark alone, which saves a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        yield


def measured(
    arms: Sequence[Arm],
    *arguments: str,
    generations: int = 1,
    rounds: int = 3,
    timeout_s: float = 30,
    watcher: Any = None,
    describe: bool = False,
) -> tuple[Recording, Cost, Lockstep]:
    """Measure arms, the first of which is the base."""
    with Lockstep(
        arms,
        base=arms[0].name,
        arguments=arguments,
        seed=1,
        timeout_s=timeout_s,
        watcher=watcher or Silent(),
        describe=describe,
    ) as lockstep:
        *_, (recording, clock) = lockstep.record(generations, rounds)
    return recording, clock.cost(), lockstep
