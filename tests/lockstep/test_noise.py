"""python -m bench lockstep-noise: rows, their statistics, and the processes that they are measured with."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import main
from bench.lockstep import summary
from bench.lockstep.estimate import PairedRounds
from bench.lockstep.noise import blocks, pairs, pythons, suite_twice, ways
from bench.lockstep.noise.pairs import ROOT, LiveProcess, LiveProcessError, Turns, generation
from bench.lockstep.noise.rows import Rows
from bench.lockstep.noise.spread import Observation, own_sd, spread
from bench.lockstep.noise.table import markdown, row
from bench.lockstep.noise.ways import Measured, Way
from tests.processes import command_line, left_running

LOGS = st.floats(min_value=-2, max_value=2).map(lambda value: round(value, 6))


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail where a live process is left."""
    yield
    children = psutil.Process().children(recursive=True)
    assert left_running(child for child in children if "bench.lockstep.noise.live" in command_line(child)) == []


def test_spread_by_hand() -> None:
    """It is the root mean square about the truth, over all log ratios of all clusters."""
    result = spread([[0.03, -0.04], [0.0, 0.0]], seed=1)

    assert result.sd == pytest.approx(math.sqrt((0.0009 + 0.0016) / 4))
    assert (result.n, result.clusters, result.low) == (4, 2, None)


def test_spread_of_what_shares_its_luck() -> None:
    """Ten log ratios of each pair of runs, all alike, make no narrower an interval than one of each."""
    luck = [Random(3).gauss(0, 0.1 * (1 + number % 3)) for number in range(12)]

    one, ten = spread([[log] for log in luck], seed=1), spread([[log] * 10 for log in luck], seed=1)

    assert ten.n == 120
    assert (ten.low, ten.high) == pytest.approx((one.low, one.high))


@given(st.lists(st.lists(LOGS, min_size=1, max_size=4), min_size=1, max_size=10), LOGS)
def test_spread_moves_with_what_it_is_about(clusters: list[list[float]], shift: float) -> None:
    """Shifting all and the truth alike changes nothing, and the interval is in order."""
    shifted = [[log + shift for log in cluster] for cluster in clusters]

    still, moved = spread(clusters, seed=2), spread(shifted, seed=2, about=shift)

    assert math.isclose(still.sd, moved.sd, rel_tol=1e-6, abs_tol=1e-6)
    if still.low is not None and still.high is not None:
        assert 0 <= still.low <= still.high


def test_spread_of_nothing() -> None:
    """Nothing has no spread."""
    with pytest.raises(ValueError, match="no log ratios"):
        spread([], seed=1)


def test_own_sd_by_hand() -> None:
    """One side's times scatter about the mean of their own benchmark, whatever others take."""
    observed = [Observation("a", 0, 1.0), Observation("a", 0, 3.0), Observation("b", 0, 100.0)]

    assert own_sd(observed) == pytest.approx(math.sqrt(2))
    assert own_sd(observed[1:]) is None


@pytest.mark.parametrize("how", ["serial", "threads", "processes"])
def test_generation(how: str) -> None:
    """Fresh processes of each kind take their turns, and leave nothing behind."""
    rounds = generation(Turns(how, round_s=0.001, rounds=3), "recursion", Random(1))

    assert len(rounds.base_s) == len(rounds.head_s) == 3
    assert min(rounds.base_s + rounds.head_s) > 0


def test_generation_is_in_seconds_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides make as many calls as the faster one needs for a round, and their times are divided by them."""
    needed = {"base": 2, "head": 4}
    asked: list[int] = []
    monkeypatch.setattr(LiveProcess, "calibrate", lambda process, _: needed[process.name])

    def round_s(_: LiveProcess, calls: int) -> float:
        asked.append(calls)
        return 2.0

    monkeypatch.setattr(LiveProcess, "round_s", round_s)

    rounds = generation(Turns("serial", round_s=0.001, rounds=2), "recursion", Random(1))

    assert asked == [4] * 4
    assert rounds == PairedRounds((0.5, 0.5), (0.5, 0.5))


def live(name: str = "the arm", workload: str = "recursion", how: str = "serial") -> LiveProcess:
    """Start a process."""
    return LiveProcess(name, sys.executable, how=how, workload=workload, hash_seed=1)


def test_a_live_process_that_dies() -> None:
    """It is named, with its status, at the next round."""
    with live() as process:
        process.round_s(1)
        os.kill(process._process.pid, signal.SIGKILL)
        with pytest.raises(LiveProcessError, match="the arm ended with status -9"):
            process.round_s(1)


def test_a_live_process_that_cannot_start() -> None:
    """An unknown workload ends it with a status, not with a wait."""
    with pytest.raises(LiveProcessError, match="the arm ended with status 1"), live(workload="nonsense") as process:
        process.calibrate(0.001)


def test_a_live_process_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, so long, then named and killed."""
    with live() as process:
        process.round_s(1)
        monkeypatch.setattr(pairs, "PATIENCE_S", 0.2)
        os.kill(process._process.pid, signal.SIGSTOP)
        with pytest.raises(LiveProcessError, match=r"the arm did not answer for 0\.2 s"):
            process.round_s(1)


