"""A file of JSON lines that measuring appends to, piece by piece: what has been measured is never lost or repeated."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class RecordsError(ValueError):
    """A file that cannot go on; the message is one line that names it and says what to do."""


class Records:
    """A records file: a first line with the settings and the machine, then a line for each piece measured.

    A last line that is not whole, as kill -9 can leave it, is dropped. Raises RecordsError for a file that holds
    something else, or that was measured with other settings or on another machine, and where nothing can be written.
    """

    def __init__(self, path: Path, opening: Mapping[str, Any]) -> None:
        self.path = path
        self._opening = dict(opening)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab"):
                pass
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if not whole and not _line(self._opening).startswith(content):
                whole = content  # no torn line of ours: to be refused, not dropped
            self.pieces = list(_lines(path, whole))
            if len(whole) < len(content):
                os.truncate(path, len(whole))
            if not whole:
                self._write(self._opening)
                return
        except OSError as error:
            raise RecordsError(f"{path}: cannot be written: {error.strerror or error}; give another file") from None
        found = self.pieces.pop(0)
        differing = [key for key in self._opening if found.get(key) != self._opening[key]]
        if differing:
            raise RecordsError(f"{path}: measured with another {', another '.join(differing)}; give another file")

    def append(self, piece: Mapping[str, Any]) -> None:
        """Keep a piece, on disk before this returns. Raises RecordsError where it cannot be written."""
        try:
            self._write(piece)
        except OSError as error:
            raise RecordsError(f"{self.path}: cannot be written: {error.strerror or error}; go on later") from None
        self.pieces.append(dict(piece))

    def _write(self, line: Mapping[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(_line(line))
            file.flush()
            os.fsync(file.fileno())


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"


def _lines(path: Path, content: bytes) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(content.splitlines(), 1):
        try:
            piece = json.loads(line)
        except ValueError:
            piece = None
        if not isinstance(piece, dict):
            raise RecordsError(f"{path}: line {number} is no record; give another file")
        yield piece
