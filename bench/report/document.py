"""All that a report says, derived once from the runs; each exporter writes the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.instrument.records import Run
from bench.report import findings, limits, overview, rows, trust
from bench.report.comparison import Comparison
from bench.report.figures import Figure
from bench.report.findings import Finding
from bench.report.rows import Row
from bench.report.section import Section, Study
from bench.report.sections import SECTIONS
from bench.report.trust import Advice, Caution, Fact, Gap
from bench.report.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """`lead` is the run that the findings speak of, the last recorded; `others` what threads did in each other run."""

    runs: tuple[Run, ...]
    lead: Run
    findings: tuple[Finding, ...]
    others: tuple[Finding, ...]
    sections: tuple[Section, ...]
    facts: tuple[Fact, ...]
    cautions: tuple[Caution, ...]
    gaps: tuple[Gap, ...]
    rows: tuple[Row, ...]
    overview: Figure | None = None
    verdict: Verdict | None = None

    @property
    def advice(self) -> tuple[Advice, ...]:
        """Return the cautions by what they advise."""
        return trust.by_advice(self.cautions)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Return the figures of all sections, in order."""
        return tuple(figure for section in self.sections for figure in section.figures)


def report(runs: Iterable[Run], sides: Iterable[Comparison] = (), verdict: Verdict | None = None) -> Report:
    """Derive a report from runs, each under a label of its own, comparisons and a gate's verdict.

    Raises ValueError for no runs.
    """
    held = tuple(runs)
    lead = findings.lead_run(held)
    told = findings.of_run(lead)
    drawn = tuple(map(limits.bounded, held))
    all_rows = rows.rows(held)
    others = (findings.on_threads(run) for run in held if run is not lead)
    study = Study(drawn, drawn[held.index(lead)], told, tuple(sides))
    return Report(
        runs=held,
        lead=lead,
        findings=told,
        others=tuple(finding for finding in others if finding),
        sections=tuple(make(study) for make in SECTIONS),
        facts=trust.facts(held),
        cautions=(*trust.cautions(held), *_crowded(held)),
        gaps=trust.gaps(held),
        rows=all_rows,
        overview=overview.figure(all_rows),
        verdict=verdict,
    )


def _crowded(runs: Iterable[Run]) -> tuple[Caution, ...]:
    return tuple(Caution(run.label, text) for run in runs for text in limits.passed_over(run))
