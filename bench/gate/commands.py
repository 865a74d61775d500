"""Commands that a gate runs: in a session of their own, with a log, and gone when the gate goes."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from bench.lockstep import interruption

_OF_THIS_RUN = (
    "PYTEST_XDIST",
    "PYTEST_CURRENT_TEST",
    "COV_CORE_",
    "COVERAGE_PROCESS",
    "GIT_DIR",
    "GIT_INDEX",
    "GIT_WORK_TREE",
)


Command: TypeAlias = str | Sequence[str | Path]
"""A text is for the shell."""


class CommandError(Exception):
    """A command that failed; the message is the last thing it said, or how it ended."""


def run(command: Command, *, folder: Path, log: Path, variables: Mapping[str, str], limit_s: float) -> None:
    """Run a command to its end, what it prints appended to `log`; raises CommandError.

    When the gate is stopped meanwhile, the command is too, with all that it has started.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with interruption.held_back(), log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, or ours
                command,
                cwd=folder,
                env=environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                shell=isinstance(command, str),
                start_new_session=True,
            )
        status = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        raise CommandError(f"took longer than {limit_s:.0f} s") from None
    finally:
        if process is not None and process.returncode is None:
            with interruption.held_back():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if status:
        raise CommandError(last_words(log) or f"ended with exit status {status}")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: as here, without what speaks of this Python or a test run around it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_RUN)}
    for name in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"):
        kept.pop(name, None)
    return {**kept, **variables}


def last_words(log: Path) -> str:
    """Return the last line that tells of an error, or the last line."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if "error" in line.lower()]
    return (told or lines or [""])[-1]
