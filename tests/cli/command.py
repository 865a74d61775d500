"""What tests of the command line share."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from flagkit.flags.gif import is_whole_gif

DOWNLOAD = [sys.executable, "-m", "flagkit", "download"]
Flagkit = Callable[..., CompletedProcess[str]]

posix = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")


def saved(folder: Path) -> list[str]:
    """Return the names of the files in a folder, each of which must be a whole GIF."""
    assert all(is_whole_gif(path.read_bytes()) for path in folder.iterdir())
    return sorted(path.name for path in folder.iterdir())


def wait_for(condition: Callable[[], object], within_s: float = 20) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
