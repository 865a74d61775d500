"""Files of JSON lines that measuring appends to, record by record: what was measured is never lost or repeated."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class LineError(ValueError):
    """A line that is no record of the kind that is wanted; the message is one line that names the file."""

    def __init__(self, path: Path, number: int, kind: str, reason: str) -> None:
        super().__init__(f"{path}: line {number} is no {kind}: {reason}")


def load(path: Path, kind: str) -> list[dict[str, Any]]:
    """Return the records of a file in order, a line each; none where there is no file.

    A last line that was cut off, as kill -9 can leave it, is none. Raises LineError, which calls a record `kind`, for
    any other line that is no JSON object; and OSError.
    """
    if not path.exists():
        return []
    *lines, last = path.read_bytes().split(b"\n")
    if last and not _is_torn(last):
        lines.append(last)
    return [_record(path, number, kind, line) for number, line in enumerate(lines, 1)]


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record in the place of one that was cut off, on disk when this returns; raises OSError."""
    line = json.dumps(record).encode() + b"\n"
    with path.open("a+b") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.seek(0)
            whole, newline, last = file.read().rpartition(b"\n")
            if _is_torn(last):
                file.truncate(len(whole + newline))
            else:  # all but its end
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _is_torn(line: bytes) -> bool:
    """Return whether a last line may be what was written of a record: an object without its end."""
    if not line.startswith(b"{"):
        return False
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def _record(path: Path, number: int, kind: str, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        raise LineError(path, number, kind, "it is not JSON") from None
    if not isinstance(record, dict):
        raise LineError(path, number, kind, "it is no JSON object")
    return record