CONTROLLER = """
import sys, time
from bench.lockstep.noise.pairs import LiveProcess
with LiveProcess("a", sys.executable, how="processes", workload="recursion", hash_seed=1) as process:
    process.round_s(1)
    print("ready", flush=True)
    time.sleep(60)
"""


def test_controller_killed() -> None:
    """After kill -9 of who measures, live processes and the workers of their pools end by themselves."""
    with subprocess.Popen([sys.executable, "-c", CONTROLLER], cwd=ROOT, stdout=subprocess.PIPE) as controller:
        assert controller.stdout is not None
        assert controller.stdout.readline() == b"ready\n"
        family = psutil.Process(controller.pid).children(recursive=True)
        assert len(family) >= 3
        controller.kill()

    assert left_running(family) == []


def test_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks give two log ratios of one benchmark."""
    monkeypatch.setattr(blocks, "SHORTEST_S", 0.01)
    monkeypatch.setattr(blocks, "LONGEST_S", 0.02)

    observed = blocks.observe(Random(1))

    assert len(observed) == 2
    assert len({observation.workload for observation in observed}) == 1
    assert all(math.isfinite(observation.log_ratio) for observation in observed)


def test_suite_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of a suite give a log ratio a benchmark."""
    monkeypatch.setattr(suite_twice, "NAMES", ("json loads", "recursion"))
    monkeypatch.setattr(suite_twice, "BENCHMARK_S", 0.001)

    observed = [observation.workload for observation in suite_twice.observe(Random(1))]

    assert observed == ["test_workload[json loads]", "test_workload[recursion]"]


def test_suite_that_fails(tmp_path: Path) -> None:
    """A suite that fails is told with its last line."""
    suite = tmp_path / "suite.py"
    suite.write_text("def test_a(benchmark): raise RuntimeError\n")

    with pytest.raises(suite_twice.SuiteError, match=r"status 1: .*1 failed"):
        suite_twice.medians([str(suite)], 0.001, 1)


def test_pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that is given is taken for its version, and so is this one; what is not found is not there."""
    own = pythons.version(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert pythons.find(["2.7"], [sys.executable]) == {own: sys.executable}
    assert pythons.find(["2.7", own]) == {own: sys.executable}
    assert own.endswith("t") is bool(getattr(sys, "abiflags", "").count("t"))


def test_python_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """python3.x on PATH is found if it runs and is what it is called."""
    own = pythons.version(sys.executable)
    for name in (own, "3.1"):
        launcher = tmp_path / f"python{name}"
        launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        launcher.chmod(0o755)
    broken = tmp_path / "python3.2"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert pythons.find([own, "3.1", "3.2"]) == {own: str(tmp_path / f"python{own}")}


def _alike(random: Random) -> Measured:
    rounds = PairedRounds((1.0,), (math.exp(random.gauss(0.1, 0.01)),))
    return Measured((Observation("a", math.log(rounds.head_s[0]), 0.0),), rounds)


def _fails(_: Random) -> Measured:
    raise LiveProcessError("head ended with status 3")


def _is_full(_: Random) -> Measured:
    raise OSError(28, "No space left on device", "/tmp/suite")  # noqa: S108 - a name in a message


class Clock:
    """A clock that a measurement moves on by a second."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now_s

    def measure(self, random: Random) -> Measured:
        """Take a second."""
        self.now_s += 1
        return _alike(random)


