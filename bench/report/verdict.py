"""Read a gate's result, to show its verdict beside what was measured.

The form that is read, and nothing more of it than is shown:

    {"gate": 1, "verdict": "pass", "status": 0, "why": "no benchmark is slower than 1.01x",
     "base": "main", "head": "working tree",
     "benchmarks": [{"name": "...", "ratio": 1.002, "low": 0.998, "high": 1.006, "decision": "same"}]}

`verdict` and `decision` are the gate's own words. `ratio` is head / base of time; `low` and `high` may be null.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.instrument.results import ResultsError

SCHEMA = 1
_PASS = 0


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore", frozen=True)


Positive = Annotated[float, Field(gt=1e-9, lt=1e9)]


@dataclass(frozen=True, slots=True)
class Judged:
    """One benchmark as the gate judged it."""

    name: str
    ratio: float
    low: float | None
    high: float | None
    decision: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided, its exit status and why, and how it judged each benchmark."""

    source: Path
    verdict: str
    status: int
    why: str
    base: str
    head: str
    benchmarks: tuple[Judged, ...]

    @property
    def is_pass(self) -> bool:
        """Return whether nothing stands in the way."""
        return self.status == _PASS


class _Benchmark(_Read):
    name: str
    ratio: Positive
    low: Positive | None = None
    high: Positive | None = None
    decision: str


class _File(_Read):
    gate: Annotated[int, Field(ge=1)]
    verdict: str
    status: Annotated[int, Field(ge=0, le=255)]
    why: str = ""
    base: str = ""
    head: str = ""
    benchmarks: tuple[_Benchmark, ...] = ()


def load(path: Path) -> Verdict:
    """Read one result; raises ResultsError with a line that names the file and what is wrong."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read: {error.strerror or type(error).__name__}") from None
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ResultsError(f"{path}: {place or 'the file'}: {first['msg']}; this is no result of the gate") from None
    if file.gate > SCHEMA:
        raise ResultsError(f"{path}: gate: {file.gate} was written by a newer flagkit (this one reads up to {SCHEMA})")
    judged = tuple(Judged(item.name, item.ratio, item.low, item.high, item.decision) for item in file.benchmarks)
    return Verdict(path, file.verdict, file.status, file.why, file.base, file.head, judged)
