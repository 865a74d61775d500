"""The report as Markdown, for a pull request or a job's summary: the findings, the cautions, and a table a figure."""

import html
import re

from bench.report import wording
from bench.report.document import Report
from bench.report.figures import Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~@:])")
_NEWLINES = re.compile(r"\s+")


def render(report: Report) -> str:
    """Return Markdown in which every name from a run file is text: no link, no mention, no HTML."""
    parts = ["# What concurrency costs here", *_findings(report)]
    parts += [f"- {escaped(caution.run)}: {escaped(caution.text)}" for caution in report.cautions]
    for figure in report.figures:
        parts += [f"## {escaped(figure.heading)}", _table(figure.table), escaped(figure.method)]
    return "\n\n".join(parts) + "\n"


def _findings(report: Report) -> list[str]:
    told = [*report.findings, *report.others]
    if not told:
        return [wording.NO_FINDINGS]
    return [f"- {escaped(finding.run.label)}: {escaped(wording.sentence(finding))}" for finding in told]


def _table(table: Table) -> str:
    lines = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    written = [" | ".join(escaped(cell) if index != 1 else cell for cell in line) for index, line in enumerate(lines)]
    return "\n".join(f"| {line} |" for line in written)


def escaped(text: str) -> str:
    """Escape what Markdown or HTML would read as more than text, on one line."""
    return html.escape(_SPECIAL.sub(r"\\\1", wording.printable(_NEWLINES.sub(" ", text))), quote=False)
