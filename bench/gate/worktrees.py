"""Both states of the repository on disk, in git worktrees with paths of equal length, and away again afterwards."""

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from bench.gate.git import GitError, Repository
from bench.gate.refs import Ref
from bench.gate.trouble import Trouble
from bench.instrument.command_line import words
from bench.lockstep import interruption

_ATTEMPTS = 4
_PAUSE_S = 0.1


class Worktrees:
    """A temporary folder with a worktree each; to be used as a context, whose end leaves the repository as it was.

    Every run has a folder of its own, so that two at once do not meet. Only what this one has added is removed:
    `git worktree prune` would also take away what others have lost.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.folder = Path(tempfile.mkdtemp(prefix="gate-")).resolve()
        self._added: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the worktrees, then the folder with all that was built in it."""
        self.remove()

    def add(self, name: str, ref: Ref) -> Path:
        """Check a ref out to folder/name; with what is not committed, for the working tree. Raises Trouble."""
        path = self.folder / name
        self._added.append(path)
        try:
            with interruption.held_back():
                self._check_out(path, ref.commit)
            if ref.is_working_tree and ref.is_dirty:
                self._bring_changes(path)
        except GitError as error:
            raise Trouble(f"{name} ({ref.given}) cannot be checked out: {error}") from None
        except OSError as error:
            raise Trouble(f"{name} ({ref.given}) cannot be checked out: {words(error)}") from None
        return path

    def remove(self) -> None:
        """Remove what was added; can be called again."""
        with interruption.held_back():
            for path in self._added:
                with suppress(GitError):  # one that was never added
                    self._repository.git("worktree", "remove", "--force", "--force", str(path))
            self._added.clear()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _check_out(self, path: Path, commit: str) -> None:
        """Add a worktree; again where another run has just removed the last one, and the folder of them all with it."""
        for attempt in range(_ATTEMPTS):
            try:
                self._repository.git("worktree", "add", "--detach", "--force", str(path), commit)
            except GitError:
                if attempt == _ATTEMPTS - 1:
                    raise
                shutil.rmtree(path, ignore_errors=True)
                time.sleep(_PAUSE_S)
            else:
                return

    def _bring_changes(self, path: Path) -> None:
        """Make the worktree hold what the working tree does: files that git knows or would add, and no others."""
        top = self._repository.top
        wanted = [name for name in self._repository.files() if _is_file(top, name)]
        for name in set(Repository(path).files()).difference(wanted):
            if not _is_folder(path / name):  # a submodule, which is left out
                (path / name).unlink(missing_ok=True)
        for name in wanted:
            source, target = top / name, path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if _is_folder(target):
                shutil.rmtree(target)
            target.unlink(missing_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _is_file(top: Path, name: str) -> bool:
    """Return whether a file, or a link, is there under this name, and not in another place that a link leads to."""
    path = top / name
    is_elsewhere = any((top / parent).is_symlink() for parent in PurePosixPath(name).parents[:-1])
    return not is_elsewhere and (path.is_symlink() or path.is_file())


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
