"""All that a report says, derived once from the runs; each exporter writes the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.instrument.records import Run
from bench.report import costs, findings, rows, speedups, trust
from bench.report.figures import Figure
from bench.report.findings import Finding
from bench.report.rows import Row
from bench.report.trust import Caution, Fact, Gap


@dataclass(frozen=True, slots=True)
class Report:
    """`lead` is the run that the findings speak of, the last recorded; `others` what threads did in each other run."""

    runs: tuple[Run, ...]
    lead: Run
    findings: tuple[Finding, ...]
    others: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    facts: tuple[Fact, ...]
    cautions: tuple[Caution, ...]
    gaps: tuple[Gap, ...]
    rows: tuple[Row, ...]


def report(runs: Iterable[Run]) -> Report:
    """Derive a report from runs, each under a label of its own; raises ValueError for none."""
    held = tuple(runs)
    lead = findings.lead_run(held)
    told = findings.of_run(lead)
    others = (findings.on_threads(run) for run in held if run is not lead)
    figures = (speedups.cpu_work, costs.round_trips, speedups.downloads, costs.cold_starts)
    return Report(
        runs=held,
        lead=lead,
        findings=told,
        others=tuple(finding for finding in others if finding),
        figures=tuple(figure for make in figures if (figure := make(held, told))),
        facts=trust.facts(held),
        cautions=trust.cautions(held),
        gaps=trust.gaps(held),
        rows=rows.rows(held),
    )
