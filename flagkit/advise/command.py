"""`flagkit advise`: which executor kind, how many workers and which chunk size, for a function of the user's."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flagkit.advise.records import AdviseError
from flagkit.advise.rendering import as_json, as_text
from flagkit.advise.sandbox import Tell
from flagkit.advise.target import Target, find_modules_here
from flagkit.executors import EXECUTORS
from flagkit.usage import at_least, say, time_limit

__all__ = ["add_parser", "run"]

EXAMPLES = """\
examples:
  flagkit advise mymodule:convert --items mymodule:photos
  flagkit advise math:factorial --items @numbers.json --n 100000
  flagkit advise mymodule:fetch --items mymodule:urls --setup mymodule:log_in --verify

The function is called with one item at a time, in processes of its own, whose output goes nowhere. What it changes
elsewhere, it changes. At most half as many items as the job has are run (of one item, that one), some of them many
times. Where tasks wait, up to 64 workers are considered.

exit status:
  0 there is advice; 2 there is none, with one line on why; 130 Ctrl-C
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command to the program's subparsers."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "advise",
        help="tell which executor is best for a function of yours",
        description="Measure a function on a sample of its items, and predict what each kind of executor makes of it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("function", metavar="MODULE:FUNCTION", help="a function of one argument")
    parser.add_argument(
        "--items",
        required=True,
        metavar="WHERE",
        help="MODULE:NAME, an iterable or what makes one; or @FILE.json, a list",
    )
    parser.add_argument(
        "--setup", metavar="MODULE:FUNCTION", help="called without arguments before anything else, in each worker too"
    )
    parser.add_argument(
        "--n", type=at_least(1), metavar="N", help="items of the real job (default: those that there are)"
    )
    parser.add_argument(
        "--budget", type=time_limit, default=10.0, metavar="S", help="seconds to measure for (default: %(default)g)"
    )
    parser.add_argument("--verify", action="store_true", help="run the first three for real, on all items")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(options: argparse.Namespace) -> int:
    """Advise, print and return the exit status: 2 after one line where there is no advice."""
    from flagkit.advise.advising import Advising, verify  # noqa: PLC0415 - needs numpy, and a download does without

    find_modules_here()
    target = Target(options.function, options.items, options.setup)
    try:
        with _progress(options.budget) as tell:
            advice = Advising(target, options.n, options.budget, tell, tuple(EXECUTORS)).run()
            if options.verify:
                advice = verify(advice, target, options.n, tell)
    except AdviseError as error:
        sys.stderr.write(f"flagkit advise: {error}\n")
        return 2
    say(as_json(advice) if options.json else as_text(advice, target))
    return 0


@contextmanager
def _progress(budget_s: float) -> Iterator[Tell]:
    """Yield what shows how far it is and what it does, on a terminal."""
    from tqdm import tqdm  # noqa: PLC0415 - likewise

    began = time.monotonic()
    form = "{n:.0f} of {total:.0f} s: {desc}"
    with tqdm(total=budget_s, bar_format=form, leave=False, disable=None, file=sys.stderr) as line:

        def tell(doing: str) -> None:
            line.n = min(budget_s, time.monotonic() - began)
            line.set_description_str(doing)

        yield tell
