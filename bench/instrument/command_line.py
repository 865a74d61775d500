"""What the subcommands of `python -m bench` have in common: how they talk, refuse and read a time."""

import argparse
import sys
from collections.abc import Iterable
from typing import Final

from bench.instrument.units import parse_seconds

__all__ = ["USER_ERROR", "refuse", "say", "seconds"]

USER_ERROR: Final = 2


def say(lines: Iterable[str]) -> int:
    """Print the lines, each as soon as it is there; returns the exit status of success."""
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a command talks
    return 0


def refuse(given: argparse.Namespace, reason: str) -> int:
    """Say in one line why not; returns the exit status of a user's error."""
    print(f"python -m bench {given.subcommand}: {reason}", file=sys.stderr)  # noqa: T201 - a command talks
    return USER_ERROR


def seconds(text: str) -> float:
    """Read the time of an option."""
    try:
        return parse_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
