"""python -m bench lockstep-coverage: how often intervals hold the truth."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from scipy import stats

from bench.__main__ import main
from bench.lockstep import identical
from bench.lockstep.estimate import PairedRounds
from bench.lockstep.noise.pairs import ROOT
from bench.lockstep.proof import coverage
from bench.lockstep.proof.neighbour import neighbour
from tests.processes import command_line, left_running


def run_of(logs: list[list[float]], *, loaded: bool = False) -> list[dict[str, Any]]:
    """Return the generations of a run with these log ratios, a list of generations a benchmark, of one round each."""
    return [
        {
            "neighbour": loaded,
            "rounds_s": {str(name): [[1.0], [math.exp(log)]] for name, log in enumerate(of_benchmarks)},
        }
        for of_benchmarks in zip(*logs, strict=True)
    ]


ABOVE = [0.10, 0.11, 0.09, 0.10, 0.12, 0.08]
AROUND = [0.01, -0.01, 0.02, -0.02, 0.0, 0.005]


def test_by_hand() -> None:
    """Of four ratios two say slower and one faster: 25% hold 1, with Clopper and Pearson's 0.6% to 80.6%."""
    found = coverage.coverage([run_of([ABOVE, ABOVE]), run_of([[-log for log in ABOVE], AROUND])])

    assert (found.runs, found.n, found.held, found.slower, found.faster) == (2, 4, 1, 2, 1)
    assert found.low == pytest.approx(0.0063, abs=1e-4)
    assert found.high == pytest.approx(0.8059, abs=1e-4)
    assert found.sd == pytest.approx(0.1 * math.sqrt(3 / 4), rel=0.01)


def test_nothing_measured() -> None:
    """No runs have no coverage."""
    with pytest.raises(ValueError, match="no run"):
        coverage.coverage([])


@pytest.mark.parametrize(
    ("held", "n", "said"),
    [
        (930, 1000, "to 97%: met"),
        (970, 1000, "to 97%: met"),
        (929, 1000, "to 97%: not met"),
        (971, 1000, "to 97%: not met"),
        (950, 999, "to 97% of at least 1,000: too few to tell"),
    ],
)
def test_verdict(held: int, n: int, said: str) -> None:
    """The goal is met between 93 and 97% of 1,000 ratios or more; fewer do not tell."""
    exact = stats.binomtest(held, n).proportion_ci(0.95, method="exact")
    found = coverage.Coverage(40, n, held, float(exact.low), float(exact.high), n - held, 0, half_width=0.01, sd=0.005)

    assert coverage.verdict(found).endswith(said)


def test_table_tells_neighbours_apart() -> None:
    """Runs with the neighbour and without have a row each, beside that of all."""
    table = coverage.markdown([run_of([AROUND]), run_of([AROUND], loaded=True), run_of([ABOVE], loaded=True)])

    assert "| all: 3 | 3 | 66.7% |" in table
    assert "| without a neighbour: 1 | 1 | 100.0% |" in table
    assert "| with a neighbour: 2 | 2 | 50.0% |" in table


def test_identical_arms() -> None:
    """Lockstep on the suite of known work gives paired rounds by workload, a ratio near 1 and nothing left behind."""
    names = ["json loads", "recursion"]

    measured = identical.run(1, 5, seed=1, names=names)

    assert sorted(measured) == names
    for (rounds,) in measured.values():
        assert len(rounds.base_s) == 5
        assert 1 / 3 < np.exp(np.median(rounds.log_ratios())) < 3


def test_blocks() -> None:
    """Runs are six generations in a row; those left over are in none."""
    generations = [{"number": number} for number in range(15)]

    assert [[piece["number"] for piece in run] for run in coverage.blocks(generations)] == [
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
    ]


class Arms:
    """Stands for lockstep: notes with which seeds it is started, and how often it is ended."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.ended = 0

    def generations(self, _: int, seed: int) -> Generator[dict[str, PairedRounds]]:
        """Yield generations until closed."""
        self.seeds.append(seed)
        try:
            while True:
                yield {"a": PairedRounds((1.0,), (2.0,))}
        finally:
            self.ended += 1


def test_generations_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms are started once a call, by where it goes on; about half of the blocks have a neighbour, whole ones."""
    arms = Arms()
    monkeypatch.setattr(identical, "generations", arms.generations)
    monkeypatch.setattr(coverage, "neighbour", lambda _: nullcontext())
    pieces = []
    for first, last in ((0, 100), (100, 240)):
        with coverage.measuring(seed=1) as measure:
            pieces += [measure(number) for number in range(first, last)]

    assert arms.ended == len(arms.seeds) == len(set(arms.seeds)) == 2
    runs = coverage.blocks(pieces)
    assert all(len({piece["neighbour"] for piece in run}) == 1 for run in runs)
    assert 10 < sum(run[0]["neighbour"] for run in runs) < 30
    assert pieces[0]["rounds_s"] == {"a": [[1.0], [2.0]]}


