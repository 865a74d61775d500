"""python -m bench gate-rates: record processes with known truth, then say how often the gate and others are wrong."""

import argparse
import sys
from pathlib import Path

from bench.instrument.command_line import MEASURING, not_installed, refuse, say, seconds

_DESCRIPTION = """\
Record generations of a project whose two states are the same code, or differ by a known amount of real code, and judge
them: by the gate, replayed over contiguous generations, and by the rules of other tools. FILE keeps the recording; each
call with --time adds to it, so hours can be recorded in pieces, and a piece that is stopped loses one generation.
"""
_EXAMPLES = """\
examples:
  python -m bench gate-rates rates.jsonl --time 5m --neighbours 2   record, then judge all that is there
  python -m bench gate-rates rates.jsonl                            judge again
  python -m bench gate-rates rates.jsonl --step 10 --drawn 500      with more runs of the same recording
  python -m bench gate-rates --sizes                                the injected sizes, by timeit
  python -m bench gate-rates --simulate 1000                        the procedure on synthetic numbers
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "gate-rates",
        help="how often the gate is wrong, on recordings with known truth",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the recording")
    parser.add_argument("--time", type=seconds, default=None, metavar="TIME", help="record for so long first: 5m, 2h")
    parser.add_argument(
        "--neighbours", type=_number, default=0, metavar="N", help="busy programs beside it, on and off"
    )
    parser.add_argument(
        "--step", type=_number, default=None, metavar="N", help="also runs that overlap, N generations apart"
    )
    parser.add_argument(
        "--drawn", type=_number, default=0, metavar="N", help="also N runs on generations drawn at random from all"
    )
    parser.add_argument("--sizes", action="store_true", help="instead: verify the injected sizes apart, by timeit")
    parser.add_argument("--simulate", type=_number, default=0, metavar="N", help="instead: N synthetic suites a case")
    parser.set_defaults(run=run)


def _number(text: str) -> int:
    """Read how many, at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give 1 or more")
    return number


def run(given: argparse.Namespace) -> int:
    """Record and judge, or do what is asked instead; returns 0, or 2 after one line."""
    if missing := not_installed(*MEASURING):
        return refuse(given, missing)
    if given.time is not None and sys.platform == "win32":
        return refuse(given, "lockstep's arms inherit sockets, which Windows does not know")
    # Imported now that what they need is known to be there.
    from bench.gate.rates import simulate, sizes  # noqa: PLC0415

    if given.simulate or given.sizes:
        return say(simulate.table(given.simulate) if given.simulate else sizes.table())
    if given.file is None:
        return refuse(given, "give a FILE, --simulate N or --sizes")
    return _record_and_judge(given)


def _record_and_judge(given: argparse.Namespace) -> int:
    from bench.gate.rates import record, recordings, table  # noqa: PLC0415 - as above
    from bench.instrument.json_lines import LineError  # noqa: PLC0415
    from bench.lockstep.arms import ArmError  # noqa: PLC0415

    try:
        generations = recordings.load(given.file)
        if given.time is not None:
            record.record(given.file, given.time, given.neighbours)
            generations = recordings.load(given.file)
    except (LineError, record.RecordingError, ArmError) as error:
        return refuse(given, str(error))
    except OSError as error:
        return refuse(given, f"{given.file}: {error.strerror or error}")
    if not generations:
        return refuse(given, "nothing is recorded; give --time")
    return say(table.render(generations, given.step, given.drawn))
