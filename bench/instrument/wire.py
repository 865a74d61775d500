"""The forms a run file's JSON may have, as pydantic checks them; `results` turns what passes into records.

pydantic does the checking because it says where a fault lies and what stands there, parses JSON with a depth limit,
refuses NaN and infinity, and has wheels for every Python this project runs on, free-threaded ones included.
"""

import math
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from bench.instrument.breakdown import Breakdown
from bench.instrument.records import Benchmark, Commit, Environment, Machine, Precision, Reference, Scalar

_LARGEST_WHOLE = 2**63
_NANOSECONDS = 1e9
OWN_ERRORS = frozenset({"zone", "huge", "rounds", "raw", "paired", "parts", "visits"})
"""Error types of ours, whose message says already what was found."""


def _zoned(environment: Environment) -> Environment:
    if environment.started.tzinfo is None or environment.finished.tzinfo is None:
        raise PydanticCustomError("zone", "expected times with a zone, such as 2026-01-31T12:00:00+00:00")
    return environment


def _scalars(values: object) -> dict[str, Scalar]:
    """Keep what a table can show: scalars. Lists and objects are left out, absurd numbers refused."""
    if not isinstance(values, dict):
        raise PydanticCustomError("dict_type", "expected an object")
    for name, value in values.items():
        if isinstance(value, float | int) and not (math.isfinite(value) and abs(value) < _LARGEST_WHOLE):
            raise PydanticCustomError("huge", "expected a finite number below 2**63 at {name}", {"name": ascii(name)})
    return {name: value for name, value in values.items() if value is None or isinstance(value, str | float | int)}


def _arm(value: object) -> str | None:
    """Return the arm that a benchmark was in lockstep; a parameter that has the same name is none."""
    arm = value.get("arm") if isinstance(value, dict) else None
    return arm if isinstance(arm, str) else None


# No clock tells a picosecond and no round lasts 30 years; between them every ratio is a finite number.
Seconds: TypeAlias = Annotated[float, Field(ge=1e-12, le=1e9)]
Rounds: TypeAlias = Annotated[tuple[Seconds, ...], FailFast()]
# A residual may be a little below zero: it is a difference of clocks' readings.
Nanoseconds: TypeAlias = Annotated[int, Field(gt=-_LARGEST_WHOLE, lt=_LARGEST_WHOLE)]
Visits: TypeAlias = tuple[Annotated[int, Field(ge=1, lt=_LARGEST_WHOLE)], ...]
Parameters: TypeAlias = Annotated[dict[str, Scalar], PlainValidator(_scalars)]


class Wire(BaseModel):
    """What all forms share: no conversion between types, no NaN, unknown keys ignored (later versions add)."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore", frozen=True)


class Stats(Wire):
    """Seconds per iteration; `data` has one value a round where the file keeps raw rounds."""

    min: Seconds
    median: Seconds
    max: Seconds
    mean: Seconds
    rounds: Annotated[int, Field(ge=1)]
    iterations: Annotated[int, Field(ge=1, lt=_LARGEST_WHOLE)]
    data: Rounds = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.data and len(self.data) != self.rounds:
            counts = {"rounds": self.rounds, "held": len(self.data)}
            raise PydanticCustomError("rounds", "says {rounds} rounds, but data holds {held}", counts)
        return self


class PairedReference(Wire):
    """What took turns with a benchmark."""

    name: str
    data: Annotated[Rounds, Field(min_length=1)]


class PlainBenchmark(Wire):
    """A benchmark as any pytest-benchmark writes it; its project may keep what it likes under `extra_info`."""

    name: str
    fullname: str
    group: str | None = None
    stats: Stats
    extra_info: Parameters = {}

    def record(self) -> Benchmark:
        """Return the frozen record."""
        return Benchmark(
            name=self.name,
            fullname=self.fullname,
            group=self.group,
            suite=None,
            parameters=self.extra_info,
            rounds_s=self.stats.data,
            reference=None,
            rounds=self.stats.rounds,
            iterations=self.stats.iterations,
            min_s=self.stats.min,
            median_s=self.stats.median,
            max_s=self.stats.max,
            mean_s=self.stats.mean,
        )


class PartsOfTime(Wire):
    """What a benchmark's time is made of, in whole nanoseconds, one row a task."""

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    data_ns: Annotated[tuple[tuple[Nanoseconds, ...], ...], Field(min_length=1), FailFast()]
    visits: Visits = ()

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if any(len(row) != len(self.names) for row in self.data_ns):
            raise PydanticCustomError("parts", "expected rows of {count} parts each", {"count": len(self.names)})
        if self.visits and sum(self.visits) != len(self.data_ns):
            counts = {"rows": len(self.data_ns), "held": sum(self.visits)}
            raise PydanticCustomError("visits", "expected visits of {rows} rows, found {held}", counts)
        return self

    def record(self) -> Breakdown:
        """Return the frozen record, in seconds."""
        rows_s = ([part / _NANOSECONDS for part in row] for row in self.data_ns)
        return Breakdown(self.names, tuple(map(tuple, rows_s)), self.visits)


