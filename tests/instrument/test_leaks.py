"""What a benchmark leaves behind fails it, and does not outlive the run; what is not its own raises no alarm."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from bench.instrument import leaks, segments
from tests.processes import runs

if TYPE_CHECKING:
    from tests.instrument.conftest import Outcome, Suite

IMPATIENT = "from bench.instrument import guard\nguard.PATIENCE_S = 0.3\n"
START = """
import multiprocessing, os, socket, subprocess, sys, tempfile, threading, time
from pathlib import Path
import pytest
"""
SLEEPER = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
LEAKY = (
    START
    + f"""
from multiprocessing.shared_memory import SharedMemory
kept = []
released = threading.Event()

def run(measure):
    measure(lambda: 1, expect=bool, parameters={{}})

def test_clean_before(measure):
    run(measure)

def test_process(measure):
    run(measure)
    kept.append({SLEEPER})
    Path("pid").write_text(str(kept[-1].pid))

@pytest.mark.parametrize("method", set(multiprocessing.get_all_start_methods()) & {{"fork", "forkserver"}})
def test_worker(measure, method):
    run(measure)
    kept.append(multiprocessing.get_context(method).Process(target=time.sleep, args=(60,), daemon=True))
    kept[-1].start()

def test_thread(measure):
    run(measure)
    threading.Thread(target=released.wait, args=(60,), name="lingering").start()

def test_socket(measure):
    run(measure)
    kept.append(socket.create_server(("127.0.0.1", 0)))

def test_file(measure):
    run(measure)
    Path(tempfile.mkdtemp(prefix="forgotten-"), "file").touch()

def test_segment(measure):
    run(measure)
    kept.append(SharedMemory(create=True, size=100))

def test_closed(measure):
    run(measure)
    SharedMemory("closed" + str(os.getpid()), create=True, size=100).close()

def test_process_and_error(measure):
    run(measure)
    kept.append({SLEEPER})
    Path("pid2").write_text(str(kept[-1].pid))

@pytest.fixture(autouse=True)
def fail(request):
    yield
    assert request.node.name != "test_process_and_error"

def test_clean_after(measure, tmp_path):
    run(measure)
    (tmp_path / "kept").touch()
    released.set()
"""
)


@pytest.fixture(scope="module")
def leaky_run(tmp_path_factory: pytest.TempPathFactory, make_suite_in: Callable[..., "Suite"]) -> "Outcome":
    """Return one run of the leaky suite, which several tests look at."""
    suite = make_suite_in(tmp_path_factory.mktemp("suite"), test_a=LEAKY, conftest=IMPATIENT)
    return suite.run("--quick", "--results", "out")


@pytest.mark.parametrize(
    ("name", "leak"),
    [
        ("test_process", r"process \d+ \(.*time\.sleep\(60\)\)"),
        ("test_thread", r"thread 'lingering'"),
        ("test_socket", r"listening socket 127\.0\.0\.1:\d+"),
        ("test_file", r"temporary file forgotten-\w+"),
        pytest.param(
            "test_segment",
            r"shared memory psm_\w+",
            marks=pytest.mark.skipif(not segments.DIRECTORY.is_dir(), reason="this system does not show shared memory"),
        ),
        pytest.param(
            "test_closed",
            r"shared memory closed\d+",
            marks=pytest.mark.skipif(not segments.DIRECTORY.is_dir(), reason="this system does not show shared memory"),
        ),
        pytest.param(
            "test_worker[fork]",
            r"process \d+ \(.*\)",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork"),
        ),
        pytest.param(
            "test_worker[forkserver]",
            r"process \d+ \(python.*forkserver.*\)",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no forkserver"),
        ),
    ],
)
def test_a_leak_fails_its_benchmark_with_one_line(leaky_run: "Outcome", name: str, leak: str) -> None:
    """The error of that benchmark names what leaked, and that alone."""
    _, _, report = leaky_run.output.partition(f"ERROR at teardown of {name} ")
    line = report.splitlines()[1]
    assert re.fullmatch(rf"left behind: {leak} \(-p no:instrument-leaks turns this check off\)", line), report
    assert report.splitlines()[2].startswith("___")


def test_only_what_leaked_nothing_is_in_the_json(leaky_run: "Outcome") -> None:
    """The clean benchmarks pass, before, between and after the leaky ones, and theirs are all results there are."""
    names = [benchmark["name"] for benchmark in leaky_run.results()["benchmarks"]]
    assert names == ["test_clean_before", "test_clean_after"]
    assert leaky_run.status == 1


def test_a_failing_teardown_is_reported_with_its_leak(leaky_run: "Outcome") -> None:
    """The error stays the error; a note of the leak follows it."""
    _, _, report = leaky_run.output.partition("ERROR at teardown of test_process_and_error ")
    assert "assert request.node.name" in report
    assert "It also left behind: process" in report


def test_what_leaked_does_not_outlive_the_run(leaky_run: "Outcome") -> None:
    """Processes are killed, and the directory for temporary files is gone with all that was in it."""
    pids = {int((leaky_run.folder / name).read_text()) for name in ("pid", "pid2")}
    assert not [pid for pid in pids if runs(pid)]
    assert [path.name for path in (leaky_run.folder / "temporary").iterdir()] == [
        "pytest-of-" + psutil.Process().username()
    ]


FIXTURES = (
    START
    + f"""
