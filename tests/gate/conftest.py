"""Repositories for gate runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gate.toys import BENCH, FAST, Toy

MakeToy = Callable[..., Toy]


@pytest.fixture
def make_toy(tmp_path: Path) -> MakeToy:
    """Return a function that makes a repository with one commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def make(name: str = "repository", **files: str) -> Toy:
        toy = Toy(tmp_path / name)
        toy.top.mkdir()
        toy.git("init", "-q", "-b", "main")
        (toy.top / "pyproject.toml").write_text('[tool.pytest.ini_options]\npython_files = ["bench_*.py"]\n')
        (toy.top / "conftest.py").write_text("")
        (toy.top / ".gitignore").write_text("__pycache__/\n*.ignored\n")
        toy.commit(**{"toy____init__": FAST, "bench__bench_toy": BENCH} | files)
        return toy

    return make


@pytest.fixture
def toy(make_toy: MakeToy) -> Toy:
    """Return a repository with one commit."""
    return make_toy()
