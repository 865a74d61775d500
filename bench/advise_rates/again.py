"""What the model of today would have advised by what was measured then: a recording outlives a change of the model."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from flagkit.advise.measured import Measured, Packing
from flagkit.advise.ranking import draw, predictions, rank
from flagkit.advise.records import Candidate, Evidence, KindCosts, Pilot

__all__ = ["advised", "advised_again", "as_json", "from_json"]

DIGITS = 5
"""Of the measurements that are kept: more than any clock's noise leaves."""


def advised(evidence: Evidence) -> dict[str, Any]:
    """Return the choice, and of each kind's best candidate the interval and the terms, by name."""
    draws = draw(evidence)
    ranking = predictions(rank(evidence, draws), evidence, draws)
    return {
        "choice": str(ranking[0].candidate),
        "predicted": {str(one.candidate): asdict(one.time_s) for one in ranking},
        "terms": {str(one.candidate): one.terms for one in ranking},
    }


def advised_again(cells: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the cells with the advice of the model of today; without those that have no evidence, or no advice."""
    for one in cells:
        if "evidence" in one:
            yield {**one, **advised(from_json(one["evidence"]))}


def as_json(evidence: Evidence) -> dict[str, Any]:
    """Return what JSON can hold of it, rounded."""
    found: dict[str, Any] = _rounded(asdict(evidence))
    return found


def from_json(found: Mapping[str, Any]) -> Evidence:
    """Return the evidence. Raises KeyError or TypeError where it is of another version."""
    measured = _values(found["measured"])
    packed = {name: Packing(**measured[name]) for name in ("arguments", "results")}
    return Evidence(
        measured=Measured(**{**measured, **packed}),
        costs={kind: KindCosts(**_values(one)) for kind, one in found["costs"].items()},
        pilots={kind: _pilot(one) for kind, one in found["pilots"].items()},
        cores=found["cores"],
        further=tuple(_pilot(one) for one in found.get("further", ())),
    )


def _pilot(found: Mapping[str, Any]) -> Pilot:
    return Pilot(**{**_values(found), "candidate": Candidate(**found["candidate"])})


def _values(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
