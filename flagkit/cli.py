# PYTHON_ARGCOMPLETE_OK
"""The command line: `flagkit COMMAND ...`, one module a command."""

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

__all__ = ["main"]

COMMANDS = ("flagkit.flags.download_command", "flagkit.flags.serve_command", "flagkit.advise.command")
"""Modules, imported by `main` so that Ctrl-C meanwhile is no traceback.

Each has `add_parser(subparsers)`, which sets `run` in its parser's defaults, and `run(arguments) -> exit status`.
"""

COMPLETION = """\
shell completion:
  pip install "flagkit[completion]"; eval "$(register-python-argcomplete flagkit)"
"""
INTERRUPTED = 130
READER_GONE = 141
"""As a shell tells it of a program that SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (default: this program's) name, and return the exit status.

    0 when all went well, 1 when some of it did not, 2 for a usage error (raised as SystemExit, as argparse does).
    Ctrl-C ends the process with 130.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
            _leave_at_once(INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        _leave_at_once(READER_GONE)


def _run(arguments: Sequence[str] | None) -> int:
    from flagkit.usage import UsageError  # noqa: PLC0415 - see COMMANDS

    parser = _parser()
    _complete(parser)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except UsageError as error:
        options.parser.error(str(error))
    sys.stdout.flush()
    return status


def _parser() -> argparse.ArgumentParser:
    from flagkit import __version__  # noqa: PLC0415 - see COMMANDS
    from flagkit.usage import IntermixedParser  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="flagkit",
        description="Download country flags by any executor kind, serve them, and advise which kind is best for yours.",
        epilog=COMPLETION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND", parser_class=IntermixedParser
    )
    for command in COMMANDS:
        command_parser = import_module(command).add_parser(subparsers)
        command_parser.set_defaults(parser=command_parser)
    return parser


def _complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for completions; argcomplete (extra `completion`) is only imported then."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # noqa: PLC0415 - see above

        argcomplete.autocomplete(parser)


def _leave_at_once(status: int) -> NoReturn:
    """End the process without waiting for threads that still wait for a server."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):
            stream.flush()
    os._exit(status)
