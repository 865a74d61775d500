"""python -m bench."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.report import command

ROOT = Path(__file__).parents[1]


def test_without_a_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which there are, with status 2."""
    with pytest.raises(SystemExit) as caught:
        main([])

    assert caught.value.code == 2
    assert "SUBCOMMAND" in capsys.readouterr().err


def test_help_lists_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    """--help names each with what it does."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    assert caught.value.code == 0
    assert "run files to one HTML page" in capsys.readouterr().out


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends it with one line and the status that shells expect."""

    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupt)

    assert main(["report"]) == 130
    assert capsys.readouterr().err == "interrupted: nothing was left half-written\n"


def test_nobody_reads_on() -> None:
    """What is piped into `head` ends as a shell expects it, with nothing on standard error."""
    (path,) = (ROOT / "reports" / "reference").glob("cp314-*.json")
    command = [sys.executable, "-m", "bench", "table", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode == 141


@pytest.mark.usefixtures("capfd")
def test_another_pipe_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that breaks within a command is not taken for the reader's."""

    def break_off(_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(command, "run", break_off)

    with pytest.raises(BrokenPipeError):
        main(["report"])


def test_as_a_module(tmp_path: Path) -> None:
    """A report on nothing is one line and status 2, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "report", str(tmp_path / "absent.json")],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("python -m bench report: ")
