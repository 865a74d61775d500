"""The table of properties: `python -m flagkit.executors.property_table [FILE]` writes it as Markdown."""

import sys
from pathlib import Path

from flagkit.executors.properties import Property, deviation, inapplicable
from flagkit.executors.registry import EXECUTORS

__all__ = ["main", "table"]

INTRODUCTION = """\
# What each executor kind can be relied on for

`python -m flagkit.executors.property_table flagkit/executors/README.md` writes this file, and a test fails when it is
stale. The contract tests (`tests/executors/test_contract*.py`) hold every kind to every line; where a number stands,
they hold that the kind lacks it: what is mended fails the tests until `flagkit/executors/properties.py` says so. What
is traced, `trace(executor)`, has the properties of what it wraps.

"""


def table() -> str:
    """Return the text: a row a property, a column a kind, and below them why a kind lacks one."""
    kinds = list(EXECUTORS)
    notes: dict[str, int] = {}
    lines = [
        "| " + " | ".join(["property", *kinds]) + " |",
        "|---" + "|:-:" * len(kinds) + "|",
        *("| " + " | ".join([str(one), *(_cell(kind, one, notes) for kind in kinds)]) + " |" for one in Property),
        "",
        "yes: holds; a number: does not, see below; blank: means nothing for the kind.",
        "",
        *(f"{number}. {reason}" for reason, number in notes.items()),
    ]
    return INTRODUCTION + "\n".join(lines) + "\n"


def _cell(kind: str, property_: Property, notes: dict[str, int]) -> str:
    if inapplicable(kind, property_):
        return ""
    if reason := deviation(kind, property_):
        return f"**{notes.setdefault(reason, len(notes) + 1)}**"
    return "yes"


def main(arguments: list[str]) -> None:
    """Write the table to the file that is named, or to stdout."""
    if arguments:
        Path(arguments[0]).write_text(table(), encoding="utf-8")
    else:
        sys.stdout.write(table())


if __name__ == "__main__":
    main(sys.argv[1:])
