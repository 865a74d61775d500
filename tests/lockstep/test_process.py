"""An arm's process: what is left of it when it dies, is killed or is told to stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.lockstep import generation
from bench.lockstep.arms import Arm, ArmError
from bench.lockstep.injected.lockstep_arm.messages import Collected, Finish, Reached, Round, Run, Timed
from bench.lockstep.process import ArmDeadError, ArmProcess
from bench.lockstep.workplace import Workplace
from tests.lockstep.conftest import arm, measured, processes_of, write
from tests.processes import left_running

SUITE = """
import multiprocessing, subprocess, sys, time
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

def test_pool(benchmark):
    segment = SharedMemory(create=True, size=1000)
    subprocess.Popen(["sleep", "77"], start_new_session=True)
    Path("segment").write_text(segment.name)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        benchmark(lambda: pool.map(abs, [1, -1]))

def test_gone(benchmark):
    subprocess.Popen(["sleep", "77"])
    benchmark(time.sleep, 60)
"""
Start = Callable[[], ArmProcess]


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """Return the workplace of one arm; it is removed in the end."""
    made = Workplace([arm("base", write(tmp_path, {"bench_a": SUITE}))])
    made.copy_checkouts()
    yield made
    made.remove()


@pytest.fixture
def start(workplace: Workplace, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the arm and waits until it has collected its benchmarks."""
    started: list[ArmProcess] = []

    def run() -> ArmProcess:
        place = workplace.arrange(0)["base"]
        started.append(ArmProcess(arm("base", tmp_path), place, 1, ["-p", "benchmark"]))
        assert isinstance(soon(started[-1]), Collected)
        return started[-1]

    yield run
    for process in started:
        process.kill()


def soon(process: ArmProcess) -> object:
    """Return what an arm says within a minute."""
    return process.receive(before_s=time.monotonic() + 60)


def at_work(process: ArmProcess) -> None:
    """Bring an arm into the midst of its benchmark with a pool."""
    process.send(Run("bench_a.py::test_pool"))
    assert isinstance(soon(process), Reached)
    process.send(Round(1))
    assert isinstance(soon(process), Timed)


def segments(folder: Path) -> list[Path]:
    """Return the shared memory of the benchmark, if it is there."""
    path = Path("/dev/shm") / (folder / "segment").read_text()  # noqa: S108 - where Linux shows shared memory
    return [path] if path.exists() else []


def test_killed_in_the_midst(start: Start, workplace: Workplace, tmp_path: Path) -> None:
    """After kill -9 its pool, what it has sent into a session of its own, and its shared memory go with it."""
    process = start()
    at_work(process)
    assert len(processes_of(workplace.folder)) >= 4
    os.kill(process.pid, signal.SIGKILL)
    process.doing = "at work"
    with pytest.raises(ArmDeadError, match=r"^was killed by SIGKILL while at work$"):
        soon(process)
    assert processes_of(workplace.folder) == []
    assert segments(tmp_path) == []
    with pytest.raises(ArmDeadError):
        process.send(Finish())


def test_ended_by_the_controller(start: Start, workplace: Workplace, tmp_path: Path) -> None:
    """Likewise when the controller ends it."""
    process = start()
    at_work(process)
    process.kill()
    assert processes_of(workplace.folder) == []
    assert segments(tmp_path) == []
    process.kill()  # again: nothing happens


def test_too_late(start: Start, workplace: Workplace) -> None:
    """An arm that does not answer by the deadline is killed, with its children."""
    process = start()
    process.send(Run("bench_a.py::test_gone"))
    assert isinstance(soon(process), Reached)
    process.send(Round(1))
    with pytest.raises(ArmDeadError, match="gave no answer in time"):
        process.receive(before_s=time.monotonic() + 0.1)
    assert processes_of(workplace.folder) == []


def test_an_answer_that_waited_is_not_late(start: Start) -> None:
    """The deadline has passed when the controller comes to listen, but the answer had been given."""
    process = start()
    process.send(Run("bench_a.py::test_pool"))
    time.sleep(0.1)
    deadline_s = time.monotonic() + 60
    while not process.has_answered() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert isinstance(process.receive(before_s=time.monotonic() - 1), Reached)


def test_a_controller_that_is_gone(start: Start, workplace: Workplace) -> None:
    """An arm whose channel is closed ends by itself, as do its pools and its resource tracker."""
    process = start()
    at_work(process)
    main = psutil.Process(process.pid)
    process.close()
    assert left_running([main], within_s=60) == []
    process.end()
    assert processes_of(workplace.folder) == []


@pytest.mark.parametrize(
    ("files", "arguments", "complaint"),
    [
        ({"bench_a": "def test_a(): pass"}, (), "arm base has no benchmarks"),
        ({"bench_a": "import nosuch"}, (), "arm base has no benchmarks: bench_a.py: ModuleNotFoundError"),
        ({"bench_a": "def test_a(benchmark): benchmark(int)"}, ("nowhere",), "file or directory not found: nowhere"),
        ({"bench_a": "", "conftest": "raise SystemExit(5)"}, (), "ended with exit status 5 while starting"),
    ],
)
def test_an_arm_that_does_not_start(
    files: dict[str, str], arguments: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    """One line says which arm, and why."""
    folder = write(tmp_path, files)
    with pytest.raises(ArmError) as caught:
        measured([arm("base", folder), arm("head", folder)], *arguments)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_arm_that_is_slow_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says how long it had, and names no option, of which none changes that."""
    monkeypatch.setattr(generation, "_START_S", 0.5)
    folder = write(tmp_path, {"bench_a": "import time\ntime.sleep(60)"})
    with pytest.raises(ArmError) as caught:
        measured([arm("base", folder), arm("head", folder)])
    assert str(caught.value).startswith("arm base did not start: ")
    assert str(caught.value).endswith("(it gave no answer within 0.5 s while starting, and was killed)")


def test_a_python_without_pytest_benchmark(tmp_path: Path) -> None:
    """The line names what is not installed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    folder = write(tmp_path, {"bench_a": "def test_a(benchmark): benchmark(int)"})
    bare = Arm("bare", tmp_path / "bare" / "bin" / "python", folder)
    with pytest.raises(ArmError, match=r"^arm bare did not start: pytest is not installed"):
        measured([bare, arm("head", folder)])
