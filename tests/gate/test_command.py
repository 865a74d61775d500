"""The gate's command line."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.gate.action import arguments
from tests.gate.toys import ROOT, Toy


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


@pytest.mark.parametrize("share", ["-1%", "100%", "x", "nan", ""])
def test_share_that_is_none(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A delta is a share between 0 and 1."""
    with pytest.raises(SystemExit) as caught:
        main(["gate", f"--delta={share}"])

    assert caught.value.code == 2
    assert "is no share: give 2% or 0.02" in capsys.readouterr().err


def test_fault_of_the_gate_itself(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told with its traceback and status 3: Python's own for it, 1, would say that head is slower."""

    def fail(_: object) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr("bench.gate.run.Run.verdict", fail)

    assert main(["gate", "--repo", str(toy.top)]) == 3
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.splitlines()[-1].endswith("could not run: a fault of the gate itself: KeyError: 'a fault'")


def test_help_lists_the_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    """--help says what each exit status means."""
    with pytest.raises(SystemExit):
        main(["gate", "--help"])

    assert "5 inconclusive" in capsys.readouterr().out


def test_missing_libraries(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A Python without the libraries is told what to run."""
    monkeypatch.setattr("bench.gate.command._NEEDED", {"no_such_module_here": "scipy"})

    assert refused(capsys) == "scipy not installed in this Python; `tox -e gate` has all that it needs"


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
    }

    given = arguments(variables)

    assert given[1:5] == ["--repo=/work/x", "--against=origin/main", "--install=pip install .", "--budget=3m"]
    assert given[-4:] == ["--", "bench", "-k", "not slow"]
    assert not any(argument.startswith("--delta") for argument in given)


def test_action_gives_what_it_declares() -> None:
    """Each input of action.yml reaches the command line by the environment, and its script reads none directly."""
    text = (ROOT / "action.yml").read_text("utf-8")
    script = text[text.index("run: |") :]

    for name in ("against", "benchmarks", "install", "delta", "budget"):
        assert f"GATE_{name.upper()}: ${{{{ inputs.{name} }}}}" in text
    assert "inputs." not in script
