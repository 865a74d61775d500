"""python -m bench compare: the Pythons of the study as arms."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.instrument.command_line import refuse
from bench.lockstep import arms, command

PYTHONS = ("311", "312", "313", "314", "314t", "315", "315t")
"""The study's, as tox names its environments: bench-py311 and so on."""
SELECTION = ("bench", "--quick", "-m", "pythons")
"""Few sizes of what the marker names: each is run on every Python at once, in as many rounds as the noise asks for."""
BUDGET = "20m"
OUTPUT = Path("reports/compare")
_DESCRIPTION = """\
Measure what changes from one Python to the next on all Pythons of the study at once, in lockstep: round by round, in
turn, on the same cores. `tox -e compare` makes the environments first. What has the marker `pythons` is measured, with
the sizes of --quick, unless a selection is given.
"""
_EXAMPLES = """\
examples:
  python -m bench compare --base cp314                    in terms of 3.14 instead of the oldest
  python -m bench compare --only cp314 cp314t             two of them
  python -m bench compare -- bench/bench_gil.py --quick   another selection, in pytest's words

The folder gets a file for each Python, which `python -m bench report` shows, and lockstep.json with the ratios.
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "compare",
        help="the Pythons of the study, measured round by round, in turn",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_options(parser)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="some of them, such as cp311 cp314t")
    parser.add_argument(
        "--environments", type=Path, default=Path(".tox"), metavar="DIR", help="where tox keeps them (%(default)s)"
    )
    parser.add_argument("selection", nargs="*", metavar="-- PYTEST", help="what to run, in pytest's words")
    parser.set_defaults(run=run, budget=BUDGET, output=OUTPUT)


def run(given: argparse.Namespace) -> int:
    """Measure the Pythons whose environments are there; returns the exit status."""
    if (reason := command.missing()) is not None:
        return refuse(given, reason)
    found = {arm.name: arm for arm in environments(given.environments)}
    for python in PYTHONS:
        if f"cp{python}" not in found:
            print(f"cp{python}: skipped: no environment bench-py{python}", file=sys.stderr)  # noqa: T201 - a command talks
    if absent := [name for name in given.only if name not in found]:
        return refuse(given, f"--only {absent[0]}: no such Python; there are {', '.join(found) or 'none'}")
    chosen = [arm for name, arm in found.items() if not given.only or name in given.only]
    try:
        base = arms.check(chosen, given.base)
    except arms.ArmError as error:
        hint = "" if given.base else f"; `tox run -m study --notest` makes environments in {given.environments}"
        return refuse(given, f"{error}{hint}")
    return command.measure(given, chosen, base, given.selection or SELECTION)


def environments(folder: Path) -> Iterator[arms.Arm]:
    """Yield an arm for each Python of the study that has an environment, the oldest first."""
    for python in PYTHONS:
        interpreter = folder.absolute() / f"bench-py{python}" / "bin" / "python"
        if interpreter.exists():
            yield arms.Arm(f"cp{python}", interpreter, Path.cwd())
