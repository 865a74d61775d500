"""python -m bench table: stored runs as a table on the terminal, as Markdown or as CSV."""

import argparse
import sys
from pathlib import Path

from bench.instrument.command_line import not_installed, refuse

_DESCRIPTION = """\
Set stored runs beside each other, each against the first: medians, ratios with 95% intervals, and which of the ratios
runs made at different times decide. Runs of another machine or build stand apart, with what differs. A lockstep.json
among the files is passed over: its ratios, measured side by side, are on the page of `python -m bench report`.
"""
_EXAMPLES = """\
examples:
  python -m bench table reports/cp314-*.json reports/cp314t-*.json
  python -m bench table a.json b.json --markdown table.md --csv table.csv
  python -m bench table mine.json reports/reference/*.json --force   another machine, joined all the same
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "table",
        help="stored runs beside each other, with what they cannot decide",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files, directories or patterns; the first is the base"
    )
    parser.add_argument("--markdown", type=Path, metavar="MD", help="write the table as Markdown to a file")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="write it as CSV, a row a benchmark and run")
    parser.add_argument("--force", action="store_true", help="compare runs that cannot be compared; the table says so")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print or write the table; returns 0, or 2 after one line on standard error."""
    if missing := not_installed("numpy", "scipy", "pydantic", "tabulate"):
        return refuse(given, missing)
    # Imported now that they are known to be there: a Python without them is told in one line what to do.
    from bench.instrument.results import ResultsError  # noqa: PLC0415
    from bench.report import reading, writing  # noqa: PLC0415
    from bench.report.exporters import as_table  # noqa: PLC0415
    from bench.report.inputs import InputError, check_outputs, run_files  # noqa: PLC0415
    from bench.report.side_by_side import side_by_side  # noqa: PLC0415

    try:
        files = run_files(given.files)
        check_outputs([given.markdown, given.csv], files)
        table = side_by_side(reading.read(files).runs, force=given.force)
        texts = {given.markdown: as_table.render(table, "github"), given.csv: as_table.render_csv(table)}
        for path, text in texts.items():
            if path is not None:
                writing.replace(path, text)
    except (ResultsError, InputError) as error:
        return refuse(given, str(error))
    except OSError as error:
        return refuse(given, f"{error.filename}: cannot be written: {error.strerror or error}")
    if given.markdown is None and given.csv is None:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(as_table.render(table, "simple").encode(encoding, "replace").decode(encoding))
    return 0
