"""Read what a command line names: run files, and comparisons of runs that were measured side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bench.instrument.records import Run
from bench.instrument.results import ResultsError, load_all
from bench.report import comparison
from bench.report.comparison import Comparison
from bench.report.inputs import InputError


@dataclass(frozen=True, slots=True)
class Held:
    """What the files hold: at least one run."""

    runs: tuple[Run, ...]
    sides: tuple[Comparison, ...]


class _Mark(BaseModel):
    lockstep: int


def read(paths: Iterable[Path]) -> Held:
    """Read all files; raises ResultsError for one that is not whole, InputError where none of them is a run."""
    plain: list[Path] = []
    sides: list[Comparison] = []
    for path in paths:
        text = _comparison(path)
        if text is None:
            plain.append(path)
        else:
            sides.append(comparison.load(path, text))
    if not plain:
        raise InputError(f"{sides[0].source}: holds ratios alone; name the run files beside it as well")
    return Held(load_all(plain), tuple(sides))


def _comparison(path: Path) -> bytes | None:
    """Return the text of a comparison that this version reads; None for any other file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror or type(error).__name__}") from None
    key = f'"{comparison.MARK}"'.encode()
    if key not in text:
        return None
    try:
        version = _Mark.model_validate_json(text, strict=True).lockstep
    except ValidationError:
        # A run file, whose benchmarks may say that they took part in a comparison; its own reader tells what is wrong.
        return None
    if version > comparison.SCHEMA:
        raise ResultsError(
            f"{path}: lockstep: {version} was written by a newer flagkit (this one reads up to {comparison.SCHEMA}); "
            "update this checkout"
        )
    return text
