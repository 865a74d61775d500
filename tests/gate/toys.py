"""A repository with benchmarks, whose states a gate run builds without an index: they borrow this Python's packages."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

GIT = shutil.which("git") or "git"
ROOT = Path(__file__).parents[2]
FAST = "def work():\n    return sum(range(2_000))\n"
SLOW = "def work():\n    return sum(range(2_000)) + sum(range(2_000))\n"
BENCH = "from toy import work\n\ndef test_work(benchmark):\n    benchmark(work)\n"
INSTALL = (
    f'{sys.executable} -c "import pathlib, sys; '
    "next(pathlib.Path(sys.argv[1]).glob('lib/*/site-packages')).joinpath('borrowed.pth').write_text(sys.argv[2])\" "
    f"$VIRTUAL_ENV {sysconfig.get_path('purelib')}"
)


@dataclass(frozen=True, slots=True)
class Toy:
    """A repository."""

    top: Path

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            [GIT, *identity, *arguments], cwd=self.top, capture_output=True, check=True, encoding="utf-8"
        )
        return done.stdout.strip()

    def commit(self, **files: str | None) -> str:
        """Write files (toy__init__ is toy/__init__.py; None removes one), commit all, and return the commit."""
        for name, text in files.items():
            path = self.top / f"{name.replace('__', '/', 1)}.py"
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def state(self) -> tuple[str, str, bytes, list[str]]:
        """Return all that a gate run must leave as it was."""
        files = sorted(str(path) for path in self.top.rglob("*") if ".git" not in path.parts)
        index = (self.top / ".git/index").read_bytes()
        return self.git("worktree", "list", "--porcelain"), self.git("status", "--porcelain"), index, files

    def gate(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the gate's command line on it."""
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**variables),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    def command(self, *arguments: str) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", "bench", "gate", "--repo", str(self.top), "--install", INSTALL, *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment: no plugin that this test run needs and the arms do not."""
        temporary = self.top.parent / "temporary"
        temporary.mkdir(exist_ok=True)
        return {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TMPDIR": str(temporary), **variables}

    def left(self) -> list[str]:
        """Return what gate runs have left in the folder for temporary files."""
        temporary = self.top.parent / "temporary"
        return sorted(path.name for path in temporary.iterdir()) if temporary.exists() else []
