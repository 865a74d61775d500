"""Recorded generations: a line of JSON each, so that a recording goes on where it was stopped, by whatever."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.instrument import json_lines
from bench.instrument.json_lines import LineError

Times = tuple[float, ...]
_KIND: Final = "recorded generation"


@dataclass(frozen=True, slots=True)
class Generation:
    """Rounds of base and head by benchmark, seconds a call, in turn; and seconds to start and end the processes.

    `recording` tells apart what was recorded at different times: contiguous generations are of one recording.
    """

    recording: str
    rounds: Mapping[str, tuple[Times, Times]]
    wall_s: float
    start_s: float
    load: float
    neighbours: int


def append(path: Path, generation: Generation) -> None:
    """Add a generation, on disk when this returns. Raises OSError."""
    json_lines.append(path, asdict(generation))


def load(path: Path) -> list[Generation]:
    """Read all generations, none where there is no file. Raises LineError and OSError."""
    return [_read(path, number, line) for number, line in enumerate(json_lines.load(path, _KIND), 1)]


def _read(path: Path, number: int, found: dict[str, Any]) -> Generation:
    try:
        rounds = {name: (tuple(base), tuple(head)) for name, (base, head) in found.pop("rounds").items()}
        return Generation(rounds=rounds, **found)
    except KeyError as error:
        raise LineError(path, number, _KIND, f"it has no {error.args[0]}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise LineError(path, number, _KIND, str(error)) from None
