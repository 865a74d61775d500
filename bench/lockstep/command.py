"""python -m bench lockstep: two arms or more, measured round by round in turn."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.instrument.command_line import MEASURING, not_installed, refuse, seconds
from bench.lockstep import arms

BUDGET = "5m"
TIMEOUT = "60s"
_DESCRIPTION = """\
Measure a pytest-benchmark suite on two arms or more at once: one round here, one round there, in an order drawn each
time, on the same cores. What disturbs one disturbs all, so that ratios hold where times do not. Any project's suite
will do; each arm needs pytest and pytest-benchmark, and is started afresh for each generation.
"""
_EXAMPLES = """\
arms:
  NAME=PYTHON[,in=DIR][,VARIABLE=VALUE...]
  PYTHON is an interpreter, the folder of a virtual environment, or a command; empty for the one that runs this.
  DIR is the checkout to measure; variables are set for that arm alone.

examples:
  python -m bench lockstep --arm 311=.tox/bench-py311 --arm 314=.tox/bench-py314 -- bench -k gil
  python -m bench lockstep --arm old=../old/.venv,in=../old --arm new=.venv -o ratios -- tests/benchmarks
  python -m bench lockstep --arm off= --arm jit=,PYTHON_JIT=1 --budget 2m -- bench/bench_gil.py

The folder gets NAME.json for each arm, which pytest-benchmark reads, and lockstep.json with the ratios, their
intervals, where the noise is, and what could not be measured. Exit status: 0, 1 where a benchmark failed on an arm, 2
for an error in what was asked, 130 when interrupted; what was measured by then is kept as ...-interrupted.json.
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "lockstep",
        help="two Pythons, checkouts or settings measured round by round, in turn",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--arm", action="append", default=[], metavar="NAME=PYTHON", help="what to measure; repeat it")
    add_options(parser)
    parser.add_argument("selection", nargs="*", metavar="-- PYTEST", help="what to run, in pytest's words")
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that measures in lockstep."""
    parser.add_argument("--base", metavar="NAME", help="the arm that ratios are in terms of: the first")
    parser.add_argument(
        "--budget", type=seconds, default=BUDGET, metavar="TIME", help="for all of it: 90s, 5m, 1h (%(default)s)"
    )
    parser.add_argument(
        "--generations", type=_positive, metavar="N", help="so many sets of processes, not what the noise suggests"
    )
    parser.add_argument("--seed", type=_positive, metavar="N", help="of all orders and of hashing, to repeat them")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=TIMEOUT,
        metavar="TIME",
        help="the most that an arm may take to answer: for a set-up, a round, a teardown (%(default)s)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("lockstep"), metavar="DIR", help="the files (%(default)s)"
    )


def run(given: argparse.Namespace) -> int:
    """Measure the arms; returns the exit status."""
    if (reason := missing()) is not None:
        return refuse(given, reason)
    try:
        parsed = [arms.parse(text, Path.cwd()) for text in given.arm]
        base = arms.check(parsed, given.base)
    except arms.ArmError as error:
        return refuse(given, str(error))
    return measure(given, parsed, base, given.selection)


def measure(given: argparse.Namespace, parsed: Sequence[arms.Arm], base: str, arguments: Sequence[str]) -> int:
    """Measure with the options of ``add_options``; returns the exit status."""
    from bench.lockstep import measuring  # noqa: PLC0415 - now that what it needs is known to be there

    return measuring.measure(
        parsed,
        base=base,
        arguments=arguments,
        folder=given.output,
        budget_s=given.budget,
        generations=given.generations,
        seed=given.seed or secrets.randbelow(2**32) + 1,
        timeout_s=given.timeout,
    )


def missing() -> str | None:
    """Return why lockstep cannot run in this Python, or None."""
    if sys.platform == "win32":
        return "the controller speaks to its arms by sockets that they inherit, which Windows does not know"
    return not_installed(*MEASURING)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
