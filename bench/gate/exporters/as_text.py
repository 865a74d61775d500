"""The verdict for a terminal or a log: the line, the table, and why."""

from collections.abc import Sequence

from bench.gate.exporters import tables
from bench.gate.verdict import Verdict
from bench.instrument import units

_MEMORY_SHOWN = 3


def render(verdict: Verdict) -> str:
    """Return the text, the verdict's line first and last: a log is read from its end."""
    parts = [verdict.line, ""]
    if rows := tables.rows(verdict):
        parts += [*_aligned([tables.COLUMNS, *rows]), ""]
    if memory := tables.memory_rows(verdict):
        parts += [f"peak memory, the greatest changes of {len(memory)}", *_aligned(memory[:_MEMORY_SHOWN]), ""]
    parts += [f"- {reason}" for reason in verdict.why]
    parts += [f"- {note}" for note in (verdict.memory_note, verdict.instructions_note) if note]
    parts += [f"- {count}" for count in tables.instructions(verdict)]
    took, budget = units.seconds(verdict.wall_s), units.seconds(verdict.budget_s)
    parts += [f"- took {took} in all ({budget} were for measuring)", "", verdict.line]
    return "\n".join(_printable(part) for part in parts) + "\n"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _printable(text: str) -> str:
    """Replace what a terminal would obey: benchmarks and refs are named by others."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
