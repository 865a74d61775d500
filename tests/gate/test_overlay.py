"""Which of pytest's arguments name benchmarks, and what of head's is laid over base's."""

from pathlib import Path

import pytest

from bench.gate import overlay
from bench.gate.trouble import Trouble


def tree(folder: Path, **files: str) -> Path:
    """Make a worktree of files, by their names without .py (bench__x is bench/x.py)."""
    (folder / ".git").parent.mkdir()
    (folder / ".git").write_text(f"gitdir: {folder.name}")
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/', 1)}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("selection", "named"),
    [
        (["-k", "toy", "bench"], ["bench"]),
        (["bench/a.py::test_a", "bench/b.py"], ["bench/a.py", "bench/b.py"]),
        (["--deselect", "bench/a.py", "-m", "toy"], ["bench"]),
        (["../head/bench", "-q"], ["bench"]),
        ([], ["bench"]),
    ],
    ids=["value of -k", "tests and files", "left out", "elsewhere", "nothing"],
)
def test_what_names_benchmarks(tmp_path: Path, selection: list[str], named: list[str]) -> None:
    """Files and folders of the tree do, the values of options do not; else it is the first of the usual places."""
    head = tree(tmp_path / "head", bench__a="", bench__b="", toy__x="")

    assert overlay.paths(selection, head) == named


def test_words_that_are_called_like_the_benchmarks(tmp_path: Path) -> None:
    """What names the benchmarks is told from an option's value that reads the same, and each time that it does."""
    head = tree(tmp_path / "head", bench__a="")

    assert overlay.places(["-k", "bench", "-x", "bench", "bench/a.py::test_a"], head) == {3: "bench", 4: "bench/a.py"}


def test_no_benchmarks_at_all(tmp_path: Path) -> None:
    """Where there is no usual place either, it has to be said."""
    with pytest.raises(Trouble, match="where are the benchmarks"):
        overlay.paths(["-k", "toy"], tree(tmp_path / "head", toy__x=""))


def texts(folder: Path) -> dict[str, str]:
    """Return all files with what they hold."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("selected", [["bench"], ["bench/a.py"], ["."], ["bench", "bench/inner"]])
def test_what_is_laid_over(tmp_path: Path, selected: list[str]) -> None:
    """Head's benchmarks with what is beside and above them take the place of base's, which stays a worktree.

    When it is lifted, base is what it was.
    """
    head = tree(tmp_path / "head", bench__a="head", bench__b="new", conftest="head", toy__x="head")
    base = tree(tmp_path / "base", bench__a="base", bench__gone="base", toy__x="base", toy__gone="base")

    before = texts(base)

    laid = overlay.lay(selected, head, base, tmp_path / "kept")

    assert (base / "bench/a.py").read_text() == (base / "conftest.py").read_text() == "head"
    assert (base / "bench/b.py").read_text() == "new"
    assert not (base / "bench/gone.py").exists()
    assert (base / "toy/x.py").read_text() == ("head" if selected == ["."] else "base")
    assert (base / "toy/gone.py").exists() is (selected != ["."])
    assert (base / ".git").read_text() == "gitdir: base"
    laid.lift()
    assert texts(base) == before
