"""Questions to git, none of which writes to the user's tree or index."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.gate.trouble import Trouble, usage


class GitError(Exception):
    """A git command that failed; the message is what it said last."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository's top folder."""

    top: Path

    @classmethod
    def holding(cls, path: Path) -> "Repository":
        """Find the repository that a folder is in; raises Trouble for none."""
        if not path.is_dir():
            raise usage(f"--repo {path}: is no directory")
        try:
            return cls(Path(_git(path, "rev-parse", "--show-toplevel")))
        except GitError as error:
            raise usage(f"--repo {path}: is in no git repository with a working tree ({error})") from None

    def git(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Run git; returns what it prints, raises GitError."""
        return _git(self.top, *arguments, variables=variables)

    def commit(self, ref: str) -> str | None:
        """Return the commit that a ref names, or None."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        except GitError:
            return None

    def is_shallow(self) -> bool:
        """Return whether history is cut off."""
        return self.git("rev-parse", "--is-shallow-repository") == "true"

    def is_dirty(self) -> bool:
        """Return whether the working tree differs from HEAD; a new file that git ignores is no difference."""
        return bool(self.git("--no-optional-locks", "status", "--porcelain", "--untracked-files=all"))

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the commit where two histories part, or None."""
        try:
            return self.git("merge-base", one, other)
        except GitError:
            return None

    def files(self) -> list[str]:
        """Return what a commit of the whole working tree would hold, relative to the top."""
        listed = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return [name for name in dict.fromkeys(listed.split("\0")) if name]


def _git(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    # Hooks of the user's would run in our worktrees; a pager or a prompt would wait for ever.
    command = ["git", "-c", "core.hooksPath=/dev/null", "--no-pager", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "CONFIG" in name}
    try:
        done = subprocess.run(  # noqa: S603 - git, with our own arguments
            command,
            cwd=folder,
            env={**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            start_new_session=True,  # Ctrl-C is for the gate, which lets a command end
        )
    except FileNotFoundError:
        raise Trouble("git is not installed") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise GitError(said[-1] if said else f"git {arguments[0]} ended with exit status {done.returncode}")
    return done.stdout.rstrip("\n")
