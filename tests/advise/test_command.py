"""`flagkit advise`, as a person or a script uses it."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from flagkit.advise import cache
from flagkit.advise.advising import PROCESSES
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS
from tests.processes import command_line, left_running

SUBJECTS = Path(__file__).with_name("subjects.py")
Done = subprocess.CompletedProcess[str]
Advise = Callable[..., Done]


def once(line: str, *arguments: str) -> Any:
    """Return a case that one Python is enough for."""
    return pytest.param(arguments, line, marks=pytest.mark.once)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a module `job`, in which the command runs, and its cache."""
    made = tmp_path_factory.mktemp("advise")
    shutil.copyfile(SUBJECTS, made / "job.py")
    return made


@pytest.fixture(scope="module")
def environment(cache_home: Path) -> dict[str, str]:
    """Return the environment of the command: a cache of its own."""
    return os.environ | {"XDG_CACHE_HOME": str(cache_home), "COLUMNS": "100"}


@pytest.fixture(scope="module")
def advise(folder: Path, environment: dict[str, str]) -> Advise:
    """Return a function that runs the command."""

    def run(*arguments: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "flagkit", "advise", *arguments],
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="module")
def of_gcd(advise: Advise) -> dict[str, Any]:
    """Return the advice for a function that holds the GIL."""
    done = advise("job:gcd", "--items", "job:two_pairs", "--n", "64", "--json", "--budget", "6")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json_has_choice_ranking_and_what_was_measured(of_gcd: dict[str, Any]) -> None:
    """One object, whose choice is the first of the ranking, with its interval around it."""
    choice, ranking = of_gcd["choice"], of_gcd["ranking"]
    assert {name: choice[name] for name in ranking[0]} == ranking[0]
    assert choice["kind"] in EXECUTORS
    assert choice["workers"] >= 1
    assert choice["chunksize"] >= 1
    low, high = choice["interval_s"]
    assert 0 < low <= choice["predicted_s"] <= high
    times = [one["predicted_s"] for one in ranking]
    assert times == sorted(times)
    assert of_gcd["measured"]["n"] == 64
    assert of_gcd["measured"]["mean_s"] > 0
    assert of_gcd["cores"] == usable_cpus()
    assert choice["reason"].endswith(".")


def test_json_accounts_for_every_kind(of_gcd: dict[str, Any]) -> None:
    """Each kind of the registry is ranked or ruled out, once, with a reason."""
    ranked = [one["kind"] for one in of_gcd["ranking"]]
    assert sorted([*ranked, *(one["kind"] for one in of_gcd["ruled_out"])]) == sorted(EXECUTORS)
    assert "serial" in ranked
    assert all(one["reason"] for one in of_gcd["ruled_out"])


def test_threads_are_ranked_or_the_gil_rules_them_out(of_gcd: dict[str, Any]) -> None:
    """They hold it, as far as this machine's noise lets that be measured; what is ruled out says so."""
    sample, speedups = of_gcd["measured"], {one["kind"]: one["speedup"] for one in of_gcd["ranking"]}
    reasons = {one["kind"]: one["reason"] for one in of_gcd["ruled_out"]}
    if "thread" in speedups:
        gains = speedups["thread"] > 1.1 or of_gcd["choice"]["kind"] == "thread"
        assert gains or not sample["has_gil"] or min(sample["cpu_share"], sample["gil_share"] + 0.1) < 0.9
    else:
        assert reasons["thread"].startswith("the GIL is held for ")
        assert sample["has_gil"]
        assert not any("thread would be best" in change for change in of_gcd["changes"])


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there are interpreters from Python 3.14 on")
def test_no_interpreters_before_3_14(of_gcd: dict[str, Any]) -> None:
    """The reason is the one of the registry."""
    reasons = {one["kind"]: one["reason"] for one in of_gcd["ruled_out"]}
    assert reasons["interpreter"] == "InterpreterPoolExecutor came with Python 3.14"


def test_the_snippet_runs_as_it_is(of_gcd: dict[str, Any], folder: Path, environment: dict[str, str]) -> None:
    """Pasted into a file beside the module, it gives the results."""
    (folder / "pasted.py").write_text(of_gcd["choice"]["snippet"] + "\n")
    code = "import runpy; print(runpy.run_path('pasted.py', run_name='__main__')['results'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[" + ", ".join(["1", "1"] * 2) + "]", done.stderr


@pytest.mark.once
def test_text_fits_a_terminal(advise: Advise) -> None:
    """Table, sentence and snippet are within 100 columns; waiting tasks go to threads; nothing is on stderr."""
    done = advise("job:wait", "--items", "job:numbers", "--n", "400", "--budget", "6")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("job:wait over 400 items, ")
    table = next(place for place, line in enumerate(lines) if line.startswith("executor kind"))
    assert lines[table + 1].split()[0] == "thread"
    assert "The tasks wait for " in done.stdout
    assert "pool.map(wait, numbers)" in done.stdout


@pytest.mark.once
def test_serial_when_serial_is_best(advise: Advise) -> None:
    """Tasks of nanoseconds are not worth any pool."""
    done = advise("job:one_more", "--items", "job:few", "--json", "--budget", "8")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["choice"]["kind"] == "serial"
    assert "run it serially" in found["choice"]["reason"]
    assert found["choice"]["snippet"].splitlines()[-1] == "results = [one_more(item) for item in few()]"


@pytest.mark.once
def test_what_cannot_be_pickled_rules_processes_out(advise: Advise) -> None:
    """Kinds that send it are ruled out with what pickle said; threads and serial remain."""
    for function, items, what in (("square", "numbers", "function"), ("locked", "locks", "argument")):
        found = json.loads(advise(f"job:{function}", "--items", f"job:{items}", "--json", "--budget", "5").stdout)
        assert {one["kind"] for one in found["ranking"]} <= {"serial", "thread"}
        reasons = {one["kind"]: one["reason"] for one in found["ruled_out"]}
        assert f"the {what} cannot be pickled (" in reasons["process-spawn"]