@pytest.fixture(scope="module")
def server():
    process = {SLEEPER}
    listener = socket.create_server(("127.0.0.1", 0))
    folder = tempfile.TemporaryDirectory()
    thread = threading.Thread(target=time.sleep, args=(1,))
    thread.start()
    yield
    process.kill()
    process.wait()
    thread.join()
    listener.close()
    folder.cleanup()

@pytest.fixture(scope="module")
def careless():
    yield {SLEEPER}

@pytest.fixture
def narrow():
    process = {SLEEPER}
    yield
    process.kill()
    process.wait()

@pytest.mark.parametrize("n", [1, 2])
def test_wide(server, narrow, measure, n):
    measure(lambda: 1, expect=bool, parameters={{}})

def test_asked_for_later(request, measure):
    request.getfixturevalue("server")
    measure(lambda: 1, expect=bool, parameters={{}})
"""
)


def test_what_a_wider_fixture_starts_is_no_leak(make_suite: Callable[..., "Suite"]) -> None:
    """A server of a module serves all benchmarks of it; one that a fixture forgets fails the last of them."""
    more = "def test_careless(careless, measure):\n    measure(lambda: 1, expect=bool, parameters={})\n"
    more += more.replace("test_careless", "test_last")

    outcome = make_suite(test_a=FIXTURES, test_b=FIXTURES + more, conftest=IMPATIENT).run("--quick")

    assert "8 passed, 1 error" in outcome.output, outcome.output
    assert "ERROR at teardown of test_last" in outcome.output
    assert outcome.output.count("left behind") == outcome.output.count("left behind: process") == 2


def test_what_a_server_starts_while_it_serves_is_its_own(make_suite: Callable[..., "Suite"]) -> None:
    """A process that a fixture's process starts during a benchmark is not that benchmark's."""
    program = (
        "import subprocess,sys; sys.stdin.readline(); p=subprocess.Popen(['sleep','9']); print(1,flush=True); p.wait()"
    )
    suite = f"""{START}
@pytest.fixture(scope="module")
def server():
    server = subprocess.Popen([sys.executable, "-c", {program!r}], stdin=-1, stdout=-1)
    yield server
    import psutil
    [child.kill() for child in psutil.Process(server.pid).children()]
    server.communicate()

def test_a(server, measure):
    server.stdin.write(b"go\\n")
    server.stdin.flush()
    server.stdout.readline()
    measure(lambda: 1, expect=bool, parameters={{}})

def test_b(measure):
    measure(lambda: 1, expect=bool, parameters={{}})
