"""The report's results as CSV: a row a benchmark, times in seconds, for a spreadsheet or a data frame.

A text that a spreadsheet would run as a formula gets an apostrophe before it: names in run files are untrusted.
"""

import csv
import io
from collections.abc import Iterable

from bench.instrument.records import Scalar
from bench.report import wording
from bench.report.document import Report
from bench.report.rows import Row

_FIXED = (
    "python", "suite", "benchmark", "min_s", "median_s", "rounds", "iterations", "reference", "speed_up",
    "speed_up_low", "speed_up_high",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@")


def render(report: Report) -> str:
    """Return CSV with a header; parameters follow the fixed columns, each in a column of its own."""
    names = sorted({name for row in report.rows for name in row.benchmark.parameters})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIXED, *map(safe, names)])
    writer.writerows(map(safe, _cells(row, names)) for row in report.rows)
    return text.getvalue()


def _cells(row: Row, names: Iterable[str]) -> list[Scalar]:
    benchmark = row.benchmark
    return [
        row.run.label,
        benchmark.suite,
        benchmark.fullname,
        benchmark.min_s,
        benchmark.median_s,
        benchmark.rounds,
        benchmark.iterations,
        benchmark.reference.name if benchmark.reference else None,
        *row.ratio,
        *(benchmark.parameters.get(name) for name in names),
    ]


def safe(value: Scalar) -> Scalar:
    """Return a value as a cell that no spreadsheet runs as a formula."""
    if not isinstance(value, str):
        return value
    # Printable: a line break or a tab in a name would start a cell, and old csv modules do not quote them.
    text = wording.printable(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
