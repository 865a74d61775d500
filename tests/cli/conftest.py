"""The command as a script runs it, and servers for it."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flagkit.flags import FlagServer
from tests.cli.command import DOWNLOAD, Flagkit


@pytest.fixture(scope="module")
def server() -> Iterator[FlagServer]:
    """Serve flags at once."""
    with FlagServer() as running:
        yield running


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def flagkit(tmp_path: Path) -> Flagkit:
    """Return a function that runs the command in a folder of its own."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*DOWNLOAD, *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    return run