@pytest.mark.once
def test_verify_shows_prediction_beside_truth(advise: Advise) -> None:
    """The first three, or as many as there are, run for real; side effects are warned of."""
    done = advise("job:remember", "--items", "job:numbers", "--json", "--verify", "--budget", "5")
    found = json.loads(done.stdout)
    assert [one["kind"] for one in found["verified"]] == [one["kind"] for one in found["ranking"][:3]]
    assert all(one["measured_s"] > 0 and one["failure"] is None for one in found["verified"])
    assert "it changes seen of job, of which each worker process has its own" in found["measured"]["side_effects"]


@pytest.mark.once
def test_a_set_up_runs_before_the_function(advise: Advise) -> None:
    """Here and in each worker; without it the function fails."""
    arguments = ("job:needs_set_up", "--items", "job:few", "--budget", "8")
    done = advise(*arguments, "--setup", "job:set_up")
    assert (done.returncode, "set_up()" in done.stdout or "initializer=set_up" in done.stdout) == (0, True)
    failed = advise(*arguments)
    assert (failed.returncode, failed.stderr) == (
        2,
        "flagkit advise: job:needs_set_up: it raised KeyError: 'JOB_IS_SET_UP'\n",
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("job:fail", "--items", "job:few"), "job:fail: it raised ValueError: no good"),
        once(
            "job:vanish: its process ended with exit status 4 while it runs item 3", "job:vanish", "--items", "job:few"
        ),
        once("absent.json: No such file or directory", "job:one_more", "--items", "@absent.json"),
        once("job has no absent", "job:one_more", "--items", "job:absent"),
        once(
            "the items of job:one_more did not end: say how many the real job has with --n",
            *("job:one_more", "--items", "job:endless"),
        ),
        (
            ("job:hang", "--items", "job:few", "--budget", "5"),
            "job:hang: it was not done within 4.1 s: it runs item 3; a longer budget gives it more time",
        ),
    ],
)
def test_no_advice_is_one_line(advise: Advise, arguments: tuple[str, ...], line: str) -> None:
    """Exit status 2, nothing on stdout, and what was wrong on stderr."""
    done = advise(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"flagkit advise: {line}\n")


@pytest.mark.once
@pytest.mark.parametrize(("option", "value"), [("--n", "0"), ("--n", "many"), ("--budget", "0"), ("--budget", "soon")])
def test_options_are_checked(advise: Advise, option: str, value: str) -> None:
    """A number that makes no sense is a usage error."""
    done = advise("job:one_more", "--items", "job:few", option, value)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"argument {option}: must be " in done.stderr


@pytest.mark.once
def test_the_costs_are_kept(folder: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A call measures a kind's costs and keeps them; in some processes, as time allows, and then never again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "own"))
    cache.store(cache.Stored({}, {kind: 1_000.0 for kind in EXECUTORS if kind != "thread"}))
    command = [sys.executable, "-m", "flagkit", "advise", "job:one_more", "--items", "job:numbers", "--budget", "30"]
    own = environment | {"XDG_CACHE_HOME": str(folder / "own")}
    subprocess.run(command, cwd=folder, env=own, check=True, capture_output=True, timeout=100)
    kept = cache.load().costs
    assert kept.keys() == {"thread"}
    assert len(kept["thread"].start_s) == len(kept["thread"].pace_s) == PROCESSES
    assert min(*kept["thread"].start_s, *kept["thread"].dispatch_s) > 0
    subprocess.run(command, cwd=folder, env=own, check=True, capture_output=True, timeout=100)
    assert cache.load().costs == kept


@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_progress_on_a_terminal(folder: Path, environment: dict[str, str]) -> None:
    """The time and what is done are shown again and again, and wiped away in the end."""
    import fcntl  # noqa: PLC0415 - Windows has none
    import termios  # noqa: PLC0415 - likewise

    reader, writer = os.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = [sys.executable, "-m", "flagkit", "advise", "job:hang", "--items", "job:few", "--budget", "5"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=writer, stdout=subprocess.DEVNULL)
    os.close(writer)
    shown = b""
    with suppress(OSError):  # how Linux tells that nobody writes any more
        while part := os.read(reader, 1 << 16):
            shown += part
    os.close(reader)
    assert process.wait(timeout=30) == 2
    parts = shown.decode().split("\r")
    assert sum("of 5 s: runs item 3" in part for part in parts) >= 3
    assert parts[-2].startswith("flagkit advise: job:hang: it was not done")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize("sign", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.once)])
def test_a_stopped_command_leaves_nothing(folder: Path, environment: dict[str, str], sign: signal.Signals) -> None:
    """After Ctrl-C (130, and no word) and after kill -9, every process of it ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flagkit", "advise", "job:hang", "--items", "job:few", "--budget", "60"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    below: list[psutil.Process] = []
    deadline = time.monotonic() + 30
    while not any("spawn_main" in command_line(one) for one in below) and time.monotonic() < deadline:
        time.sleep(0.05)
        below = psutil.Process(process.pid).children(recursive=True)
    time.sleep(0.5)
    below = psutil.Process(process.pid).children(recursive=True)
    assert below
    if sign is signal.SIGINT:
        os.killpg(process.pid, sign)  # as a terminal does: all of the group
    else:
        process.kill()
    out, err = process.communicate(timeout=30)
    assert left_running(below) == []
    if sign is signal.SIGINT:
        assert (process.returncode, out, err) == (130, b"", b"")
