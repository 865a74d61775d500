"""Ctrl-C and SIGTERM while the workers of pools are busy: no process, no segment, no half-written file stays."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from bench.instrument import leaks
from bench.instrument.build import tag
from bench.instrument.interruption import Interruption
from tests.processes import runs

if TYPE_CHECKING:
    from tests.instrument.conftest import Suite

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to processes")

TASK_S = 30
SUITE = f"""
import hashlib, multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
import pytest

def busy(duration_s):
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        hashlib.sha256(bytes(10000)).digest()
    return duration_s

def note(name, text):
    Path(name + ".new").write_text(str(text))
    os.replace(name + ".new", name)

def test_before(measure):
    measure(lambda: 1, expect=bool, parameters={{}})

@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_pool(measure, method):
    segment = SharedMemory(create=True, size=100)
    note("segment", segment.name)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        pids = [pool.submit(os.getpid).result()]
        list(pool.map(busy, [0, 0]))
        note("pids", " ".join(str(pid) for pid in pool._processes))
        measure(lambda: list(pool.map(busy, [{TASK_S}, {TASK_S}])), expect=bool, parameters={{}})

def test_lost():
    try:
        note("waiting", "")
        time.sleep({TASK_S})
    except BaseException:
        pass

def test_after_lost():
    note("reached", "")
