"""What the commands of the command line share: errors in how a command was used, and checked numbers."""

import argparse
import math
import sys
from collections.abc import Callable, Sequence

__all__ = ["IntermixedParser", "UsageError", "at_least", "say", "seconds", "share", "time_limit"]


class UsageError(Exception):
    """The command cannot be run as asked; the message is one line that says what to do."""


def say(text: str) -> None:
    """Print to stdout, at once: what reads it may be waiting."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class IntermixedParser(argparse.ArgumentParser):
    """A parser of a subcommand whose positional arguments may stand on both sides of its options.

    argparse has that (`parse_known_intermixed_args`), but asks for it nowhere when it calls a subcommand's parser.
    """

    _intermixing = False

    def parse_known_args(  # type: ignore[override] # its overloads
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, intermixed at first; intermixed parsing comes back here for each of its two passes."""
        if self._intermixing:
            return super().parse_known_args(args, namespace)
        self._intermixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixing = False


def at_least(least: int) -> Callable[[str], int]:
    """Return an argparse type: an integer of `least` or more."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more, not {text!r}")
        return value

    return number


def seconds(text: str) -> float:
    """Return a time; an argparse type."""
    value = _number(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, 0 or more, not {text!r}")
    return value


def time_limit(text: str) -> float:
    """Return a time in which something can be done; an argparse type."""
    value = seconds(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return value


def share(text: str) -> float:
    """Return a share from 0 to 1; an argparse type."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a share from 0 to 1, not {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
