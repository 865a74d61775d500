"""Which run files a command line means: files, directories and patterns (which Windows' shells leave to us)."""

import glob
from collections.abc import Iterable
from pathlib import Path

_PATTERN = frozenset("*?[")
_RATIOS = frozenset({"lockstep.json", "lockstep-interrupted.json"})
"""What lies beside the run files of `python -m bench lockstep`, and is none."""


class InputError(ValueError):
    """A path that cannot be read from, or written to; the message is one line that says what to do."""


class AbsentError(InputError):
    """A directory or a pattern in which there is none."""


def run_files(given: Iterable[str], *, ratios: bool = False) -> tuple[Path, ...]:
    """Return the files that the arguments mean, each once, in order; a directory means its *.json.

    With `ratios` those of lockstep are among a directory's. Raises AbsentError for an argument that means no file.
    """
    found = (path for argument in given for path in _meant(argument, ratios=ratios))
    return tuple({path.resolve(): path for path in found}.values())


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise InputError for an output that would take the place of an input or of another output."""
    taken = {path.resolve() for path in inputs if path}
    for path in filter(None, outputs):
        if path.resolve() in taken:
            raise InputError(f"{path}: is read or written already; give the output another name")
        taken.add(path.resolve())


def _meant(argument: str, *, ratios: bool) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        files = sorted(file for file in path.glob("*.json") if ratios or file.name not in _RATIOS)
        if not files:
            raise AbsentError(f"{argument}: no *.json in this directory; `tox -e bench` writes one to reports/")
        return files
    if path.exists() or not _PATTERN & set(argument):
        return [path]
    files = sorted(map(Path, glob.glob(argument)))  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not files:
        raise AbsentError(f"{argument}: matches no file; `tox -e bench` writes one to reports/")
    return files
