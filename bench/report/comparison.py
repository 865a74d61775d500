"""Read lockstep files: ratios between Pythons (arms) that were measured side by side, round by round.

Everything in a file is untrusted: `load` returns a `Comparison` or raises `ResultsError`, nothing else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.instrument.results import ResultsError

SCHEMA = 1
MARK = "lockstep"
"""The key by which such a file is known: it holds the version of its form."""


class _Read(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore", frozen=True)


Positive = Annotated[float, Field(gt=1e-9, lt=1e9)]


class _Ratio(_Read):
    ratio: Positive
    low: Positive | None = None
    high: Positive | None = None
    generations: Annotated[int, Field(ge=0)]
    rounds: Annotated[int, Field(ge=0)]
    estimator: str = ""
    no_interval: str | None = None


class _Benchmark(_Read):
    fullname: str
    kind: str | None = None
    cores: tuple[int, ...] = ()
    ratios: dict[str, _Ratio]


class _Arm(_Read):
    name: str
    python: str | None = None


class _Refused(_Read):
    arm: str
    benchmark: str
    why: str = ""
    reason: str = ""


class _File(_Read):
    base: str
    arms: tuple[_Arm, ...]
    benchmarks: tuple[_Benchmark, ...]
    refused: tuple[_Refused, ...] = ()
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    """Time on `arm` / on the base, of one benchmark; its interval is over generations, or `no_interval` is why."""

    benchmark: str
    arm: str
    ratio: float
    low: float | None
    high: float | None
    generations: int
    rounds: int
    no_interval: str | None
    cores: int
    """How many cores the arms took turns on; 0 where the file does not tell."""
    kind: str | None = None
    """The kind of executor; None where the benchmark has none, or does not tell."""

    @property
    def is_of_one_thread(self) -> bool:
        """Return whether one thread does the work, and no pool, as far as the file tells."""
        return self.kind in {None, "serial"} and self.cores <= 1

    @property
    def decides(self) -> bool:
        """Return whether the interval lies wholly on one side of 1."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one comparison found. `arms` are their names, the base first; `refused` says what was not compared."""

    source: Path
    base: str
    arms: tuple[str, ...]
    estimator: str
    ratios: tuple[Ratio, ...]
    refused: tuple[str, ...]
    interrupted: bool


def load(path: Path, text: bytes) -> Comparison:
    """Read one lockstep file; raises ResultsError with a line that names the file and the place."""
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ResultsError(f"{path}: {place or 'the file'}: {first['msg']}") from None
    known = [arm.name for arm in file.arms]
    if file.base not in known:
        raise ResultsError(f"{path}: base: {file.base!a} is none of the arms")
    ratios = tuple(
        Ratio(
            item.fullname,
            arm,
            held.ratio,
            held.low,
            held.high,
            held.generations,
            held.rounds,
            held.no_interval,
            len(item.cores),
            item.kind,
        )
        for item in file.benchmarks
        for arm, held in item.ratios.items()
    )
    estimators = dict.fromkeys(held.estimator for item in file.benchmarks for held in item.ratios.values())
    return Comparison(
        path,
        file.base,
        (file.base, *(name for name in known if name != file.base)),
        "; ".join(filter(None, estimators)),
        ratios,
        tuple(f"{item.arm}: {item.benchmark}: {item.reason or item.why}" for item in file.refused),
        file.interrupted,
    )
