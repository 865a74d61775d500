"""A gate's decisions as a table."""

from bench.instrument import units
from bench.report import wording
from bench.report.figures import Table
from bench.report.verdict import Judged, Verdict


def table(verdict: Verdict) -> Table:
    """Return a row a benchmark: the ratio head / base of time, its interval, and what the gate decided."""
    return Table(
        "Head against base, as the gate judged it",
        ("Benchmark", "Head against base", "95% interval", "Decision", "Why"),
        (("", tuple(map(_row, verdict.benchmarks))),),
    )


def _row(item: Judged) -> tuple[str, ...]:
    known = item.low is not None and item.high is not None
    interval = f"[{units.slower(item.low or 1)}, {units.slower(item.high or 1)}]" if known else wording.NONE
    ratio = units.slower(item.ratio) if item.ratio is not None else wording.NONE
    return (item.name, ratio, interval, item.decision, item.why or wording.NONE)
