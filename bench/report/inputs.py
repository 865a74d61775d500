"""Which run files a command line means: files, directories and patterns (which Windows' shells leave to us)."""

import glob
from collections.abc import Iterable
from pathlib import Path

_PATTERN = frozenset("*?[")


class InputError(ValueError):
    """A path that cannot be read from, or written to; the message is one line that says what to do."""


class AbsentError(InputError):
    """A directory or a pattern in which there is none."""


def run_files(given: Iterable[str]) -> tuple[Path, ...]:
    """Return the files that the arguments mean, each once, in order; a directory means its *.json.

    Raises AbsentError for an argument that means no file.
    """
    found = (path for argument in given for path in _meant(argument))
    return tuple({path.resolve(): path for path in found}.values())


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise InputError for an output that would take the place of an input or of another output."""
    taken = {path.resolve() for path in inputs if path}
    for path in filter(None, outputs):
        if path.resolve() in taken:
            raise InputError(f"{path}: is read or written already; give the output another name")
        taken.add(path.resolve())


def _meant(argument: str) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise AbsentError(f"{argument}: no *.json in this directory; `tox -e bench` writes one to reports/")
        return files
    if path.exists() or not _PATTERN & set(argument):
        return [path]
    files = sorted(map(Path, glob.glob(argument)))  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not files:
        raise AbsentError(f"{argument}: matches no file; `tox -e bench` writes one to reports/")
    return files
