"""python -m bench compare: the Pythons of the study as arms."""

import json
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.lockstep.compare import PYTHONS, SELECTION, environments
from bench.report import reading
from bench.report.inputs import run_files
from tests.lockstep.conftest import ROOT

in_an_environment = pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="this Python is no virtual environment")


@pytest.fixture
def tox(tmp_path: Path) -> Path:
    """Return what tox leaves: two environments of the study (of this Python), a broken one, and others."""
    folder = tmp_path / "tox"
    folder.mkdir()
    for name in ("bench-py314t", "bench-py311", "bench", "py312"):
        (folder / name).symlink_to(sys.prefix, target_is_directory=True)
    (folder / "bench-py313").mkdir()
    return folder


@in_an_environment
def test_environments_of_the_study_are_arms(tox: Path) -> None:
    """The oldest first, under the name that tags have; no other environment is one."""
    found = list(environments(tox))
    assert [arm.name for arm in found] == ["cp311", "cp314t"]
    assert [arm.python for arm in found] == [tox / f"bench-py{name}" / "bin" / "python" for name in ("311", "314t")]


def test_the_study_is_what_tox_calls_so() -> None:
    """The Pythons are those of the label in tox.ini, in its order."""
    (line,) = (line for line in (ROOT / "tox.ini").read_text().splitlines() if line.strip().startswith("study ="))
    assert [name.strip() for name in line.partition("=")[2].split(",")] == [f"bench-py{python}" for python in PYTHONS]


@pytest.mark.once
@in_an_environment
def test_what_the_marker_names_is_measured(
    tox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In terms of the base; the report finds a file for each Python, and what has no environment is said."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")  # the suites' own configuration asks for them
    monkeypatch.chdir(ROOT)
    options = ["--base", "cp314t", "--generations", "1", "-o", str(tmp_path / "out"), "--environments", str(tox)]
    _, *marked = SELECTION
    suites = ("bench/bench_gil.py", "bench/bench_serialization.py")  # test_memcpy, in the latter, is not marked
    status = main(["compare", *options, "--", *suites, *marked, "-k", "gcd-short-thread or test_memcpy"])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert "cp312: skipped: no environment bench-py312" in said.err
    assert "time of each arm in terms of cp314t" in said.out
    held = reading.read(run_files([str(tmp_path / "out")]))
    assert [run.source.name for run in held.runs] == ["cp311.json", "cp314t.json"]
    for run in held.runs:
        (one,) = run.benchmarks
        assert one.name.startswith("test_gil[gcd-short-thread-")
    (benchmark,) = json.loads((tmp_path / "out" / "lockstep.json").read_text())["benchmarks"]
    assert list(benchmark["ratios"]) == ["cp311"]


@in_an_environment
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--only", "cp311"], "1 arm: a comparison needs two or more"),
        (["--only", "cp311", "cp312"], "--only cp312: no such Python; there are cp311, cp314t"),
        (["--base", "cp312"], "--base cp312: no such arm; there are cp311, cp314t"),
    ],
)
def test_errors_of_the_user(options: list[str], complaint: str, tox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line after what was skipped, and status 2."""
    assert main(["compare", "--environments", str(tox), *options]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"python -m bench compare: {complaint}")


def test_without_environments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says how to get some."""
    assert main(["compare", "--environments", str(tmp_path)]) == 2
    assert "`tox run -m study --notest` makes environments" in capsys.readouterr().err
