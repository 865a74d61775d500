"""What a run file says, as frozen records: the only form in which metrics, report and gate know a result.

A file that another project's pytest-benchmark wrote lacks this instrument's additions. Its records say so plainly:
`Run.environment` is None, `Benchmark.suite` and `Benchmark.reference` are None, `Run.unavailable` is empty.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from bench.instrument.breakdown import Breakdown
from bench.instrument.statistics import Prior

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter that ran the benchmarks, and how it was built; never a path."""

    implementation: str
    version: str
    gil_disabled_build: bool
    jit: Literal["absent", "off", "on"]
    switch_interval_s: float | None
    default_start_method: str
    debug: bool
    abi_flags: str = ""
    compiler: str | None = None
    config_args: str | None = None
    cflags: str | None = None
    opt: str | None = None
    pgo: bool | None = None
    lto: bool | None = None
    shared_library: bool | None = None


@dataclass(frozen=True, slots=True)
class GilEnabled:
    """Whether the GIL was on at three moments; an import can switch it on in a free-threaded build."""

    before_imports: bool
    after_imports: bool
    at_end: bool


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: no name of it, only what decides a measurement."""

    architecture: str
    system: str
    release: str
    logical_cores: int
    usable_cores: int
    cpu_model: str | None = None
    cgroup_cpu_limit: float | None = None
    governor: str | None = None
    boost: bool | None = None
    memory_bytes: int | None = None

    @property
    def granted_cores(self) -> int:
        """Return how many cores a run could keep busy: by affinity or by control group, whichever is less.

        A limit of 1.5 cores counts as 2, since a second worker still gets half of one.
        """
        if self.cgroup_cpu_limit is None:
            return self.usable_cores
        return max(1, min(self.usable_cores, math.ceil(self.cgroup_cpu_limit)))


@dataclass(frozen=True, slots=True)
class Load:
    """Load averages over 1, 5 and 15 minutes when the run started and ended; None where the system has none."""

    start: tuple[float, float, float] | None = None
    end: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Interference:
    """What others took from this machine while the run went on; None where the system does not tell.

    `steal_s` is the time that a hypervisor gave to others, summed over cores; `throttled_s` how long the control groups
    held this run back, in `throttled_periods` of their periods.
    """

    steal_s: float | None = None
    throttled_s: float | None = None
    throttled_periods: int | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A benchmark that could not run here, and why."""

    benchmark: str
    reason: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What this instrument adds to a run file: all that decides whether two runs can be compared."""

    schema: int
    tag: str
    quick: bool
    interrupted: bool
    arguments: tuple[str, ...]
    started: datetime
    finished: datetime
    python: Python
    gil_enabled: GilEnabled
    host: Host
    load: Load
    packages: Mapping[str, str | None]
    pickle_default_protocol: int
    unavailable: tuple[Unavailable, ...]
    order_seed: int | None = None
    interference: Interference = Interference()


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that was measured, as pytest-benchmark found it."""

    id: str | None = None
    dirty: bool | None = None
    branch: str | None = None
    time: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What pytest-benchmark itself records; all that is known of a run of another project."""

    python_version: str | None = None
    python_implementation: str | None = None
    system: str | None = None
    release: str | None = None
    machine: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What took turns with a benchmark, round by round: `rounds_s[i]` was measured directly after its round i."""

    name: str
    rounds_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Precision:
    """How wide an interval was aimed at, as a part of the median, and what set the number of rounds."""

    aim: float
    rounds_by: Literal["precision", "budget", "least"]


@dataclass(frozen=True, slots=True)
class Spreads:
    """How visits differ over all benchmarks of a run, in time and in the ratio to a reference; None: not known."""

    times: Prior | None = None
    ratios: Prior | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark's times in seconds per iteration, and its parameters as data.

    `rounds_s` holds one value a round and is empty when the file keeps no raw rounds (pytest-benchmark's default
    for `--benchmark-save`); the summary fields are always there. `iterations` is the calls timed together in a round.
    `visits` has the number of rounds of each visit, in the order of `rounds_s`; it is empty for one that was all.
    `spreads` is of the whole run (bench.instrument.spreads). `arm` is the name it was measured under in lockstep.
    """

    name: str
    fullname: str
    group: str | None
    suite: str | None
    parameters: Mapping[str, Scalar]
    rounds_s: tuple[float, ...]
    reference: Reference | None
    rounds: int
    iterations: int
    min_s: float
    median_s: float
    max_s: float
    mean_s: float
    precision: Precision | None = None
    breakdown: Breakdown | None = None
    visits: tuple[int, ...] = ()
    spreads: Spreads = Spreads()
    arm: str | None = None

    def text(self, name: str) -> str | None:
        """Return the parameter of that name when it is text, else None."""
        value = self.parameters.get(name)
        return value if isinstance(value, str) else None

    def integer(self, name: str) -> int | None:
        """Return the parameter of that name when it is a whole number (True is none), else None."""
        value = self.parameters.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Run:
    """One run file: one Python on one machine. `label` tells it from the other runs shown with it."""

    source: Path
    label: str
    recorded: datetime | None
    machine: Machine
    commit: Commit
    environment: Environment | None
    benchmarks: tuple[Benchmark, ...]

    @property
    def unavailable(self) -> tuple[Unavailable, ...]:
        """What could not run, with reasons; empty for a file without this instrument's additions."""
        return self.environment.unavailable if self.environment else ()

    def suite(self, name: str) -> tuple[Benchmark, ...]:
        """Return the benchmarks of one suite, in the order of the file."""
        return tuple(benchmark for benchmark in self.benchmarks if benchmark.suite == name)
