"""python -m bench: one subcommand a tool."""

import argparse
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status: 0, 2 for an error of the user's, 130 when interrupted."""
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
    except KeyboardInterrupt:
        print("interrupted: nothing was left half-written", file=sys.stderr)  # noqa: T201 - a command talks
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
