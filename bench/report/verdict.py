"""Read a gate's result, to show its verdict beside what was measured.

bench/gate/README.md describes the file; of it is read what is shown: how it ended, its exit status, its line and why,
the two sides by the refs as given, and each benchmark's decision with the ratio head / base of time and its interval.
Everything in a file is untrusted: `load` returns a `Verdict` or raises `ResultsError`, nothing else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.instrument.results import ResultsError

SCHEMA = 1
_PASS = 0


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore", frozen=True)


Positive = Annotated[float, Field(gt=1e-9, lt=1e9)]


@dataclass(frozen=True, slots=True)
class Judged:
    """One benchmark as the gate judged it; `why` says what happened where nothing was measured."""

    name: str
    ratio: float | None
    low: float | None
    high: float | None
    decision: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the gate ended, in its own words, and how it judged each benchmark."""

    source: Path
    outcome: str
    status: int
    line: str
    why: tuple[str, ...]
    base: str
    head: str
    benchmarks: tuple[Judged, ...]

    @property
    def is_pass(self) -> bool:
        """Return whether nothing stands in the way."""
        return self.status == _PASS


class _Finding(_Read):
    name: str
    decision: str
    why: str = ""
    ratio: Positive | None = None
    low: Positive | None = None
    high: Positive | None = None

    def record(self) -> Judged:
        return Judged(self.name, self.ratio, self.low, self.high, self.decision, self.why)


class _Side(_Read):
    ref: str


class _Opening(_Read):
    format: Literal["flagkit-gate"]
    form: Annotated[int, Field(ge=1, validation_alias="schema")]


class _File(_Read):
    outcome: str
    status: Annotated[int, Field(ge=0, le=255)]
    line: str = ""
    why: tuple[str, ...] = ()
    base: _Side | None = None
    head: _Side | None = None
    suite: _Finding | None = None
    benchmarks: tuple[_Finding, ...] = ()


def load(path: Path) -> Verdict:
    """Read one result; raises ResultsError with a line that names the file and what is wrong."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror or type(error).__name__}") from None
    try:
        opening = _Opening.model_validate_json(text)
        if opening.form > SCHEMA:
            raise ResultsError(
                f"{path}: schema: {opening.form} was written by a newer flagkit (this one reads up to {SCHEMA}); "
                "update this checkout"
            )
        file = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ResultsError(f"{path}: {place or 'the file'}: {first['msg']}; this is no result of the gate") from None
    found = (*((file.suite,) if file.suite else ()), *file.benchmarks)
    return Verdict(
        source=path,
        outcome=file.outcome,
        status=file.status,
        line=file.line,
        why=file.why,
        base=file.base.ref if file.base else "",
        head=file.head.ref if file.head else "",
        benchmarks=tuple(finding.record() for finding in found),
    )
