"""What a benchmark's time is made of: parts with names, in seconds, one row a task."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 25
"""So many rows a visit bound a median well, and a file does not grow with the speed of what it records."""
RESIDUAL = "residual"
"""The name of what belongs to no other part."""
_NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Breakdown:
    """`names` of the parts, and for each task how long each took, in seconds; the last MOST_ROWS tasks are kept.

    `visits` has the number of tasks of each visit, in the order of `rows_s`; it is empty for one that was all.
    """

    names: tuple[str, ...]
    rows_s: tuple[tuple[float, ...], ...]
    visits: tuple[int, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str], rows_s: Iterable[Sequence[float]]) -> "Breakdown":
        """Keep the last rows; raises ValueError for a row that has not a value for each name, or for none."""
        named, kept = tuple(names), tuple(map(tuple, rows_s))[-MOST_ROWS:]
        if not kept or any(len(row) != len(named) for row in kept):
            raise ValueError(f"a breakdown has rows of {len(named)} parts each")
        return cls(named, kept)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON keeps it: whole nanoseconds, which is what a clock tells."""
        return {
            "names": list(self.names),
            "data_ns": [[round(part * _NANOSECONDS) for part in row] for row in self.rows_s],
        }
