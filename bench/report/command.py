"""python -m bench report: run files in, one page out, the findings in words on the terminal."""

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bench.instrument.command_line import not_installed, refuse

if TYPE_CHECKING:
    from bench.report.document import Report

_NEEDED = ("numpy", "scipy", "pydantic", "Jinja2", "Altair", "vl-convert-python")
_WIDTH = 100
_DESCRIPTION = """\
Turn run files (the JSON that `tox -e bench` writes, or any pytest-benchmark JSON) into one HTML page that needs no
network and reads without its script, and say its findings here. A lockstep.json among the files, which `tox -e compare`
writes, gives the ratios between Pythons.
"""
_EXAMPLES = """\
examples:
  python -m bench report                          every run in reports/, to reports/index.html
  python -m bench report reports/cp314-*.json     some of them
  python -m bench report a.json b.json -o ab.html two runs beside each other
  python -m bench report --markdown summary.md    also as Markdown, for a pull request
  python -m bench report --csv results.csv        also as CSV, a row a benchmark; --json likewise
  python -m bench report --gate gate.json         with the verdict of a gate

A file that is not whole or not a run file is named, with the place in it, and nothing is written.
"""


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand and its options."""
    parser = subparsers.add_parser(
        "report",
        help="run files to one HTML page, and its findings in words",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", default=["reports"], metavar="FILE", help="files, directories or patterns")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("reports/index.html"), metavar="HTML", help="the page"
    )
    parser.add_argument("--markdown", type=Path, metavar="MD", help="write Markdown as well")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="write CSV as well")
    parser.add_argument("--json", type=Path, metavar="JSON", help="write tidy rows as JSON as well")
    parser.add_argument("--if-any", action="store_true", help="no run file is no error: say so, and write nothing")
    parser.add_argument("--gate", type=Path, metavar="GATE", help="show the verdict of this result of a gate")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Make the page; returns 0, or 2 after one line on standard error."""
    if missing := not_installed(*_NEEDED):
        return refuse(given, missing)
    # Imported now that they are known to be there: a Python without them is told in one line what to do.
    from bench.report.inputs import AbsentError, InputError, check_outputs, run_files  # noqa: PLC0415

    try:
        files = run_files(given.files)
        check_outputs([given.output, given.markdown, given.csv, given.json], [*files, given.gate])
    except InputError as error:
        status = refuse(given, str(error))
        return 0 if given.if_any and isinstance(error, AbsentError) else status
    return _make(given, files)


def _make(given: argparse.Namespace, files: Sequence[Path]) -> int:
    from bench.report import vega  # noqa: PLC0415 - as in run()

    with vega.bundling() as bundled:  # beside the imports, which take seconds as well
        from bench.instrument.results import ResultsError  # noqa: PLC0415
        from bench.report import document, reading, verdict, writing  # noqa: PLC0415
        from bench.report.exporters import as_csv, as_json, as_markdown  # noqa: PLC0415
        from bench.report.inputs import InputError  # noqa: PLC0415

        exporters: dict[Path | None, Callable[[Report], str]] = {
            given.output: partial(_render_page, bundled=bundled),
            given.markdown: as_markdown.render,
            given.csv: as_csv.render,
            given.json: as_json.render,
        }
        try:
            held = reading.read(files)
            report = document.report(held.runs, held.sides, verdict.load(given.gate) if given.gate else None)
            texts = {path: render(report) for path, render in exporters.items() if path}
            for path, text in texts.items():
                writing.replace(path, text)
        except (ResultsError, InputError) as error:
            return refuse(given, str(error))
        except OSError as error:
            return refuse(given, f"{error.filename or given.output}: cannot be written: {error.strerror or error}")
    _say(report, list(texts), sys.stdout)
    return 0


def _render_page(report: "Report", bundled: Callable[[], str]) -> str:
    from bench.report.exporters import as_html  # noqa: PLC0415 - as in run()

    return as_html.render(report, bundled)


def _say(report: "Report", written: list[Path], out: TextIO) -> None:
    """Print the foremost findings, then where the files are."""
    from bench.report import findings, wording  # noqa: PLC0415 - as in run()

    lines = [_bold(f"Findings of {wording.printable(report.lead.label)}", out)]
    foremost = report.findings[: findings.FOREMOST]
    sentences = [wording.sentence(finding) for finding in foremost] or [wording.NO_FINDINGS]
    lines += [_item(f"{number}.", wording.printable(text)) for number, text in enumerate(sentences, 1)]
    if more := len(report.findings) - len(foremost):
        lines += [f"  and {more} more on the page, with figures and tables"]
    if report.others:
        lines += ["", _bold("Threads in the other runs (not measured side by side)", out)]
        lines += [
            _item("-", wording.printable(f"{finding.run.label}: {wording.sentence(finding)}"))
            for finding in report.others
        ]
    lines += ["", f"Run files  {wording.printable(', '.join(str(run.source) for run in report.runs))}"]
    lines += [f"Written    {wording.printable(', '.join(map(str, written)))}"]
    encoding = out.encoding or "utf-8"
    out.write("\n".join([*lines, ""]).encode(encoding, "replace").decode(encoding))


def _item(mark: str, text: str) -> str:
    indent = " " * 5
    return textwrap.fill(text, _WIDTH, initial_indent=f"  {mark} ".ljust(5), subsequent_indent=indent)


def _bold(text: str, out: TextIO) -> str:
    wanted = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\x1b[1m{text}\x1b[0m" if wanted else text
