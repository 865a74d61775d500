"""How many files a process may have open."""

import subprocess
import sys
from pathlib import Path

import pytest

from flagkit.flags import Behaviour, FlagServer
from flagkit.flags.file_limit import FILES, raise_file_limit


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize(
    ("limit", "hard", "wanted"),
    [
        (256, -1, (FILES, -1)),
        (1024, 4096, (4096, 4096)),
        (1024, 1 << 20, (FILES, 1 << 20)),
        (1 << 20, 1 << 20, None),
        (-1, -1, None),
    ],
)
def test_more_files_are_allowed_where_they_are_few(
    limit: int, hard: int, wanted: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never more than the system lets a process ask for, which on macOS is fewer than it says, and never fewer."""
    import resource  # noqa: PLC0415 - not on Windows

    asked: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "RLIM_INFINITY", -1)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda *given: asked.append(given))
    raise_file_limit()
    assert asked == ([] if wanted is None else [(resource.RLIMIT_NOFILE, wanted)])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_download_has_as_many_connections_as_it_is_asked_for(tmp_path: Path) -> None:
    """Where few files may be open, more are allowed first."""
    program = (
        "import resource, sys\n"
        "from flagkit.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (32, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "sys.exit(main(['download', *sys.argv[1:]]))\n"
    )
    with FlagServer(Behaviour(delay_s=(0.2, 0.2))) as server:
        command = [sys.executable, "-c", program, "-e", "-l", "80", "-m", "40", "--base-url", server.base_url]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "error" not in done.stdout
