"""The verdict as Markdown, for a pull request or a job's summary."""

import html
import re

from bench.gate.exporters import tables
from bench.gate.verdict import Verdict
from bench.instrument import units

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|~@:])")
_FOLDED_FROM = 12
_MARKS = {"pass": "✅", "regression": "❌", "could not run": "⚠️", "changed": "❌", "inconclusive": "❓"}


def render(verdict: Verdict) -> str:
    """Return Markdown in which every name is text: no link, no mention, no HTML."""
    parts = [f"## {_MARKS[verdict.outcome]} {_text(verdict.line)}"]
    if verdict.base is not None and verdict.head is not None:
        sides = [
            f"{name} {_text(side.ref)} `{side.commit[:10]}`{' with uncommitted changes' * side.dirty}"
            for name, side in (("base", verdict.base), ("head", verdict.head))
        ]
        parts.append(", ".join(sides))
    rows = tables.rows(verdict)
    telling = [row for row in rows if not row[2].startswith("no change")]
    quiet = [row for row in rows if row[2].startswith("no change")]
    if len(rows) <= _FOLDED_FROM:
        telling, quiet = rows, []
    if telling:
        parts.append(_table(telling))
    if quiet:
        parts.append(_folded(f"{len(quiet)} without a change", _table(quiet)))
    if memory := tables.memory_rows(verdict):
        parts.append(_folded("Peak memory", _table(memory, ("benchmark", "peak", "decision"))))
    reasons = [*verdict.why, *(note for note in (verdict.memory_note, verdict.instructions_note) if note)]
    reasons += tables.instructions(verdict)
    parts.append("\n".join(f"- {_text(reason)}" for reason in reasons))
    parts.append(
        f"Took {units.seconds(verdict.wall_s)} in all ({units.seconds(verdict.budget_s)} were for measuring) on "
        f"{_text(verdict.machine)}\\."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(rows: list[tuple[str, str, str]], columns: tuple[str, str, str] = tables.COLUMNS) -> str:
    lines = [columns, ("---",) * 3]
    return "\n".join(f"| {' | '.join(line)} |" for line in [*lines, *(tuple(map(_text, row)) for row in rows)])


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _text(text: str) -> str:
    """Escape what Markdown or HTML would read as more than text, on one line."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return html.escape(_SPECIAL.sub(r"\\\1", shown), quote=False)
