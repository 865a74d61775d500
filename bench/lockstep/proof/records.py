"""What has been measured of one thing: a file whose first line says how, and then a line for each piece."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.instrument import json_lines


class RecordsError(ValueError):
    """A file that cannot go on; the message is one line that names it and says what to do."""


class Records:
    """A records file: a first line with the settings and the machine, then a line for each piece measured.

    A last line that is not whole, as kill -9 can leave it, is dropped. Raises RecordsError for a file that holds
    something else, or that was measured with other settings or on another machine, and where nothing can be written.
    """

    def __init__(self, path: Path, opening: Mapping[str, Any]) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.pieces = json_lines.load(path, "record")
            if not self.pieces:
                json_lines.append(path, opening)
                return
            with path.open("ab"):
                pass
        except json_lines.LineError as error:
            raise RecordsError(f"{error}; give another file") from None
        except OSError as error:
            raise RecordsError(f"{path}: cannot be written: {error.strerror or error}; give another file") from None
        found = self.pieces.pop(0)
        differing = [key for key in opening if found.get(key) != opening[key]]
        if differing:
            raise RecordsError(f"{path}: measured with another {', another '.join(differing)}; give another file")

    def append(self, piece: Mapping[str, Any]) -> None:
        """Keep a piece, on disk before this returns. Raises RecordsError where it cannot be written."""
        try:
            json_lines.append(self.path, piece)
        except OSError as error:
            raise RecordsError(f"{self.path}: cannot be written: {error.strerror or error}; go on later") from None
        self.pieces.append(dict(piece))
