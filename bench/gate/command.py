"""python -m bench gate: tell whether head is slower than base."""

import argparse
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gate.procedure.rules import is_share
from bench.gate.trouble import FAULT, Trouble, usage
from bench.gate.verdict import Status
from bench.instrument.command_line import MEASURING, not_installed, refuse, seconds, words
from bench.lockstep import interruption

if TYPE_CHECKING:
    from bench.gate.run import Request
    from bench.gate.verdict import Verdict

BUDGET = "5m"
TIMEOUT = "60s"
INSTALL = "pip install . pytest pytest-benchmark"
"""By the pip that every environment has where its command speaks of one; uv stands in where there is uv."""
_DESCRIPTION = """\
Build two states of a repository, measure its pytest-benchmark suite on both in lockstep, and say whether head is slower
than base: a lenient look at all benchmarks, then fresh processes for those that may be slower.
"""
_EXAMPLES = """\
examples:
  python -m bench gate                                     what head changes since it left origin/main
  python -m bench gate --against v1.2 --head v1.3          two releases
  python -m bench gate --repo ../other --install 'pip install .[test]' -- tests/benchmarks -k decode
  python -m bench gate --json gate.json --markdown gate.md

exit status:
  0 pass   1 regression   2 error in what was asked   3 could not run   4 the set of benchmarks changed
  5 inconclusive, with --inconclusive fail   130 interrupted
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "gate",
        help="is a commit slower than another? A verdict with a known rate of false alarms",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--repo", type=Path, default=Path(), metavar="PATH", help="the repository (the one that this folder is in)")
    add("--against", metavar="REF", help="base (where head left origin/main; there, its parent)")
    add("--head", default="working tree", metavar="REF", help="head (%(default)s, with what is not committed)")
    add("--install", default=INSTALL, metavar="CMD", help="run in each state to install it ('%(default)s')")
    add("--benchmarks", choices=("head", "own"), default="head", help="whose benchmark files measure (%(default)s's)")
    add("--budget", type=seconds, default=BUDGET, metavar="TIME", help="for measuring: 90s, 5m, 1h (%(default)s)")
    add("--delta", type=_share, default="1%", metavar="SHARE", help="what a benchmark may become slower (%(default)s)")
    add(
        "--memory-limit",
        type=_share,
        default="10%",
        metavar="SHARE",
        help="what peaks of memory may grow (%(default)s)",
    )
    add("--timeout", type=seconds, default=TIMEOUT, metavar="TIME", help="for one round or set-up (%(default)s)")
    add("--allow-removed", action="store_true", help="pass although benchmarks are gone")
    add(
        "--inconclusive",
        choices=("pass", "fail"),
        default="pass",
        help="what noise that hides 1.05x means (%(default)s)",
    )
    add("--json", type=Path, metavar="FILE", help="write the verdict as JSON")
    add("--markdown", type=Path, metavar="FILE", help="write the verdict as Markdown")
    add("selection", nargs="*", metavar="-- PYTEST", help="which benchmarks, in pytest's words")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Run the gate; returns the exit status."""
    if missing := not_installed(*MEASURING):
        return refuse(given, missing)
    if sys.platform == "win32":
        return refuse(given, "lockstep's arms inherit sockets, which Windows does not know")
    try:
        return _run(given)
    except Trouble as trouble:
        return refuse(given, trouble.line)
    except OSError as error:
        refuse(given, f"could not run: {words(error)}")
    except Exception as error:  # noqa: BLE001 - a fault of the gate's own: Python's status for it would say "regression"
        traceback.print_exc()
        refuse(given, f"could not run: {FAULT}: {type(error).__name__}: {error}")
    return int(Status.COULD_NOT_RUN)


def _run(given: argparse.Namespace) -> int:
    # Imported now that what they need is known to be there.
    from bench.gate.exporters import as_text  # noqa: PLC0415
    from bench.gate.run import Run  # noqa: PLC0415
    from bench.lockstep.progress import Progress  # noqa: PLC0415

    _check_outputs(given)
    gate = Run(_request(given), Progress(sys.stderr))
    with interruption.held_back():  # heeded while it runs; a signal that comes later finds all written
        verdict = gate.verdict()
        problem = _write(verdict, given)
    _print(as_text.render(verdict))
    if problem:
        print(f"python -m bench gate: {problem}", file=sys.stderr)  # noqa: T201 - a command talks
    return int(verdict.status or (Status.COULD_NOT_RUN if problem else Status.PASS))


def _request(given: argparse.Namespace) -> "Request":
    from bench.gate.run import Request  # noqa: PLC0415 - as in _run()
    from bench.gate.verdict import Rules  # noqa: PLC0415

    rules = Rules.of(given.delta, allow_removed=given.allow_removed, inconclusive=given.inconclusive)
    return Request(
        repository=given.repo,
        against=given.against,
        head=given.head,
        install=given.install,
        benchmarks=given.benchmarks,
        selection=tuple(given.selection),
        budget_s=given.budget,
        timeout_s=given.timeout,
        rules=rules,
        memory_limit=given.memory_limit,
    )


def _check_outputs(given: argparse.Namespace) -> None:
    """Raise Trouble for a file that cannot be written, before anything takes time."""
    from bench.instrument.writer import DestinationError, prepare  # noqa: PLC0415 - as in _run()

    if given.json and given.markdown and given.json.resolve() == given.markdown.resolve():
        raise usage(f"{given.markdown}: is what --json writes; give --markdown another file")
    for path in filter(None, (given.json, given.markdown)):
        try:
            prepare(path)
        except DestinationError as error:
            raise usage(str(error)) from None


def _write(verdict: "Verdict", given: argparse.Namespace) -> str:
    """Write the files that were asked for; return what went wrong, or nothing."""
    from bench.gate.exporters import as_json, as_markdown  # noqa: PLC0415 - as in _run()
    from bench.instrument import writer  # noqa: PLC0415

    try:
        if given.json:
            writer.write(given.json, as_json.content(verdict))
        if given.markdown:
            writer.write_text(given.markdown, as_markdown.render(verdict))
    except OSError as error:
        return f"the verdict could not be written: {words(error)}"
    return ""


def _print(text: str) -> None:
    """Print a text, what the output has no letter for as its number."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _share(text: str) -> float:
    """Read 2% or 0.02; raises ArgumentTypeError for what is no share between 0 and 1."""
    number = text.strip()
    try:
        share = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not is_share(share):
        raise argparse.ArgumentTypeError(f"{text!r} is no share: give 2% or 0.02")
    return share
