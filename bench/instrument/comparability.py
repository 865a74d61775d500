"""Whether two runs can be compared: what must be the same for a difference to be the Python's."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.instrument import units
from bench.instrument.records import Benchmark, Environment, Run

UNKNOWN: Final = "not known"
UNUSED: Final = "not used"
"""Of a package that a run did not import: then it makes no difference."""
MEASURED_PARAMETERS: Final = frozenset(
    {"pickled_bytes", "peak_pss_bytes", "peak_processes", "no_peak_pss", "client_cpu_s"},
)
"""Parameters that are results: they may differ between runs of one benchmark."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact in which two runs differ that forbids comparing them; `is_of_build` where it is how Python was built."""

    name: str
    base: str
    other: str
    is_of_build: bool = False


def differences(base: Run, other: Run) -> tuple[Difference, ...]:
    """Return what forbids comparing two runs as a whole; () where nothing does.

    A file that does not tell a fact differs from one that does. What is compared, versions and the GIL, is no obstacle.
    """
    if base.environment is None and other.environment is None:
        return (Difference("environment", UNKNOWN, UNKNOWN),)
    return tuple(
        Difference(name, one, another, is_of_build=name in _BUILD)
        for name, read in _FACTS.items()
        if (one := _told(base, read)) != (another := _told(other, read)) and UNUSED not in {one, another}
    )


def same_benchmark(base: Benchmark, other: Benchmark) -> Difference | None:
    """Return in which parameter two benchmarks of one name differ, such as pickle's default protocol; None if in none.

    A default that changed with the version of Python makes the same test measure another thing.
    """
    for name in sorted({*base.parameters, *other.parameters} - MEASURED_PARAMETERS):
        one, another = base.parameters.get(name), other.parameters.get(name)
        if one != another:
            return Difference(name, str(one), str(another))
    return None


def _told(run: Run, read: Callable[[Environment], str | None]) -> str:
    return (read(run.environment) if run.environment else None) or UNKNOWN


def _yes(value: bool | None) -> str | None:  # noqa: FBT001 - a fact to write, no switch
    return None if value is None else "yes" if value else "no"


def _optimisation(environment: Environment) -> str | None:
    """Return the levels -O that the compiler was given; the other flags differ from version to version."""
    flags = f"{environment.python.opt or ''} {environment.python.cflags or ''}"
    return " ".join(sorted(set(re.findall(r"(?<!\S)-O\w*", flags)))) or None


def _limit(environment: Environment) -> str:
    limit = environment.host.cgroup_cpu_limit
    return "none" if limit is None else units.number(limit)


_BUILD: Final[dict[str, Callable[[Environment], str | None]]] = {
    "profile-guided optimisation": lambda env: _yes(env.python.pgo),
    "link-time optimisation": lambda env: _yes(env.python.lto),
    "optimisation level": _optimisation,
    "compiler": lambda env: env.python.compiler,
    "debug build": lambda env: _yes(env.python.debug),
    "JIT on": lambda env: _yes(env.python.jit == "on"),
}
_FACTS: Final[dict[str, Callable[[Environment], str | None]]] = {
    "processor": lambda env: env.host.cpu_model,
    "architecture": lambda env: env.host.architecture,
    "system": lambda env: env.host.system,
    "cores": lambda env: f"{env.host.usable_cores:,} of {env.host.logical_cores:,}",
    "CPU limit": _limit,
    "numpy": lambda env: env.packages.get("numpy") or UNUSED,
    "extent": lambda env: "quick" if env.quick else "full",
    **_BUILD,
}
