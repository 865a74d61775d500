"""What the subcommands of `python -m bench` have in common: how they talk, refuse and read a time."""

import argparse
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from bench.instrument.units import parse_seconds

__all__ = ["MEASURING", "USER_ERROR", "not_installed", "refuse", "say", "seconds", "words"]

USER_ERROR: Final = 2
MEASURING: Final = ("numpy", "scipy", "psutil", "pytest-benchmark", "tqdm")
"""What is needed to measure in lockstep."""
INSTALLING: Final = "`uv pip install . --group proof --group report` installs all that `python -m bench` needs"
_NUMBER = re.compile(r"^\[Errno \d+\] ")


def say(lines: Iterable[str]) -> int:
    """Print the lines, each as soon as it is there; returns the exit status of success."""
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a command talks
    return 0


def refuse(given: argparse.Namespace, reason: str) -> int:
    """Say in one line why not; returns the exit status of a user's error."""
    print(f"python -m bench {given.subcommand}: {reason}", file=sys.stderr)  # noqa: T201 - a command talks
    return USER_ERROR


def not_installed(*needed: str) -> str | None:
    """Return in a line which of these distributions this Python lacks, and what to do; None if it has all."""
    absent = [name for name in needed if not _is_installed(name)]
    return f"{', '.join(absent)} not installed in this Python; {INSTALLING}" if absent else None


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def seconds(text: str) -> float:
    """Read the time of an option."""
    try:
        return parse_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def words(error: Exception) -> str:
    """Return an error in one line, without the number that the system gives it; of several, the first."""
    said, more = str(error), ""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):  # of a folder: (source, target, why) each
        (*_, said), *others = error.args[0]
        more = f" (and {len(others)} more)" if others else ""
    elif isinstance(error, OSError) and error.strerror:
        said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{' '.join(_NUMBER.sub('', str(said)).split())}{more}"
