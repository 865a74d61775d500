"""python -m bench: one subcommand a tool."""

import argparse
import os
import select
import sys
from collections.abc import Sequence

from bench.advise_rates import command as advise_rates
from bench.gate import command as gate
from bench.gate.rates import command as gate_rates
from bench.lockstep import command as lockstep
from bench.lockstep import compare
from bench.lockstep.noise import command as lockstep_noise
from bench.lockstep.proof import command as lockstep_proof
from bench.report import command as report
from bench.report import table_command

READER_GONE = 141
"""As a shell tells it of a program that SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status: 0, 2 for an error of the user's.

    130 when interrupted, 141 when nobody reads on.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description="Tools for what the benchmarks measured.")
    subcommands = parser.add_subparsers(title="subcommands", dest="subcommand", required=True, metavar="SUBCOMMAND")
    commands = (
        gate,
        lockstep,
        compare,
        report,
        table_command,
        lockstep_noise,
        lockstep_proof,
        gate_rates,
        advise_rates,
    )
    for command in commands:
        command.add_to(subcommands)
    given = parser.parse_args(arguments)
    try:
        status: int = given.run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _is_reader_gone():
            raise
        return READER_GONE
    except KeyboardInterrupt:
        print("interrupted: nothing was left half-written", file=sys.stderr)  # noqa: T201 - a command talks
        return 130
    return status


def _is_reader_gone() -> bool:
    """Tell whether nobody reads what is printed, as `| head` ends; what is left to print goes nowhere then."""
    if sys.platform == "win32":
        return False  # where it is another error
    poll = select.poll()
    poll.register(sys.stdout, select.POLLOUT)
    is_gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    if is_gone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return is_gone


if __name__ == "__main__":
    sys.exit(main())