class Additions(Wire):
    """What this instrument adds to a benchmark, beside its parameters."""

    suite: str | None = None
    reference: PairedReference | None = None
    precision: Precision | None = None
    breakdown: PartsOfTime | None = None
    visits: Visits = ()
    arm: Annotated[str | None, PlainValidator(_arm)] = Field(default=None, validation_alias="lockstep")


class OurBenchmark(PlainBenchmark):
    """A benchmark of a file with this instrument's additions: raw rounds are there, and a reference is checked."""

    additions: Additions = Field(default=Additions(), validation_alias="extra_info")

    @model_validator(mode="after")
    def _paired(self) -> Self:
        reference = self.additions.reference
        if not self.stats.data:
            raise PydanticCustomError("raw", "expected the raw rounds under stats.data, found none")
        if reference and len(reference.data) != self.stats.rounds:
            counts = {"rounds": self.stats.rounds, "held": len(reference.data)}
            raise PydanticCustomError("paired", "expected a reference of {rounds} rounds, found {held}", counts)
        if self.additions.visits and sum(self.additions.visits) != self.stats.rounds:
            counts = {"rounds": self.stats.rounds, "held": sum(self.additions.visits)}
            raise PydanticCustomError("visits", "expected visits of {rounds} rounds, found {held}", counts)
        return self

    def record(self) -> Benchmark:
        """Return the frozen record."""
        reference = self.additions.reference
        return replace(
            super().record(),
            suite=self.additions.suite,
            parameters={name: value for name, value in self.extra_info.items() if name != "suite"},
            reference=Reference(reference.name, reference.data) if reference else None,
            precision=self.additions.precision,
            breakdown=self.additions.breakdown.record() if self.additions.breakdown else None,
            visits=self.additions.visits,
            arm=self.additions.arm,
        )


class MachineInfo(Wire):
    """The machine as pytest-benchmark knows it; its name is not read."""

    python_version: str | None = None
    python_implementation: str | None = None
    system: str | None = None
    release: str | None = None
    machine: str | None = None

    def record(self) -> Machine:
        """Return the frozen record."""
        return Machine(**{name: getattr(self, name) for name in Machine.__slots__})


class OurMachineInfo(MachineInfo):
    """The machine and the whole environment."""

    instrument: Annotated[Environment, AfterValidator(_zoned)]


class PlainFile(Wire):
    """A file of any project."""

    machine_info: MachineInfo
    commit_info: Commit = Commit()
    recorded: datetime | None = Field(default=None, validation_alias="datetime")
    benchmarks: Annotated[tuple[PlainBenchmark, ...], FailFast()]


class OurFile(PlainFile):
    """A file with this instrument's additions."""

    machine_info: OurMachineInfo
    benchmarks: Annotated[tuple[OurBenchmark, ...], FailFast()]


class Schema(Wire):
    """The version of this instrument's additions."""

    version: Annotated[int, Field(ge=1)] = Field(validation_alias="schema")


class OpeningMachineInfo(Wire):
    """Whether the additions are there."""

    instrument: Schema | None = None


class Opening(Wire):
    """Read first: which form the rest of the file has."""

    machine_info: OpeningMachineInfo