"""
    assert "2 passed in" in make_suite(test_a=suite, conftest=IMPATIENT).run("--quick").output


def test_the_run_fails_for_what_no_benchmark_left(make_suite: Callable[..., "Suite"]) -> None:
    """A test that is no benchmark leaves a process: the run fails at its end, names it and kills it."""
    suite = f"""{START}
def test_other():
    Path("pid").write_text(str({SLEEPER}.pid))

def test_a(measure):
    measure(lambda: 1, expect=bool, parameters={{}})
"""
    outcome = make_suite(test_a=suite, conftest=IMPATIENT + "import warnings\n").run("--quick", "-W", "ignore")

    assert "2 passed in" in outcome.output
    assert re.match(r"error: the run left behind: process \d+ \(.*sleep\(60\)\)", outcome.output.splitlines()[-1])
    assert outcome.status == 1
    assert not runs(int((outcome.folder / "pid").read_text()))


def test_ordinary_tests_are_left_alone(make_suite: Callable[..., "Suite"]) -> None:
    """Without a benchmark there is no check, no directory and no failure; nor with the plugin switched off."""
    leaky = (
        f"{START}\ndef test_a():\n    global p\n    p = {SLEEPER}\n    assert 'bench-' not in tempfile.gettempdir()\n"
    )
    end = "\ndef test_z():\n    p.kill()\n    p.wait()\n"
    suite = make_suite(test_a=leaky + end, test_b=leaky.replace("test_a(", "test_b(benchmark") + end)
    assert suite.run("test_a.py").status == 0
    assert suite.run("test_b.py", "-p", "no:instrument-leaks", "-W", "ignore").status == 0


@pytest.mark.skipif(not segments.DIRECTORY.is_dir(), reason="this system does not show shared memory")
def test_other_programs_raise_no_alarm(make_suite: Callable[..., "Suite"]) -> None:
    """While another program makes and removes files, segments, processes and ports, every benchmark passes."""
    noise = """
import select, socket, subprocess, sys, tempfile
from multiprocessing.shared_memory import SharedMemory
is_told_to_end = False
while not is_told_to_end:
    held = [SharedMemory(create=True, size=100) for _ in range(3)]
    socket.create_server(("127.0.0.1", 0))
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    with tempfile.NamedTemporaryFile(), tempfile.NamedTemporaryFile(dir="/dev/shm"):
        print(1, flush=True)
        is_told_to_end = bool(select.select([sys.stdin], [], [], 0.2)[0])
    process.wait()
    [segment.close() or segment.unlink() for segment in held]
"""
    suite = make_suite(
        test_a="import pytest, time\n@pytest.mark.parametrize('n', range(8))\ndef test_a(measure, n):\n"
        "    measure(lambda: time.sleep(0.01), expect=lambda _: True, parameters={})\n    time.sleep(0.1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", noise], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        outcome = suite.run("--quick")
        other.communicate()
        assert other.returncode == 0
    assert "8 passed in" in outcome.output


def test_what_is_about_to_end_is_waited_for() -> None:
    """A process that ends within the patience is no leak, and the wait is no longer than it takes."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"]) as process:
        begun_s = time.monotonic()
        assert leaks.remaining(lambda: [one for one in leaks.processes() if one.key[0] == process.pid], 30) == []
        assert time.monotonic() - begun_s < 20


def test_helpers_of_multiprocessing_are_no_leak_but_their_workers_are() -> None:
    """The forkserver and the resource tracker serve all pools; what the forkserver has forked is somebody's worker."""
    program = """
import multiprocessing, time
from bench.instrument import leaks
context = multiprocessing.get_context("forkserver")
if __name__ == "__main__":
    worker = context.Process(target=time.sleep, args=(60,))
    worker.start()
    print([resource.key[0] for resource in leaks.processes()] == [worker.pid])
    leaks.end(leaks.processes(), None)
    worker.join(10)
    print(leaks.processes())
"""
    if sys.platform == "win32":
        pytest.skip("Windows has no forkserver")
    root = str(Path(leaks.__file__).parents[2])
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": root},
        timeout=60,
    )
    assert finished.stdout.splitlines() == ["True", "[]"]
