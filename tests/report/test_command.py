"""python -m bench report: what it writes, what it says, and how it refuses."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument.results import load
from bench.report import command, document, vega, writing
from bench.report.findings import FOREMOST
from bench.report.inputs import InputError, run_files

WriteRun = Callable[..., Path]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page be a word, and drawing libraries be there: what is tested is the command, on every Python."""
    monkeypatch.setattr(command, "_NEEDED", {"pydantic": "pydantic"})
    monkeypatch.setattr(command, "_render_page", lambda *_, **_named: "the page")
    monkeypatch.setattr(vega, "_PROGRAM", "")


def report(*arguments: str | Path) -> int:
    """Run the subcommand."""
    return main(["report", *map(str, arguments)])


@pytest.mark.usefixtures("undrawn")
def test_page_and_words(write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page is written, the findings are said, then where the files are."""
    page = tmp_path / "new" / "index.html"

    assert report(write_run(), "-o", page) == 0

    said = capsys.readouterr()
    assert page.read_text(encoding="utf-8") == "the page"
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == "Findings of CPython 3.14.7"
    assert lines[1].startswith("  1. 2 threads ran the seed's gcd 1.0")
    assert lines[-2:] == [f"Run files  {tmp_path / 'run.json'}", f"Written    {page}"]
    assert max(map(len, lines[:-2])) <= 100


@pytest.mark.usefixtures("undrawn")
def test_four_findings_are_said(
    write_run: WriteRun, make_run: Callable[..., dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that matter most, and how many more there are on the page."""
    path = write_run(make_run(studies=True))
    assert report(path, "-o", tmp_path / "x.html") == 0

    lines = capsys.readouterr().out.splitlines()
    found = len(document.report([load(path)]).findings)
    assert found > FOREMOST == 4
    assert [line.split()[0] for line in lines if re.match(r"  +\d+\. ", line)] == ["1.", "2.", "3.", "4."]
    assert f"  and {found - 4} more on the page, with figures and tables" in lines


@pytest.mark.usefixtures("undrawn")
def test_no_run_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a run file is an error of one line, and none for who asks for a page --if-any."""
    assert report(tmp_path, "-o", tmp_path / "x.html") == 2
    assert report(tmp_path, "-o", tmp_path / "x.html", "--if-any") == 0
    assert report(tmp_path / "absent.json", "-o", tmp_path / "x.html", "--if-any") == 2

    assert "no *.json in this directory" in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_other_runs_are_said_not_to_be_side_by_side(
    write_run: WriteRun, make_run: Callable[..., dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What threads did in each other run follows, under a heading that says how little that compares."""
    old, new = write_run(make_run("3.11.9"), "a.json"), write_run(make_run("3.14.7"), "b.json")

    assert report(old, new, "-o", tmp_path / "x.html") == 0

    said = capsys.readouterr().out
    assert "Threads in the other runs (not measured side by side)\n  -  CPython 3.11.9: 2 threads" in said


@pytest.mark.usefixtures("undrawn")
def test_markdown_and_csv(write_run: WriteRun, tmp_path: Path) -> None:
    """The other formats are written when asked for."""
    assert (
        report(write_run(), "-o", tmp_path / "x.html", "--markdown", tmp_path / "x.md", "--csv", tmp_path / "x.csv")
        == 0
    )

    assert (tmp_path / "x.md").read_text(encoding="utf-8").startswith("# What concurrency costs here")
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").startswith("python,suite,benchmark")


@pytest.mark.usefixtures("undrawn")
def test_json(write_run: WriteRun, tmp_path: Path) -> None:
    """Tidy rows are written as JSON when asked for."""
    assert report(write_run(), "-o", tmp_path / "x.html", "--json", tmp_path / "x.json") == 0

    read = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert read["rows"][0]["benchmark"].startswith("bench/bench_gil.py::")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("option", ["-o", "--csv", "--json", "--markdown"])
def test_no_input_is_overwritten(
    write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """An output that is a run file itself, or another output, is refused before anything is written."""
    run, page = write_run(), tmp_path / "index.html"
    before = run.read_bytes()

    first: list[str | Path] = [] if option == "-o" else ["-o", page]
    assert report(run, *first, option, run) == 2
    assert report(run, "-o", page, "--csv" if option == "-o" else option, page) == 2

    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("is read or written already" in line for line in said)
    assert run.read_bytes() == before
    assert not page.exists()


@pytest.mark.usefixtures("undrawn")
def test_default_is_every_run_in_reports(
    write_run: WriteRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without arguments: reports/*.json to reports/index.html."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    write_run(name="reports/cp314.json")

    assert report() == 0

    assert (tmp_path / "reports" / "index.html").read_text(encoding="utf-8") == "the page"
    assert str(Path("reports/cp314.json")) in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
def test_malformed_file_leaves_a_good_page(
    write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bad file: one line, status 2, and the page that was there stays as it was."""
    page, bad = tmp_path / "index.html", tmp_path / "bad.json"
    page.write_text("good", encoding="utf-8")
    bad.write_text('{"machine_info": {', encoding="utf-8")

    assert report(write_run(), bad, "-o", page) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        f"python -m bench report: {bad}: no valid JSON: EOF while parsing an object at line 1 column 18"
    ]
    assert page.read_text(encoding="utf-8") == "good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "index.html", "run.json"]


@pytest.mark.usefixtures("undrawn")
def test_output_that_cannot_be_written(write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory in the way of the page is one line."""
    (tmp_path / "page").mkdir()

    assert report(write_run(), "-o", tmp_path / "page") == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be written" in line
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system makes no files that are not regular")
def test_a_device_is_never_replaced(write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no regular file, such as /dev/full, stays what it is: one line, status 2."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert report(write_run(), "-o", pipe) == 2

    assert capsys.readouterr().err == f"python -m bench report: {pipe}: cannot be written: it is not a regular file\n"
    assert pipe.is_fifo()


def test_missing_libraries(uninstall: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """A Python without the drawing libraries is told what to run."""
    uninstall("Altair")

    assert report() == 2

    assert capsys.readouterr().err == (
        "python -m bench report: Altair not installed in this Python; "
        "`uv pip install . --group proof --group report` installs all that `python -m bench` needs\n"
    )


@pytest.mark.usefixtures("undrawn")
def test_names_do_not_command_the_terminal(
    write_run: WriteRun, hostile_run: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters of a run file's names are not printed."""
    assert report(write_run(hostile_run), "-o", tmp_path / "x.html") == 0

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("variables", "terminal", "bold"),
    [({}, True, True), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, True, False), ({}, False, False)],
    ids=["terminal", "NO_COLOR", "dumb", "pipe"],
)
def test_bold_is_for_terminals_that_want_it(
    write_run: WriteRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    variables: dict[str, str],
    terminal: bool,
    bold: bool,
) -> None:
    """Bold headings only on a terminal, and not where NO_COLOR asks for none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)

    assert report(write_run(), "-o", tmp_path / "x.html") == 0

    assert ("\x1b[1m" in capsys.readouterr().out) is bold


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """--help has examples."""
    with pytest.raises(SystemExit) as caught:
        report("--help")

    assert caught.value.code == 0
    assert "python -m bench report a.json b.json -o ab.html" in capsys.readouterr().out


def test_run_files(write_run: WriteRun, tmp_path: Path) -> None:
    """Directories, patterns and names mean files, in order, each once."""
    for name in ("b.json", "a.json", "c.txt"):
        write_run(name=name)

    assert [path.name for path in run_files([str(tmp_path)])] == ["a.json", "b.json"]
    assert [path.name for path in run_files([str(tmp_path / "[b]*.json"), str(tmp_path)])] == ["b.json", "a.json"]
    assert [path.name for path in run_files([str(tmp_path / "absent.json")])] == ["absent.json"]


@pytest.mark.parametrize(("given", "said"), [("", "no \\*.json in this directory"), ("*.json", "matches no file")])
def test_no_run_files(tmp_path: Path, given: str, said: str) -> None:
    """An argument that means no file says what writes one."""
    with pytest.raises(InputError, match=f"{said}.*tox -e bench"):
        run_files([str(tmp_path / given)])


def test_writing_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure at the last moment leaves the old content and no other file."""
    path = tmp_path / "page.html"
    writing.replace(path, "old")

    def fail(_: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        writing.replace(path, "new")

    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
