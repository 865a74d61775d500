"""Which files of head's measure both sides: its benchmarks, and what pytest reads to run them."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.gate.trouble import usage

USUAL = ("bench", "benchmarks", "tests/benchmarks", "tests")
_CONFIGURATION = ("conftest.py", "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")
_PROJECT = "pyproject.toml"
_WITH_A_VALUE = frozenset(
    {"-k", "-m", "-p", "-o", "-c", "-W", "-n", "--ignore", "--ignore-glob", "--deselect", "--rootdir", "--confcutdir"}
)
"""Options of pytest whose value, the next argument, may be the name of a file or a folder too."""


def paths(selection: Sequence[str], tree: Path) -> list[str]:
    """Return the files and folders of the tree that pytest's arguments name; raises Trouble for none.

    Where they name none, it is the first of the usual places that there is.
    """
    if named := places(selection, tree).values():
        return list(dict.fromkeys(named))
    for place in USUAL:
        if (tree / place).is_dir():
            return [place]
    raise usage(f"where are the benchmarks? give their folder after --; head has none of {', '.join(USUAL)}")


def places(selection: Sequence[str], tree: Path) -> dict[int, str]:
    """Return the files and folders of the tree that pytest's arguments name, by their positions among these."""
    before = ["", *selection]
    given = {
        place: argument.partition("::")[0]
        for place, (option, argument) in enumerate(zip(before, selection, strict=False))
        if not argument.startswith("-") and option not in _WITH_A_VALUE
    }
    return {place: path for place, path in given.items() if path and (tree / path).exists() and _is_inside(path)}


@dataclass(frozen=True, slots=True)
class Overlay:
    """Head's files in base's tree, and where base's own are kept meanwhile."""

    tree: Path
    kept: Path
    names: tuple[str, ...]

    def lift(self) -> None:
        """Put base's own files back."""
        for name in self.names:
            _remove(self.tree / name)
            if os.path.lexists(self.kept / name):
                (self.kept / name).rename(self.tree / name)


def lay(selected: Sequence[str], head: Path, base: Path, kept: Path) -> Overlay:
    """Put head's benchmarks, and its configuration of pytest, in the place of base's, which go to the folder `kept`.

    Of a file, its whole folder goes along, as it may import its neighbours; that of the top does not. Done once both
    are built, so that neither is built from the other's files.
    """
    folders = {
        path if (head / path).is_dir() or PurePosixPath(path).parent == PurePosixPath() else _parent(path)
        for path in selected
    }
    if "." in folders:  # all of the tree, save what makes it a worktree
        folders |= {path.name for tree in (head, base) for path in tree.iterdir() if path.name != ".git"}
        folders.remove(".")
    above = {str(parent / "conftest.py") for path in folders for parent in PurePosixPath(path).parents}
    wanted = dict.fromkeys([*sorted(folders), *sorted(above), *_CONFIGURATION, _PROJECT])
    names = [name for name in wanted if not any(str(parent) in wanted for parent in PurePosixPath(name).parents)]
    for name in names:
        if os.path.lexists(base / name):
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).rename(kept / name)
        _copy(head / name, base / name)
    return Overlay(base, kept, tuple(names))


def _parent(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _is_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts
