"""The gate's command line."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from bench.__main__ import main
from bench.gate import action
from bench.gate.action import arguments
from bench.gate.proofs import Proof
from bench.gate.run import Run
from bench.gate.sets import Sets
from bench.gate.verdict import Finding, Rules, Status, Verdict
from bench.instrument.command_line import INSTALLING
from bench.lockstep import interruption
from tests.gate.toys import ROOT, Toy

PASSED = Verdict(
    "pass", Status.PASS, "pass", (), None, None, Rules.of(), 300, 100, "2026-01-01T00:00:00+00:00", "a cpu"
)
NOTHING = Proof((), {}, {}, {}, {}, {})


def refused(capsys: pytest.CaptureFixture[str], *given: object) -> str:
    """Run the gate, which must end with status 2, and return its one line."""
    assert main(["gate", *map(str, given)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()[-1:]
    return line.removeprefix("python -m bench gate: ")


def test_ref_that_does_not_exist(toy: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one line with status 2; nothing is checked out."""
    before = toy.state()

    assert refused(capsys, "--repo", toy.top, "--against", "v9") == "--against v9: there is no such commit here"
    assert toy.state() == before


def test_no_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder outside any repository, and one that is not there, are each one line."""
    assert "is in no git repository" in refused(capsys, "--repo", tmp_path)
    assert "is no directory" in refused(capsys, "--repo", tmp_path / "absent")


def test_file_that_cannot_be_written(toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is told before anything is built."""
    (tmp_path / "file").write_text("")

    assert "cannot write in" in refused(capsys, "--repo", toy.top, "--json", tmp_path / "file/gate.json")
    assert "is a folder" in refused(capsys, "--repo", toy.top, "--markdown", tmp_path)
    both = tmp_path / "gate.json"
    assert "another file" in refused(
        capsys, "--repo", toy.top, "--json", both, "--markdown", tmp_path / "." / both.name
    )


