"""What the instrument adds to a run's JSON: all that decides whether two runs can be compared."""

import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from bench.instrument import build, host, interference

SCHEMA = 1


@dataclass(slots=True)
class Environment:
    """The surroundings of one run, noted at its start, after its imports and at its end."""

    arguments: Sequence[str]
    quick: bool
    gil_before_imports: bool
    order_seed: int | None = None
    gil_after_imports: bool = field(default_factory=build.is_gil_enabled)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    load_at_start: list[float] | None = field(default_factory=host.load)
    taken_at_start: interference.Taken = field(default_factory=interference.taken)

    def describe(
        self,
        *,
        interrupted: bool,
        unavailable: Sequence[Mapping[str, str]],
        cpu_model: str | None,
    ) -> dict[str, Any]:
        """Return ``machine_info["instrument"]`` as of now.

        ``cpu_model`` stands in where the system's own files do not name the processor.
        """
        return {
            "schema": SCHEMA,
            "tag": build.tag(),
            "quick": self.quick,
            "order_seed": self.order_seed,
            "interrupted": interrupted,
            "arguments": list(self.arguments),
            "started": self.started.isoformat(),
            "finished": datetime.now(UTC).isoformat(),
            "python": build.python(),
            "gil_enabled": {
                "before_imports": self.gil_before_imports,
                "after_imports": self.gil_after_imports,
                "at_end": build.is_gil_enabled(),
            },
            "host": host.host(cpu_model),
            "load": {"start": self.load_at_start, "end": host.load()},
            "interference": asdict(interference.taken().since(self.taken_at_start)),
            "packages": imported_packages(),
            "pickle_default_protocol": pickle.DEFAULT_PROTOCOL,
            "unavailable": [dict(entry) for entry in unavailable],
        }


def imported_packages() -> dict[str, str]:
    """Return the version of each installed distribution of which a module has been imported, by name."""
    imported = {name.partition(".")[0] for name in sys.modules}
    found = {
        distribution
        for module, distributions in packages_distributions().items()
        if module in imported
        for distribution in distributions
    }
    return {name: version(name) for name in sorted(found, key=str.lower)}


def without_locations(arguments: Sequence[str], base: Path) -> list[str]:
    """Return the arguments of the command line with absolute paths made relative to ``base``, or reduced to a name."""
    return [_without_location(argument, base) for argument in arguments]


def _without_location(argument: str, base: Path) -> str:
    option, equals, value = argument.partition("=") if argument.startswith("-") else ("", "", argument)
    location, colons, rest = value.partition("::")
    path = Path(location)
    if not path.is_absolute():
        return argument
    shown = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
    return f"{option}{equals}{shown}{colons}{rest}"
