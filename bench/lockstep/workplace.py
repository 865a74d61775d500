"""Where the arms work: places with paths of equal length, which they swap from one generation to the next.

The length of paths, of the interpreter's and of the modules', moves what lies in memory beside them, and with it speed.
So each arm's virtual environment is reached through a link in its place, and checkouts that differ are copied there.
A copy is renamed, never changed, and the user's own tree is not written to.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.lockstep.arms import Arm

_LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache",
        ".ruff_cache", ".hypothesis", ".benchmarks",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What an arm works with in one generation."""

    python: Path
    checkout: Path
    temporary: Path
    log: Path


class Workplace:
    """A private folder for all arms of a run; ``remove`` takes it away with all that processes have left in it.

    Generations have one of ``sets`` sets of places each, in turn: so many of them may be at work at once.
    """

    def __init__(self, arms: Sequence[Arm], sets: int = 1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lockstep-"))
        self._arms = tuple(arms)
        self._digits = len(str(sets * len(self._arms) - 1))
        self.is_copied = len({arm.checkout for arm in self._arms}) > 1
        self._at: list[dict[str, Path]] = [{} for _ in range(sets)]

    def copy_checkouts(self) -> None:
        """Copy the checkouts, if they differ, without what belongs to a version control or can be made again."""
        for which, at in enumerate(self._at):
            for number, arm in enumerate(self._arms):
                place = at[arm.name] = self._place(which, number)
                place.mkdir()
                if self.is_copied:
                    shutil.copytree(arm.checkout, place / "c", symlinks=True, ignore=_left_out)

    def arrange(self, generation: int) -> Mapping[str, Place]:
        """Move each arm to its place in a generation; no process of the one before in this set may be at work."""
        turn, which = divmod(generation, len(self._at))
        coming = {
            arm.name: self._place(which, (number + turn) % len(self._arms)) for number, arm in enumerate(self._arms)
        }
        if self.is_copied:
            for name, place in self._at[which].items():
                (place / "c").rename(self.folder / f"moving-{name}")
            for name, place in coming.items():
                (self.folder / f"moving-{name}").rename(place / "c")
        self._at[which] = coming
        return {arm.name: self._furnish(arm, coming[arm.name]) for arm in self._arms}

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, which: int, number: int) -> Path:
        return self.folder / f"p{which * len(self._arms) + number:0{self._digits}}"

    def _furnish(self, arm: Arm, place: Path) -> Place:
        python = arm.python
        if (environment := arm.environment) is not None:
            link = place / "v"
            link.unlink(missing_ok=True)
            link.symlink_to(environment, target_is_directory=True)
            python = link / python.relative_to(environment)
        temporary = place / "t"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        return Place(python, place / "c" if self.is_copied else arm.checkout, temporary, place / "log")


def variables(arm: Arm, place: Place, hash_seed: int) -> dict[str, str]:
    """Return the environment of an arm's process: as here, without what speaks of this very test run or Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_XDIST", "COV_CORE_", "COVERAGE_PROCESS"))
        and name not in {"PYTEST_CURRENT_TEST", "VIRTUAL_ENV", "PYTHONHOME"}
    }
    kept["PATH"] = os.pathsep.join([str(place.python.parent), kept.get("PATH", os.defpath)])
    return {
        **kept,
        "PYTHONHASHSEED": str(hash_seed),
        "TMPDIR": str(place.temporary),
        **arm.variables,
    }


def _left_out(folder: str, names: Iterable[str]) -> set[str]:
    return {name for name in names if name in _LEFT_OUT or Path(folder, name, "pyvenv.cfg").is_file()}
