"""python -m bench advise-rates: record cells, then say how often `flagkit advise` is right, beside the usual rules."""

import argparse
from pathlib import Path

from bench.instrument.command_line import not_installed, refuse, say, seconds

_DESCRIPTION = """\
Draw jobs at random, over the length of a task, the GIL's share, waiting, payload, skew and import weight, and real ones
among them; for each, measure a whole grid of executors, and compare what `flagkit advise` and the usual rules choose
with the best. FILE keeps the cells, of one Python or several; each call with --time adds to it, and one that is stopped
loses a cell. The first cells are those that the model was built with, measured and reported on with --built alone.
"""
_EXAMPLES = """\
examples:
  python -m bench advise-rates advise.jsonl --time 5m    measure, then judge all that is there
  python -m bench advise-rates advise.jsonl              judge what was advised
  python -m bench advise-rates advise.jsonl --again      judge what the model would advise since it was changed
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "advise-rates",
        help="how often flagkit advise is right, against exhaustive measurement",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the cells")
    parser.add_argument("--time", type=seconds, default=None, metavar="TIME", help="measure for so long first: 5m, 2h")
    parser.add_argument("--budget", type=seconds, default=10.0, metavar="TIME", help="of each advice (default: 10s)")
    parser.add_argument(
        "--again", action="store_true", help="judge what the model of today would have advised by what was measured"
    )
    parser.add_argument("--built", action="store_true", help="the cells that the model was built with")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Record and judge; returns 0, or 2 after one line."""
    if missing := not_installed("flagkit", "numpy", "psutil", "scipy"):
        return refuse(given, missing)
    # Imported now that what they need is known to be there.
    from bench.advise_rates import record, table  # noqa: PLC0415
    from bench.advise_rates.again import advised_again  # noqa: PLC0415
    from bench.advise_rates.cells import is_reported  # noqa: PLC0415
    from bench.instrument.json_lines import LineError  # noqa: PLC0415

    try:
        if given.time is not None:
            record.load(given.file)
            record.record(given.file, given.time, budget_s=given.budget, built=given.built)
        cells = [one for one in record.load(given.file) if is_reported(one["cell"]) != given.built]
        if given.again:
            cells = list(advised_again(cells))
    except LineError as error:
        return refuse(given, str(error))
    except OSError as error:
        return refuse(given, f"{given.file}: {error.strerror or error}")
    except (KeyError, TypeError) as error:
        return refuse(given, f"{given.file} was recorded by another version: {error}")
    if not cells:
        needed = "no recorded cell has the evidence for --again" if given.again else "nothing is recorded"
        return refuse(given, f"{needed}; give --time")
    cells_are = "that the model was built with" if given.built else "not used in building"
    return say(table.render(cells, cells_are=cells_are))