@pytest.mark.parametrize("share", ["-1%", "100%", "x", "nan", ""])
def test_share_that_is_none(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A delta is a share between 0 and 1."""
    with pytest.raises(SystemExit) as caught:
        main(["gate", f"--delta={share}"])

    assert caught.value.code == 2
    assert "is no share: give 2% or 0.02" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["Run._run", "judge"])
def test_fault_of_the_gate_itself(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told with its traceback and status 3, for which Python has 1; the file holds what is known all the same."""

    def fail(*_: object) -> None:
        raise KeyError("a fault")

    def end(run: Run) -> None:
        run.doing = "resting"
        run.sets = Sets(frozenset(), NOTHING, NOTHING)

    monkeypatch.setattr("bench.gate.run.Run._run", end)
    monkeypatch.setattr(f"bench.gate.run.{place}", fail)

    assert main(["gate", "--json", str(tmp_path / "gate.json")]) == 3
    said = capsys.readouterr()
    assert "Traceback" in said.err
    content = json.loads((tmp_path / "gate.json").read_text())
    assert (content["status"], content["line"]) == (3, said.out.splitlines()[0])
    assert content["line"].startswith("could not run: a fault of the gate itself: while ")
    assert content["line"].endswith(": KeyError: 'a fault'")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("a fault"), "a fault of the gate itself: KeyError: 'a fault'"),
        (BrokenPipeError(32, "Broken pipe"), ""),
    ],
)
def test_fault_outside_of_the_run(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is status 3 too, and a line."""
    monkeypatch.setattr("bench.gate.run.Run.verdict", lambda _: PASSED)
    monkeypatch.setattr("bench.gate.command._print", Mock(side_effect=error))

    assert main(["gate"]) == 3
    assert capsys.readouterr().err.endswith(f"python -m bench gate: could not run: {said or 'Broken pipe'}\n")


def test_output_without_the_letters_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has no letter for is written as a number, and the status is the verdict's."""
    finding = Finding("bench_é.py::test_ж", "no change", "", "screen")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("bench.gate.run.Run.verdict", lambda _: replace(PASSED, benchmarks=(finding,)))
    monkeypatch.setattr("sys.stdout", out)

    assert main(["gate"]) == 0
    assert b"bench_\\xe9.py::test_\\u0436" in out.buffer.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_again_while_the_verdict_is_made(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written all the same."""

    def interrupted(*_: object) -> str:
        signal.raise_signal(number)
        return "a machine"

    monkeypatch.setattr("bench.gate.run.Run._run", interrupted)
    monkeypatch.setattr("bench.gate.run._machine", interrupted)
    with interruption.heeded():
        assert main(["gate", "--json", str(tmp_path / "gate.json")]) == 130

    content = json.loads((tmp_path / "gate.json").read_text())
    assert (content["status"], content["line"]) == (130, "interrupted while starting")


def test_help_lists_the_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    """--help says what each exit status means."""
    with pytest.raises(SystemExit):
        main(["gate", "--help"])

    assert "5 inconclusive" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["numpy", "scipy", "psutil", "pytest-benchmark", "tqdm"])
def test_missing_library(
    name: str, tmp_path: Path, uninstall: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each that is imported is looked for first."""
    uninstall(name)

    assert refused(capsys, "--repo", tmp_path) == f"{name} not installed in this Python; {INSTALLING}"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit to the size of files")
def test_disk_without_room(toy: Toy) -> None:
    """Where no file can grow, the run ends with status 3 and a line, and leaves nothing."""
    toy.commit(toy__large="#" * 100_000)
    before = toy.state()
    done = subprocess.run(
        toy.command("--against", "HEAD~1"),
        cwd=ROOT,
        env=toy.environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )

    assert done.returncode == 3
    assert done.stdout.startswith("could not run: head (working tree) cannot be checked out")
    assert toy.state() == before
    assert toy.left() == []


def test_inputs_of_the_action() -> None:
    """They become options; quotes in the selection are heeded, an empty input is not given."""
    variables = {
        "RUNNER_TEMP": "/temporary",
        "GITHUB_WORKSPACE": "/work/x",
        "GATE_AGAINST": "origin/main",
        "GATE_BENCHMARKS": 'bench -k "not slow"',
        "GATE_INSTALL": "pip install .",
        "GATE_DELTA": "",
        "GATE_BUDGET": "3m",
        "GATE_ALLOW_REMOVED": "false",
    }

    given = arguments(variables)

    assert given[1:5] == ["--repo=/work/x", "--against=origin/main", "--install=pip install .", "--budget=3m"]
    assert given[-4:] == ["--", "bench", "-k", "not slow"]
    assert not any(argument.startswith(("--delta", "--allow-removed")) for argument in given)
    assert "--allow-removed" in arguments(variables | {"GATE_ALLOW_REMOVED": "true"})


def test_input_that_cannot_be_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An open quotation is one line with status 2; Python's own status would say that something became slower."""
    variables = {"GITHUB_WORKSPACE": "/work/x", "RUNNER_TEMP": str(tmp_path), "GATE_BENCHMARKS": "b -k 'not\nslow"}

    assert action.run(variables) == 2
    assert capsys.readouterr().err == (
        """python -m bench gate: benchmarks: "b -k 'not\\nslow": No closing quotation\n"""
    )


def test_action_gives_what_it_declares() -> None:
    """Each input of action.yml reaches the command line by the environment, and its script reads none directly."""
    text = (ROOT / "action.yml").read_text("utf-8")
    script = text[text.index("run: |") :]

    for name in ("against", "benchmarks", "install", "delta", "budget", "allow-removed"):
        assert f"GATE_{name.upper().replace('-', '_')}: ${{{{ inputs.{name} }}}}" in text
    assert "inputs." not in script


@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="there is no bash")
@pytest.mark.parametrize(
    ("writes", "summary"),
    [("gate.md", "a verdict\n"), ("nothing", "## The gate has no verdict\n\n    --against v9: no such commit\n")],
    ids=["verdict", "none"],
)
def test_summary_of_the_action(tmp_path: Path, writes: str, summary: str) -> None:
    """It is the verdict, or what the gate has said where it gives none; the status is the gate's."""
    text = (ROOT / "action.yml").read_text("utf-8")
    script = text[text.index("status=0") :]
    python = tmp_path / "gate/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f"#!/bin/sh\necho a verdict >{tmp_path}/{writes}\necho '--against v9: no such commit' >&2\nexit 2\n"
    )
    python.chmod(0o755)
    variables = {"RUNNER_TEMP": str(tmp_path), "GATE_ACTION": "", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - that of the path
        env={"PATH": os.defpath, **variables},
        stdout=subprocess.PIPE,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, b"--against v9: no such commit\n")
    assert (tmp_path / "summary").read_text() == summary
