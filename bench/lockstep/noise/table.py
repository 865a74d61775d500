"""The noise table: what each way of measuring gave, as rows, as Markdown and as JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.instrument import units
from bench.lockstep import estimate, summary
from bench.lockstep.estimate import RatioEstimate
from bench.lockstep.noise.spread import Observation, Spread, own_sd, spread
from bench.lockstep.noise.ways import Measured, Way

SCHEMA: Final = 1
_HEADER: Final = ("how the two sides are measured", "n", "SD of log(ratio of medians)", "each on its own", "ratio")


@dataclass(frozen=True, slots=True)
class Row:
    """A way's noise. `spread` is None where `reason` says why; `own_sd` is that of one side's times alone.

    The spread is about 0, the true log ratio, for identical code, and about the mean for different Pythons, whose
    ratio is `ratio`.
    """

    name: str
    identical: bool
    spread: Spread | None
    own_sd: float | None
    ratio: RatioEstimate | None
    reason: str | None
    observations: tuple[tuple[Observation, ...], ...]


def row(way: Way, measured: Sequence[Measured], reason: str | None, seed: int) -> Row:
    """Return the row of what was measured, each by itself a cluster; `reason` says why there is none, or no more."""
    clusters = [[observation.log_ratio for observation in once.observations] for once in measured]
    logs = [log for cluster in clusters for log in cluster]
    rounds = [once.rounds for once in measured if once.rounds is not None]
    about = 0.0 if way.identical or not logs else math.fsum(logs) / len(logs)
    return Row(
        name=way.name,
        identical=way.identical,
        spread=spread(clusters, seed, about=about) if logs else None,
        own_sd=own_sd([observation for once in measured for observation in once.observations]),
        ratio=estimate.ratio(rounds) if rounds and not way.identical else None,
        reason=reason,
        observations=tuple(once.observations for once in measured),
    )


def caption(machine: Mapping[str, Any], *of_load: str) -> str:
    """Return what a table was measured on, in a line, with its two load averages and what each of them is."""
    cores = f"{machine['usable_cores']} core{'s' * (machine['usable_cores'] != 1)}"
    start, end = machine["load"]["start"], machine["load"]["end"]
    load = (
        "" if start is None or end is None else f", load average {of_load[0]} {start[0]:.1f}, {of_load[1]} {end[0]:.1f}"
    )
    return f"{machine['cpu_model']}, {cores}, {machine['system']}{load}"


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table; a way that could not be measured has its reason."""
    lines = [_HEADER, tuple("---" for _ in _HEADER), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def as_json(rows: Sequence[Row], machine: Mapping[str, Any], *, seed: int, interrupted: bool) -> dict[str, Any]:
    """Return all that was measured, with the machine that it was measured on."""
    return {
        "schema": SCHEMA,
        "kind": "lockstep-noise",
        "seed": seed,
        "interrupted": interrupted,
        "machine": dict(machine),
        "rows": [asdict(row) for row in rows],
    }


def _cells(row: Row) -> tuple[str, ...]:
    if row.spread is None:
        return (row.name, "0", row.reason or "not measured", "", "")
    counted = f"{row.spread.n}" if row.spread.n == row.spread.clusters else f"{row.spread.n} in {row.spread.clusters}"
    failed = f" ({row.reason})" if row.reason else ""
    return (
        row.name,
        counted,
        _sd(row.spread) + failed,
        _number(row.own_sd),
        "" if row.ratio is None else summary.ratio(row.ratio),
    )


def _sd(spread: Spread) -> str:
    if spread.low is None or spread.high is None:
        return f"{units.number(spread.sd)} (too few for an interval)"
    return f"{units.number(spread.sd)} [{units.number(spread.low)}, {units.number(spread.high)}]"


def _number(value: float | None) -> str:
    return "" if value is None else units.number(value)