def test_neighbour_loads_on_and_off() -> None:
    """The neighbour takes time of a core while it is there, and is gone after that."""
    with neighbour(seed=2):
        deadline = time.monotonic() + 30
        while not (found := _neighbours()) and time.monotonic() < deadline:  # a process that just began has no name yet
            time.sleep(0.05)
        (process,) = found
        while process.cpu_times().user < 0.3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.cpu_times().user >= 0.3

    assert not process.is_running()


def test_neighbour_of_somebody_killed() -> None:
    """After kill -9 of who has a neighbour, the neighbour ends by itself."""
    code = "import time\nfrom bench.lockstep.proof.neighbour import neighbour\nwith neighbour(1): time.sleep(60)\n"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as owner:
        deadline = time.monotonic() + 30
        while not (family := psutil.Process(owner.pid).children()) and time.monotonic() < deadline:
            time.sleep(0.05)
        owner.kill()

    assert len(family) == 1
    assert left_running(family) == []


def _neighbours() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "bench.lockstep.proof.neighbour" in command_line(child)]


@pytest.fixture
def synthetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put synthetic runs in place of measured ones."""
    rng = np.random.default_rng(3)

    def measure(_: int) -> dict[str, Any]:
        return run_of([[float(rng.normal(0, 0.01))] for _ in range(25)])[0]

    monkeypatch.setattr(coverage, "measuring", lambda _: nullcontext(measure))


@pytest.mark.usefixtures("synthetic")
def test_command_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It measures, tells what the file holds, and another call goes on with it; without time it only tells."""
    path = tmp_path / "proof.jsonl"
    lengths = []
    for minutes in ("0.0005", "0.0005", "0"):
        capsys.readouterr()
        assert main(["lockstep-coverage", str(path), "--minutes", minutes]) == 0
        lengths.append(len(path.read_text().splitlines()) - 1)

    assert 0 < lengths[0] < lengths[1] == lengths[2]
    runs = lengths[2] // 6
    told = capsys.readouterr().out
    if runs:
        assert f"| all: {runs} | {25 * runs} |" in told
        assert "the goal is 93% to 97%" in told
    else:
        assert f"{lengths[2]} of the 6 generations that make a run" in told


def test_command_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C amid a generation ends it with status 130; the generations before are kept and told."""

    def measure(number: int) -> dict[str, Any]:
        if number == 13:
            raise KeyboardInterrupt
        return run_of([[AROUND[number % 6]]])[0]

    monkeypatch.setattr(coverage, "measuring", lambda _: nullcontext(measure))
    path = tmp_path / "proof.jsonl"

    assert main(["lockstep-coverage", str(path), "--minutes", "5"]) == 130
    assert len(path.read_text().splitlines()) == 1 + 13
    assert "| all: 2 | 2 | 100.0% |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (identical.IdenticalError("suite.py: head: died: was killed by SIGKILL"),) * 2,
        (OSError(28, "No space left on device", "/tmp/suite"), "/tmp/suite: No space left on device"),  # noqa: S108
    ],
    ids=["an arm", "the system"],
)
def test_command_with_a_failure(
    tmp_path: Path, error: Exception, said: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A benchmark that fails on an arm, or the system, is one line and status 1, not a run."""

    def fails(_: int) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(coverage, "measuring", lambda _: nullcontext(fails))

    assert main(["lockstep-coverage", str(tmp_path / "proof.jsonl")]) == 1
    captured = capsys.readouterr()
    assert captured.err.strip().endswith(f"lockstep-coverage: failed: {said}")
    assert "nothing has been measured" in captured.out


@pytest.mark.usefixtures("synthetic")
def test_command_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be kept is one line and status 2; what the file held before is told, and goes on later."""
    path = tmp_path / "proof.jsonl"
    assert main(["lockstep-coverage", str(path), "--minutes", "0.0001"]) == 0
    capsys.readouterr()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert main(["lockstep-coverage", str(path), "--minutes", "0.0001"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].endswith(f"{path}: cannot be written: No space left on device; go on later")
    assert "generations that make a run" in captured.out or "| all: " in captured.out


@pytest.mark.usefixtures("synthetic")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", "-1"], "--minutes -1 is no time; give 0 or more"),
        (["--minutes", "inf"], "--minutes inf is no time; give 0 or more"),
        (["--seed", "2"], "measured with another settings; give another file"),
    ],
)
def test_errors_of_the_user(
    tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are one line and status 2, and the file stays as it is."""
    path = tmp_path / "proof.jsonl"
    assert main(["lockstep-coverage", str(path), "--minutes", "0.0001"]) == 0
    before = path.read_bytes()
    capsys.readouterr()

    assert main(["lockstep-coverage", str(path), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert path.read_bytes() == before
    assert json.loads(before.splitlines()[0])["kind"] == "lockstep-coverage"
