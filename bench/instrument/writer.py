"""Where a run's JSON goes, and how it gets there: whole or not at all."""

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

from pytest_benchmark.utils import SafeJSONEncoder


class DestinationError(ValueError):
    """A destination that cannot be written; the message is one line that says why and what to do."""


def destination(given: str, tag: str) -> Path:
    """Return the file that ``--results given`` names: itself if it ends in .json, else <tag>.json in that directory.

    Raises DestinationError if a file is in the way. Touches nothing.
    """
    path = Path(given)
    if path.suffix == ".json" and not path.is_dir():
        if path.exists() and not path.is_file():
            raise DestinationError(f"{path} is not a regular file; give a file ending in .json or a directory")
        return path.resolve()
    if path.exists() and not path.is_dir():
        raise DestinationError(f"{path} is a file; give a directory, or a file ending in .json")
    return (path / f"{tag}.json").resolve()


def prepare(path: Path) -> None:
    """Make the directory of ``path`` and try that a file can be made in it; raises DestinationError if not.

    So does what is there already and is no file, of which a file would take the place.
    """
    if path.exists() and not path.is_file():
        raise DestinationError(f"{path}: is {'a folder' if path.is_dir() else 'not a regular file'}; give a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = _neighbour(path)
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DestinationError(f"cannot write in {path.parent}: {reason}; give another directory") from None


def interrupted(path: Path) -> Path:
    """Return where an interrupted run goes, beside ``path``, so that an earlier complete run stays."""
    return path.with_stem(f"{path.stem}-interrupted")


def write(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` as JSON in one step: ``path`` holds all of it, or what it held before.

    NaN and infinities, which JSON does not know, become null. Raises OSError.
    """
    write_text(path, json.dumps(finite(content), cls=SafeJSONEncoder, allow_nan=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text in the same way. Raises OSError."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # a device, of which a file would take the place
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    temporary = _neighbour(path)
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def finite(value: Any) -> Any:
    """Return ``value`` with every number in it that is not finite replaced by None."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: finite(item) for key, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
        case _:
            return value


def _neighbour(path: Path) -> Path:
    """Return a temporary file's name beside ``path``; hidden, and without .json, so that no reader takes it for one."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")
