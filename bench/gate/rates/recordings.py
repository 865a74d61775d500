"""Recorded generations: a line of JSON each, so that a recording goes on where it was stopped, by whatever."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

Times = tuple[float, ...]


class RecordingError(ValueError):
    """A file that is no recording; the message is one line."""


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
    """Add a generation in the place of half a one that a crash has left, on disk when this returns. Raises OSError."""
    line = json.dumps(asdict(generation)) + "\n"
    with path.open("a+b") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> list[Generation]:
    """Read all whole lines, not one that a crash has cut off or that is being written. Raises RecordingError."""
    if not path.exists():
        return []
    *whole, last = path.read_bytes().split(b"\n")
    if last and not last.startswith(b"{"):  # nothing of ours, and the next generation would take its place
        whole.append(last)
    return [_read(path, number, line) for number, line in enumerate(whole, 1)]


def _read(path: Path, number: int, line: bytes) -> Generation:
    try:
        found = json.loads(line)
        rounds = {name: (tuple(base), tuple(head)) for name, (base, head) in found.pop("rounds").items()}
        return Generation(rounds=rounds, **found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RecordingError(f"{path}: line {number} is no recorded generation: {error}") from None
