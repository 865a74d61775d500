"""The report's results as JSON: the findings in words, and tidy rows, one a benchmark and Python."""

import json
from typing import Any

from bench.report import wording
from bench.report.document import Report
from bench.report.rows import Row

SCHEMA = 1


def render(report: Report) -> str:
    """Return JSON on one line for each row; `<` is escaped, so that the text is safe within HTML as well."""
    findings = [
        {"python": finding.run.label, "topic": finding.topic, "sentence": wording.sentence(finding)}
        for finding in (*report.findings, *report.others)
    ]
    rows = ",\n".join(_text(_row(row)) for row in report.rows)
    return f'{{"schema":{SCHEMA},"findings":{_text(findings)},"rows":[\n{rows}\n]}}\n'


def _row(row: Row) -> dict[str, Any]:
    benchmark = row.benchmark
    ratio, low, high = row.ratio
    return {
        "id": row.anchor,
        "python": row.run.label,
        "suite": benchmark.suite,
        "benchmark": benchmark.fullname,
        "name": benchmark.name,
        "parameters": dict(benchmark.parameters),
        "min_s": benchmark.min_s,
        "median_s": benchmark.median_s,
        "rounds": benchmark.rounds,
        "iterations": benchmark.iterations,
        "reference": benchmark.reference.name if benchmark.reference else None,
        "speed_up": ratio,
        "speed_up_low": low,
        "speed_up_high": high,
    }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
