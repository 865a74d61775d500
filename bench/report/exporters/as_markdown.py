"""The report as Markdown, for a pull request or a job's summary: the verdict, the findings, then question by question.

A table is behind a fold, as on the page, and has no more rows than a summary can hold: the page has the rest.
"""

import html
import re
from collections.abc import Iterator

from bench.report import judged, wording
from bench.report.document import Report
from bench.report.figures import Table
from bench.report.section import Section

MOST_ROWS = 40
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~@:])")
_NEWLINES = re.compile(r"\s+")


def render(report: Report) -> str:
    """Return Markdown in which every name from a run file is text: no link, no mention, no HTML."""
    parts = ["# What concurrency costs here", *_verdict(report), *_findings(report)]
    parts += [f"- {escaped(caution.run)}: {escaped(caution.text)}" for caution in report.cautions]
    for section in report.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _verdict(report: Report) -> Iterator[str]:
    if report.verdict is None:
        return
    yield f"**The gate: {escaped(report.verdict.outcome)}** (exit status {report.verdict.status})"
    if report.verdict.line:
        yield escaped(report.verdict.line)
    yield from map(escaped, report.verdict.why)
    if report.verdict.benchmarks:
        yield from _folded(judged.table(report.verdict))


def _findings(report: Report) -> list[str]:
    told = [*report.findings, *report.others]
    if not told:
        return [wording.NO_FINDINGS]
    return [f"- {escaped(finding.run.label)}: {escaped(wording.sentence(finding))}" for finding in told]


def _section(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.question)}"
    if section.answer:
        yield escaped(section.answer)
    for figure in section.figures:
        yield f"### {escaped(figure.heading)}"
        yield escaped(f"{figure.reading} {figure.method}")
        yield from _folded(figure.table)
    for held in section.tables:
        yield f"### {escaped(held.heading)}"
        yield escaped(held.reading)
        yield from _folded(held.table)
    for what, command in section.absent:
        # The command is ours, but for the name of an arm: a backtick in it would end the code.
        yield f"{escaped(what)}: not in these files. `{command.replace('`', '')}` measures it."


def _folded(table: Table) -> Iterator[str]:
    yield f"<details><summary>{html.escape(wording.printable(table.caption))}</summary>"
    grouped = any(heading for heading, _ in table.groups)
    columns = ("Python" if table.grouped_by == "python" else "Suite", *table.columns) if grouped else table.columns
    rows = [row if grouped else row[1:] for row in table.rows]
    lines = ["| " + " | ".join(map(escaped, columns)) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    lines += ["| " + " | ".join(map(escaped, row)) + " |" for row in rows[:MOST_ROWS]]
    yield "\n".join(lines)
    if len(rows) > MOST_ROWS:
        yield f"The first {MOST_ROWS:,} of {len(rows):,} rows; the page and the CSV have all."
    yield "</details>"


def escaped(text: str) -> str:
    """Escape what Markdown or HTML would read as more than text, on one line."""
    return html.escape(_SPECIAL.sub(r"\\\1", wording.printable(_NEWLINES.sub(" ", text))), quote=False)
