"""python -m bench lockstep-noise: how far ratios of identical code are from 1 here, by each way of measuring."""

import argparse
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.instrument.command_line import not_installed, refuse, words
from bench.lockstep import command as lockstep

if TYPE_CHECKING:
    from tqdm import tqdm

_DESCRIPTION = """\
Measure identical code against itself, by each way that is in use, and say how far the ratios are from 1: two runs of a
suite, blocks, processes that take turns, free and on one core, pools, and two Pythons. The ways take turns, so that a
noisy minute is not one way's alone. Intervals are 95%, by bootstrap over what was measured together.
"""
_EXAMPLES = """\
examples:
  python -m bench lockstep-noise                                     four minutes
  python -m bench lockstep-noise --minutes 20 -o noise.json          narrower intervals, and all that was measured
  python -m bench lockstep-noise --python ./py314t/bin/python        with an interpreter that is not on PATH

Nothing else should run on the machine meanwhile, save what usually does. Ctrl-C ends it with what it has.
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "lockstep-noise",
        help="how far ratios of identical code are from 1 on this machine",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=4.0, metavar="M", help="how long to measure (default: 4)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of orders, workloads and hashes (default: 0)")
    parser.add_argument(
        "--python", action="append", default=[], metavar="PATH", help="an interpreter for the rows between Pythons"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="JSON", help="write all that was measured as well")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Measure and print the table; returns 0, 1 where a way failed, or 2 after one line on standard error.

    That is an error in what was asked, or a file that could not be written. KeyboardInterrupt comes through, after the
    table of what was measured until then.
    """
    if (reason := missing()) is not None:
        return refuse(given, reason)
    if not 0 < 60 * given.minutes < math.inf:
        return refuse(given, f"--minutes {given.minutes:g} is no time to measure in; give a positive number")
    # Imported now that they are known to be there
    from tqdm import tqdm  # noqa: PLC0415

    from bench.instrument import host, writer  # noqa: PLC0415
    from bench.lockstep.noise import pythons, table, ways  # noqa: PLC0415
    from bench.lockstep.noise.rows import Rows  # noqa: PLC0415

    try:
        if given.output:
            writer.prepare(given.output)
        found = pythons.find(ways.wanted_pythons(), given.python)
    except (writer.DestinationError, pythons.PythonError) as error:
        return refuse(given, str(error))
    rows = Rows(ways.ways(found), given.seed)
    budget_s = 60 * given.minutes
    interrupted, status = True, 0
    load = host.load()
    try:
        with tqdm(total=round(budget_s), unit="s", bar_format="{n:.0f} of {total_fmt} s: {desc}", leave=False) as line:
            rows.measure(budget_s, partial(_show, line))
        interrupted = False
    finally:
        machine = {**host.host(), "load": {"start": load, "end": host.load()}}
        measured = rows.rows()
        print(table.caption(machine, "before", "after"), end="\n\n")  # noqa: T201 - a command talks
        print(table.markdown(measured))  # noqa: T201 - likewise
        if given.output:
            status = _write(given, table.as_json(measured, machine, seed=given.seed, interrupted=interrupted))
    return status or int(rows.failed)


def _write(given: argparse.Namespace, content: dict[str, Any]) -> int:
    """Write all that was measured; returns 0, or 2 after one line on standard error."""
    from bench.instrument import writer  # noqa: PLC0415 - as in run()

    try:
        writer.write(given.output, content)
    except OSError as error:
        return refuse(given, f"{given.output}: cannot be written: {words(error)}")
    return 0


def missing() -> str | None:
    """Return why this Python cannot measure noise, or None: what lockstep needs, and what reads run files."""
    if (reason := lockstep.missing()) is not None:
        return reason
    return not_installed("pydantic")


def _show(line: "tqdm[Any]", name: str, spent_s: float) -> None:
    line.set_description_str(name, refresh=False)
    line.update(spent_s - line.n)