def test_rows_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ways go in turn by their share of the time; one that cannot or fails is a row with the reason, and stops none."""
    clock = Clock()
    monkeypatch.setattr("bench.lockstep.noise.rows.time", clock)
    rows = Rows(
        [
            Way("long", clock.measure, share=3),
            Way("short", clock.measure, identical=False),
            Way("absent", _fails, missing="no Python 3.99 was found"),
            Way("fails", _fails),
            Way("full", _is_full),
        ],
        seed=1,
    )
    told: list[str] = []
    rows.measure(80, lambda name, _: told.append(name))
    long, short, absent, fails, full = rows.rows()

    assert told.count("long") == 60
    assert told.count("short") == 20
    assert told.count("fails") == 1
    assert rows.failed
    assert long.spread is not None
    assert long.spread.sd == pytest.approx(0.1, abs=0.02)  # about the truth of identical code
    assert short.spread is not None
    assert short.spread.sd == pytest.approx(0.01, abs=0.01)  # about the mean of different Pythons
    assert short.ratio is not None
    assert short.ratio.low is not None
    assert absent.reason == "no Python 3.99 was found"
    assert fails.reason == "failed: head ended with status 3"
    assert full.reason == "failed: /tmp/suite: No space left on device"
    table = markdown([long, short, absent, fails])
    assert "| absent | 0 | no Python 3.99 was found |" in table
    assert "| fails | 0 | failed: head ended with status 3 |" in table
    assert "1.1" in table
    assert f"| {summary.ratio(short.ratio)} |" in table  # bounds in the ratio's own direction
    assert "x slower [" in table


def test_rows_with_nothing_that_can_be_measured() -> None:
    """It ends at once, however much time there is."""
    rows = Rows([Way("absent", _fails, missing="not here")], seed=1)

    rows.measure(60, lambda *_: None)

    assert not rows.failed


def test_row_with_few() -> None:
    """Too few for an interval is said in place of one."""
    found = row(Way("few", _alike, identical=False), [_alike(Random(1))] * 2, None, seed=1)

    assert "(too few for an interval)" in markdown([found])
    assert "2 of the 6 generations" in markdown([found])


def test_ways_of_the_issue() -> None:
    """There are nine rows; those between Pythons name the one that is lacking."""
    found = ways.ways({"3.14": sys.executable})

    assert len(found) == 9
    assert [way.missing for way in found[-2:]] == [
        "no Python 3.11 was found; give it with --python PATH",
        "no Python 3.14t was found; give it with --python PATH",
    ]
    assert ways.wanted_pythons() == {"3.11", "3.14", "3.14t"}


def test_way_of_turns() -> None:
    """A row of turns gives a log ratio and the rounds that it is of."""
    way = ways.ways({"3.14": sys.executable, "3.14t": sys.executable, "3.11": sys.executable})[2]

    once = way.measure(Random(1))

    assert once.rounds is not None
    assert len(once.rounds.base_s) == 30
    assert len(once.observations) == 1


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the machine and the table, and writes all that was measured."""
    clock = Clock()
    monkeypatch.setattr("bench.lockstep.noise.rows.time", clock)
    monkeypatch.setattr(ways, "ways", lambda _: (Way("one", clock.measure),))
    output = tmp_path / "noise.json"

    assert main(["lockstep-noise", "--minutes", "0.2", "--seed", "7", "-o", str(output)]) == 0
    content = json.loads(output.read_text())
    assert (content["kind"], content["seed"], content["interrupted"]) == ("lockstep-noise", 7, False)
    assert len(content["rows"][0]["observations"]) == content["rows"][0]["spread"]["clusters"] == 12
    printed = capsys.readouterr().out
    assert printed.startswith(content["machine"]["cpu_model"])
    assert "| one | " in printed


def test_command_with_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that fails makes the exit status 1."""
    monkeypatch.setattr(ways, "ways", lambda _: (Way("one", _fails),))

    assert main(["lockstep-noise", "--minutes", "0.001"]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", "0"], "--minutes 0 is no time to measure in; give a positive number"),
        (["--minutes", "nan"], "--minutes nan is no time"),
        (["--minutes", "inf"], "--minutes inf is no time to measure in; give a positive number"),
        (["--minutes", "1e308"], "--minutes 1e+308 is no time"),
        (["--python", "/dev/null"], "/dev/null is no Python that runs: PermissionError; give the path of one"),
        (["-o", "/dev/null/noise.json"], "lockstep-noise: cannot write in /dev/null"),
        (["-o", "/dev"], "/dev: is a folder; give a file"),
    ],
)
def test_errors_of_the_user(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They are one line and status 2."""
    assert main(["lockstep-noise", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The table is printed, and that the file could not be written is one line and status 2."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ways, "ways", lambda _: (Way("one", _alike),))
    monkeypatch.setattr(os, "fsync", full)
    output = tmp_path / "noise.json"

    assert main(["lockstep-noise", "--minutes", "0.0001", "-o", str(output)]) == 2
    printed, error = capsys.readouterr()
    assert "| one | " in printed
    assert error.splitlines()[-1].endswith(f"lockstep-noise: {output}: cannot be written: No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lacking", ["scipy", "pydantic"])
def test_command_without_what_it_needs(
    lacking: str, uninstall: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python without what it needs is told so in one line."""
    uninstall(lacking)

    assert main(["lockstep-noise"]) == 2
    error = capsys.readouterr().err
    assert f"{lacking} not installed in this Python" in error
    assert error.count("\n") == 1


def runs_of_pytest(pid: int) -> list[psutil.Process]:
    """Return the children that measure the suite."""
    return [child for child in psutil.Process(pid).children() if " pytest " in command_line(child)]


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends it with status 130, the table of what there is, and a valid file; no process is left."""
    output = tmp_path / "noise.json"
    with subprocess.Popen(
        [sys.executable, "-m", "bench", "lockstep-noise", "--minutes", "5", "-o", str(output)],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},  # no other Pythons to look for
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as command:
        try:
            deadline = time.monotonic() + 120
            while not (family := runs_of_pytest(command.pid)) and time.monotonic() < deadline:
                time.sleep(0.05)
            command.send_signal(signal.SIGINT)
            printed, errors = command.communicate(timeout=120)
        finally:
            command.kill()

    assert family
    assert command.returncode == 130, errors
    assert "how the two sides are measured" in printed
    assert json.loads(output.read_text())["interrupted"] is True
    assert left_running(family) == []