"""


@pytest.fixture
def start(make_suite: Callable[..., "Suite"]) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Return a function that starts the suite in a session of its own; nothing of it stays, whatever happens."""
    suite = make_suite(test_a=SUITE)
    (suite.folder / "out").mkdir()
    (suite.folder / "out" / f"{tag()}.json").write_text("earlier")
    started: list[subprocess.Popen[str]] = []

    def run(choice: str) -> "subprocess.Popen[str]":
        started.append(
            subprocess.Popen(
                suite.command("--quick", "--results", "out", "-k", choice),
                cwd=suite.folder,
                env=suite.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        )
        return started[-1]

    yield run
    for process in started:
        end(process)


def wait_for(condition: Callable[[], object], patience_s: float = 60) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def alive(session: int) -> list[psutil.Process]:
    """Return the processes of a session that have not ended; one that nobody waits for may stay as a zombie."""
    found = []
    for process in psutil.process_iter():
        try:
            if runs(process) and os.getsid(process.pid) == session:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end(process: "subprocess.Popen[str]") -> str:
    """Kill a process and whatever is left of its session, which would hold its output open; return that output."""
    process.kill()
    for left in alive(process.pid):
        left.kill()
    return process.communicate()[0]


def wait_for_nothing_left(session: int, output: str) -> None:
    """Wait until no process of a session is left; say which one is, with what was printed, if it stays."""
    deadline_s = time.monotonic() + TASK_S / 2  # before it would end by itself
    while left := alive(session):
        assert time.monotonic() < deadline_s, f"{[(process, process.cmdline()) for process in left]}\n{output}"
        time.sleep(0.02)


def output_of(process: "subprocess.Popen[str]") -> str:
    """Return what a process prints until it ends; one that does not end within the time of a task fails the test."""
    try:
        return process.communicate(timeout=TASK_S / 2)[0]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # pytest's faulthandler tells where all threads are
        wait_for(lambda: process.poll() is not None, patience_s=10)
        pytest.fail(f"it runs on:\n{end(process)}")


def send(process: "subprocess.Popen[str]", way: str) -> None:
    """Send a signal to the group of a process, as a terminal does, or to it alone."""
    match way:
        case "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)
        case "SIGINT":
            process.send_signal(signal.SIGINT)
        case _:
            process.terminate()


@pytest.mark.parametrize(
    ("method", "way"),
    [("fork", "Ctrl-C"), ("forkserver", "Ctrl-C"), ("spawn", "Ctrl-C"), ("fork", "SIGTERM"), ("forkserver", "SIGINT")],
)
def test_nothing_is_left_of_busy_pools(
    start: Callable[[str], "subprocess.Popen[str]"], tmp_path: Path, method: str, way: str
) -> None:
    """Workers with half a minute to go are ended within seconds; what was measured before is kept in a valid file."""
    process = start(f"test_before or {method}]")
    wait_for((tmp_path / "pids").exists)
    time.sleep(random.uniform(0, 0.3))

    send(process, way)
    output = output_of(process)

    wait_for_nothing_left(process.pid, output)
    assert process.returncode == 2, output
    assert not Path("/dev/shm", (tmp_path / "segment").read_text()).exists()  # noqa: S108  # no file: shared memory
    content = json.loads((tmp_path / "out" / f"{tag()}-interrupted.json").read_text())
    assert [benchmark["name"] for benchmark in content["benchmarks"]] == ["test_before"]
    assert content["machine_info"]["instrument"]["interrupted"] is True
    assert (tmp_path / "out" / f"{tag()}.json").read_text() == "earlier"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{tag()}.json", f"{tag()}-interrupted.json"}
    assert [path for path in (tmp_path / "temporary").iterdir() if not path.name.startswith("pytest-of")] == []
    assert output.splitlines()[-1].startswith("1 benchmark, 0 skipped, interrupted: ")
    assert "Traceback" not in output


@pytest.mark.parametrize("attempt", range(3))
def test_a_random_moment_is_as_good(
    start: Callable[[str], "subprocess.Popen[str]"], tmp_path: Path, attempt: int
) -> None:
    """From the first benchmark on, whatever the run is doing: starting a pool, warming it, measuring."""
    process = start("test_before or test_pool")
    wait_for((tmp_path / "segment").exists)
    time.sleep(random.uniform(0, 0.4))

    send(process, ["Ctrl-C", "SIGINT", "SIGTERM"][attempt])
    output = output_of(process)

    wait_for_nothing_left(process.pid, output)
    assert process.returncode == 2, output
    for path in (tmp_path / "out").glob("*-interrupted.json"):
        json.loads(path.read_text())
    assert not list((tmp_path / "out").glob("*.tmp"))


def test_an_interruption_that_gets_lost_stops_the_run_before_the_next_test(
    start: Callable[[str], "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """Code that catches everything cannot keep the run going."""
    process = start("lost")
    wait_for((tmp_path / "waiting").exists)

    send(process, "SIGTERM")
    output = output_of(process)

    assert process.returncode == 2, output
    assert not (tmp_path / "reached").exists()


DEFAULTS: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


def handlers() -> dict[signal.Signals, object]:
    """Return what both signals do now."""
    return {number: signal.getsignal(number) for number in DEFAULTS}


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Set the signals to what they do in a fresh process: this very test run has the plugin, too."""
    before = {number: signal.signal(number, default) for number, default in DEFAULTS.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def interruption(default_signals: None) -> Iterator[Interruption]:
    """Return one that has taken over the signals of this process, and gives them back."""
    assert default_signals is None  # it is asked for so that it comes first
    interruption = Interruption()
    interruption.pytest_sessionstart()
    yield interruption
    interruption.pytest_unconfigure()


def test_signals_are_given_back(interruption: Interruption) -> None:
    """After the run both do what they did before."""
    assert set(DEFAULTS.values()).isdisjoint(handlers().values())
    interruption.pytest_unconfigure()
    assert handlers() == DEFAULTS


@pytest.mark.usefixtures("default_signals")
def test_signals_with_handlers_are_left_alone() -> None:
    """Who ignores Ctrl-C, as nohup does, or has a handler of their own, keeps that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interruption = Interruption()
    interruption.pytest_sessionstart()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    interruption.pytest_unconfigure()
    assert handlers() == {**DEFAULTS, signal.SIGINT: signal.SIG_IGN}


@pytest.mark.usefixtures("default_signals")
def test_pytest_may_run_in_a_thread() -> None:
    """Only the main thread can take over signals: in another one they are left as they are."""
    interruption = Interruption()
    thread = threading.Thread(target=interruption.pytest_sessionstart)
    thread.start()
    thread.join()
    assert handlers() == DEFAULTS


def test_a_signal_raises_and_kills_what_lingers(interruption: Interruption, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception comes at once; what still runs after the grace is killed."""
    monkeypatch.setattr("bench.instrument.interruption.GRACE_S", 0.05)
    killed: list[object] = []
    monkeypatch.setattr(leaks, "descendants", lambda: ["worker"])
    monkeypatch.setattr(leaks, "kill", killed.extend)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    wait_for(lambda: killed)
    with pytest.raises(KeyboardInterrupt):
        next(interruption.pytest_runtest_protocol())


def test_signals_are_ignored_while_the_run_is_closed(interruption: Interruption) -> None:
    """The second Ctrl-C of an impatient user cannot tear the file that is being written."""
    closing = interruption.pytest_sessionfinish()
    next(closing)
    with pytest.raises(StopIteration):
        closing.send(None)
    signal.raise_signal(signal.SIGINT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other tests may have left threads in this process
@pytest.mark.usefixtures("interruption")
def test_a_forked_child_ends_at_once() -> None:
    """It has the system's own handlers: no copy of pytest unwinds in it."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writable, b"ready")
        time.sleep(TASK_S)
        os._exit(0)
    os.read(readable, 5)
    os.close(readable)
    os.close(writable)
    os.kill(child, signal.SIGINT)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGINT
