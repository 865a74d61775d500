"""The verdict as JSON, for the report page and for whoever judges again; README.md describes it."""

import dataclasses
from typing import Any

from bench.gate.verdict import SCHEMA, Verdict

FORMAT = "flagkit-gate"


def content(verdict: Verdict) -> dict[str, Any]:
    """Return the object that the file holds."""
    return {"format": FORMAT, "schema": SCHEMA, **dataclasses.asdict(verdict), "status": int(verdict.status)}
