"""python -m bench lockstep-coverage | lockstep-procedures: lockstep's promises, checked on this machine."""

import argparse
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.instrument.command_line import refuse, words
from bench.lockstep.noise.command import missing

_FAILED: Final = 1
_COVERAGE: Final = """\
Measure generations of identical arms in lockstep, take blocks of six as runs, none in two of them, and count how often
the 95% interval of a ratio holds 1. In half of the blocks, drawn, a neighbour loads the machine on and off.
"""
_PROCEDURES: Final = """\
Measure identical code by pytest-benchmark run twice, pyperf, asv's interleaved rounds and lockstep, each in the same
time, and say how far their ratios scatter.
"""
_EPILOG: Final = """\
example:
  python -m bench {name} proof.jsonl --minutes 4
  python -m bench {name} proof.jsonl --minutes 0     what the file says, measuring nothing

What has been measured is in FILE, a line a piece, and kept whatever stops it: the same command goes on from there. The
table is of all that the file holds.
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands and their options."""
    for name, summary, description, run in (
        ("lockstep-coverage", "how often lockstep's intervals hold the truth", _COVERAGE, _coverage),
        ("lockstep-procedures", "how lockstep's ratios scatter, beside other tools'", _PROCEDURES, _procedures),
    ):
        parser = subparsers.add_parser(
            name,
            help=summary,
            description=description,
            epilog=_EPILOG.format(name=name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("file", type=Path, metavar="FILE", help="where it is recorded; appended to")
        parser.add_argument("--minutes", type=float, default=4.0, metavar="M", help="how long to measure (default: 4)")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)")
        parser.set_defaults(run=partial(_run, run))


def _run(command: Callable[[argparse.Namespace], int], given: argparse.Namespace) -> int:
    """Run a subcommand; returns 0, 1 where a measurement failed, 2 for an error of the user's (one line)."""
    if (reason := missing()) is not None:
        return refuse(given, reason)
    if not 0 <= 60 * given.minutes < math.inf:
        return refuse(given, f"--minutes {given.minutes:g} is no time; give 0 or more")
    # Imported now that what they need is known to be there
    from bench.lockstep.proof.records import RecordsError  # noqa: PLC0415

    try:
        return command(given)
    except RecordsError as error:
        return refuse(given, str(error))


def _coverage(given: argparse.Namespace) -> int:
    from bench.lockstep.proof import coverage  # noqa: PLC0415 - as in _run()

    def tell(pieces: list[Mapping[str, Any]]) -> None:
        runs = coverage.blocks(pieces)
        if not runs:
            print(f"{len(pieces)} of the {coverage.BLOCK} generations that make a run")  # noqa: T201 - a command talks
            return
        print(coverage.markdown(runs))  # noqa: T201 - likewise
        print(f"\n{coverage.verdict(coverage.coverage(runs))}")  # noqa: T201 - likewise

    return _filled(given, coverage.KIND, coverage.settings(given.seed), coverage.measuring(given.seed), tell)


def _procedures(given: argparse.Namespace) -> int:
    from bench.lockstep.proof import procedures  # noqa: PLC0415 - as in _run()

    def tell(pieces: list[Mapping[str, Any]]) -> None:
        print(procedures.markdown(pieces, given.seed))  # noqa: T201 - a command talks

    measuring = nullcontext(partial(procedures.measure, given.seed))
    return _filled(given, procedures.KIND, procedures.settings(given.seed), measuring, tell)


def _filled(
    given: argparse.Namespace,
    kind: str,
    settings: Mapping[str, Any],
    measuring: AbstractContextManager[Callable[[int], Mapping[str, Any]]],
    tell: Callable[[list[Mapping[str, Any]]], None],
) -> int:
    """Measure into the file, then tell what it holds; Ctrl-C comes through after that."""
    from bench.instrument import host  # noqa: PLC0415 - as in _run()
    from bench.lockstep.noise.table import caption  # noqa: PLC0415 - as in _run()
    from bench.lockstep.noise.ways import FAILURES  # noqa: PLC0415 - as in _run()
    from bench.lockstep.proof.filling import fill  # noqa: PLC0415 - as in _run()
    from bench.lockstep.proof.other_tools import PyperfError  # noqa: PLC0415 - as in _run()
    from bench.lockstep.proof.records import Records  # noqa: PLC0415 - as in _run()

    facts = host.host()
    machine = {key: facts[key] for key in ("cpu_model", "usable_cores", "system")}
    records = Records(given.file, {"kind": kind, "schema": 1, "machine": machine, "settings": dict(settings)})
    try:
        with measuring as measure:
            fill(records, 60 * given.minutes, measure)
    except (*FAILURES, PyperfError) as error:
        refuse(given, f"failed: {words(error)}")
        return _FAILED
    finally:
        loads = [load for piece in records.pieces for load in piece["load"].values() if load]
        span = {"start": min(loads, default=None), "end": max(loads, default=None)}
        print(caption({**machine, "load": span}, "at least", "at most"), end="\n\n")  # noqa: T201 - a command talks
        if records.pieces:
            tell(list(records.pieces))
        else:
            print("nothing has been measured")  # noqa: T201 - likewise
    return 0
