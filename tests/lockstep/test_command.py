"""python -m bench lockstep, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument import results
from tests.lockstep.conftest import ROOT, write

SUITE = """
import hashlib, os, time
import pytest

def test_hash(benchmark):
    benchmark(lambda: hashlib.sha256(bytes(1000)).digest())

def test_slower(benchmark):
    benchmark(time.sleep, 0.01 if os.environ.get("SLOW") else 0.005)

def test_skipped(benchmark):
    if os.environ.get("SLOW"):
        pytest.skip("too slow for it")
    benchmark(int)

def test_measure(measure):
    calls = []
    measure(
        lambda: calls.append(1) or len(calls),
        expect=lambda result: result == len(calls),
        reference=lambda: 1 / 0,
        reference_name="never run",
        breakdown=lambda: 1 / 0,
        parameters={"suite": "mine", "workers": 1},
    )

def test_measure_single(measure):
    log = []
    measure(
        lambda: log.append("call"),
        expect=lambda result: result is None,
        setup=lambda: log.append("set up"),
        teardown=lambda _: log.append("teardown"),
        parameters={"suite": "mine"},
    )
    assert log == ["set up", "call", "teardown"] * (len(log) // 3)

def test_measure_wrong(measure):
    measure(lambda: 3, expect=lambda result: result == 4, parameters={})
"""
PLUGIN = "pytest_plugins = ['bench.instrument.plugin']"
ARMS = ("--arm", "base=", "--arm", "head=,SLOW=1")


def command(folder: Path, *arguments: str) -> list[str]:
    """Return the command line that measures the suite in a folder."""
    return [sys.executable, "-m", "bench", "lockstep", *arguments, "--", str(folder)]


def environment() -> dict[str, str]:
    """Return an environment in which the arms find the instrument, and no plugin that they do not need."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(folder, *arguments),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Measure two generations, and return how that ended and where the files are."""
    folder = write(tmp_path_factory.mktemp("suite"), {"bench_a": SUITE, "conftest": PLUGIN})
    out = tmp_path_factory.mktemp("out") / "new" / "folder"
    return run(folder, *ARMS, "--generations", "2", "--seed", "7", "-o", str(out)), out


def read(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_files_and_status(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """A benchmark has failed: status 1; a file for each arm and one for the ratios, and nothing else."""
    assert done[0].returncode == 1, done[0].stderr
    assert sorted(path.name for path in done[1].iterdir()) == ["base.json", "head.json", "lockstep.json"]
    assert "Traceback" not in done[0].stderr


def test_each_arm_is_an_ordinary_run_file(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """The readers know it, environment and reasons included; raw rounds are in measured order."""
    base, head = (results.load(done[1] / f"{name}.json") for name in ("base", "head"))
    names = {"test_hash", "test_slower", "test_measure", "test_measure_single"}
    for loaded in (base, head):
        assert {benchmark.name for benchmark in loaded.benchmarks} == names
        assert loaded.environment is not None
        assert not loaded.environment.interrupted
        assert {len(benchmark.rounds_s) for benchmark in loaded.benchmarks} == {60}
    assert {one.benchmark.partition("::")[2]: one.reason for one in head.unavailable} == {
        "test_skipped": "too slow for it",
        "test_measure_wrong": "bench.instrument.answers.WrongAnswerError: wrong answer: 3",
    }
    assert {one.benchmark.partition("::")[2] for one in base.unavailable} == {"test_skipped", "test_measure_wrong"}
    shown = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest_benchmark",
            "compare",
            *(str(done[1] / f"{name}.json") for name in ("base", "head")),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(shown.count(f"{name} (") == 2 for name in names)


def test_an_arm_tells_what_was_asked_for(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Its file has the arguments that were given, none of the controller's, and no path to its private folder."""
    for name in ("base", "head"):
        loaded = results.load(done[1] / f"{name}.json")
        assert loaded.environment is not None
        assert loaded.environment.arguments == (".",)
        assert {benchmark.arm for benchmark in loaded.benchmarks} == {name}
        assert "/lockstep-" not in (done[1] / f"{name}.json").read_text()


def test_the_pairing_can_be_rebuilt(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """From generation and turn of each round; from these pairs come the ratios."""
    ratios = {one["fullname"]: one["ratios"] for one in read(done[1] / "lockstep.json")["benchmarks"]}
    base, head = (
        {one["fullname"]: one for one in read(done[1] / f"{name}.json")["benchmarks"]} for name in ("base", "head")
    )
    assert ratios.keys() == base.keys() == head.keys()
    for fullname, ratio in ratios.items():
        paired = [one["extra_info"]["lockstep"] for one in (base[fullname], head[fullname])]
        assert [one["arm"] for one in paired] == ["base", "head"]
        assert paired[0]["generation"] == paired[1]["generation"] == [0] * 30 + [1] * 30
        assert paired[0]["turn"] == paired[1]["turn"] == [*range(30)] * 2
        places = list(zip(paired[0]["place_in_turn"], paired[1]["place_in_turn"], strict=True))
        assert set(places) == {(0, 1), (1, 0)}
        assert ratio["head"]["rounds"] == 60
        assert ratio["head"]["generations"] == 2


def test_a_ratio_is_head_by_base(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Sleeping twice as long is slower, in the file and on the screen."""
    (slower,) = (
        one for one in read(done[1] / "lockstep.json")["benchmarks"] if one["fullname"].endswith("test_slower")
    )
    assert 1.3 < slower["ratios"]["head"]["ratio"] < 2.7
    (line,) = (line for line in done[0].stdout.splitlines() if "::test_slower" in line)
    assert "x slower (no interval: 2 of the 6 generations" in line


def test_what_was_refused_is_said(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """In lockstep.json and on the screen, with the reason and the arm."""
    refused = [(one["arm"], one["why"], one["reason"]) for one in read(done[1] / "lockstep.json")["refused"]]
    assert ("head", "skipped", "too slow for it") in refused
    assert "head: skipped: bench_a.py::test_skipped: too slow for it" in "\n".join(
        line.replace("suite0/", "") for line in done[0].stdout.splitlines()
    )


def test_cost_and_cores_are_said(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """How much was not measuring, by what it was; and which cores, or why none."""
    content = read(done[1] / "lockstep.json")
    cost = content["cost"]
    assert 0 < cost["not_measuring"] < 1
    assert sum(cost["seconds"].values()) == pytest.approx(cost["wall_s"])
    assert cost["turns"] == 4 * 2 * 60
    assert content["planned"]["rounds"] == 30
    assert content["seed"] == 7
    assert bool(content["cores"]["one"]) != bool(content["cores"]["not_pinned"])


def test_progress_is_told_where_nobody_looks(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """A line a generation, with the time left, and the sizes before the first round that counts."""
    lines = done[0].stderr.splitlines()
    assert [line.partition(",")[0] for line in lines if " to go" in line] == [
        "pilot: 6 of 10",
        "pilot: 10 of 10",
        "measured 4 of 8",
        "measured 8 of 8",
    ]
    assert any(line.startswith("fixed from here on: 2 generations of 30 rounds, about ") for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.once)])
def test_interrupted(number: signal.Signals, tmp_path: Path) -> None:
    """What is measured is kept in whole files beside those of complete runs; no process and no folder stays."""
    folder = write(tmp_path, {"bench_a": SUITE, "conftest": PLUGIN})
    (tmp_path / "temporary").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "base.json").write_text("earlier")
    process = subprocess.Popen(
        [
            *command(folder, *ARMS, "--generations", "20", "--budget", "1h", "-o", str(tmp_path / "out")),
            "-k",
            "hash or single",
        ],
        cwd=ROOT,
        env={**environment(), "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline_s = time.monotonic() + 60
    while not (tmp_path / "out" / "lockstep-interrupted.json").exists():
        assert time.monotonic() < deadline_s
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert out == ""
    assert "what was measured is kept: " in err.splitlines()[-1]
    assert "Traceback" not in err
    assert list((tmp_path / "temporary").iterdir()) == []
    assert (tmp_path / "out" / "base.json").read_text() == "earlier"
    for name in ("base", "head"):
        loaded = results.load(tmp_path / "out" / f"{name}-interrupted.json")
        assert loaded.environment is not None
        assert loaded.environment.interrupted
        assert {len(one.rounds_s) for one in loaded.benchmarks} <= {30 * generations for generations in range(1, 20)}
    assert read(tmp_path / "out" / "lockstep-interrupted.json")["interrupted"] is True


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--arm", "a="), "python -m bench lockstep: 1 arm: a comparison needs two or more"),
        (("--arm", "a=", "--arm", "b=nothing-like-it"), "no Python nothing-like-it"),
        ((*ARMS, "--base", "c"), "--base c: no such arm; there are base, head"),
        ((*ARMS, "--budget", "1ms"), "is no time"),
        ((*ARMS, "--generations", "0"), "'0' is no whole number above 0"),
        ((*ARMS, "--budget", "1s"), "m, or fewer benchmarks"),
        ((*ARMS, "-o", __file__), "File exists"),
    ],
)
def test_errors_of_the_user(
    arguments: tuple[str, ...], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and status 2; nothing is written."""
    folder = write(tmp_path, {"bench_a": "import time\ndef test_a(benchmark): benchmark(time.sleep, 0.01)"})
    given = ["lockstep", *(() if "-o" in arguments else ("-o", str(tmp_path / "out"))), *arguments, "--", str(folder)]
    try:
        status = main(given)
    except SystemExit as stopped:  # argparse
        status = int(stopped.code or 0)
    assert status == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.once
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says so, twice at most; the run has failed and leaves no part of a file."""
    folder = write(tmp_path, {"bench_a": "def test_a(benchmark): benchmark(int)"})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status = main(["lockstep", *ARMS, "--generations", "1", "-o", str(tmp_path / "out"), "--", str(folder)])
    assert status == 2
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")] == [
        "error: No space left on device",
        "error: what was measured is not kept: No space left on device",
    ]
    assert list((tmp_path / "out").iterdir()) == []


def test_without_what_it_needs(
    uninstall: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python without scipy, and Windows, are told in one line, with status 2."""
    uninstall("scipy")
    assert main(["lockstep", *ARMS]) == 2
    assert capsys.readouterr().err.startswith("python -m bench lockstep: scipy not installed in this Python; ")
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["lockstep", *ARMS]) == 2
    assert "which Windows does not know" in capsys.readouterr().err
