"""The verdict's table, the same in every form: what decided first, then by name."""

from bench.gate import wording
from bench.gate.verdict import Decision, Finding, Verdict

COLUMNS = ("benchmark", "head against base", "decision")
_ORDER: tuple[Decision, ...] = ("failed", "slower", "removed", "inconclusive", "faster", "added", "no change")


def rows(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Return a row for the suite and for each benchmark."""
    ordered = sorted(verdict.benchmarks, key=lambda finding: (_ORDER.index(finding.decision), finding.name))
    suite = [] if verdict.suite is None else [verdict.suite]
    return [(finding.name, wording.ratio(finding), _decision(finding)) for finding in [*ordered, *suite]]


def memory_rows(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Return a row for each benchmark whose peak memory was read, the greatest change first."""
    ordered = sorted(verdict.memory, key=lambda lane: -lane.ratio)
    return [(lane.name, wording.memory_ratio(lane), lane.decision) for lane in ordered]


def instructions(verdict: Verdict) -> list[str]:
    """Say what was counted."""
    return [f"instructions of {one.name}: {one.base:,} to {one.head:,} (advisory)" for one in verdict.instructions]


def _decision(finding: Finding) -> str:
    if finding.stage is None:
        return f"{finding.decision}: {finding.why}"
    return f"{finding.decision} ({finding.stage}, n = {finding.generations})"
