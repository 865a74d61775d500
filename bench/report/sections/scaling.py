"""How speed-up goes on with more workers: the Universal Scalability Law, fitted to measurements within the cores."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing, ScalabilityFit
from bench.instrument.metrics.scalability import FITTED
from bench.report import wording
from bench.report.figures import Curve, Table, TableOnly
from bench.report.findings import usable_cores
from bench.report.measured import Measured
from bench.report.section import Study

Fits: TypeAlias = Mapping[tuple[str, str, str], ScalabilityFit]
"""By run, workload and kind."""
CHOSEN: Final = ("gcd-seed", "gcd-short")
"""The workloads that headings speak of, chosen beforehand: the most striking of many ratios overstates."""
MOST: Final = 200
"""Each fit resamples its rounds: what a study of six Pythons needs, and no more than seconds."""
_CURVE_POINTS = 25


def fits(shown: list[Measured]) -> Fits:
    """Return the law's fits to speed-ups that several numbers of workers within the cores allow."""
    lines: dict[tuple[str, str, str], list[Measured]] = {}
    for item in shown:
        lines.setdefault((item.run.label, item.subject, item.kind), []).append(item)
    found = {key: _fit(held) for key, held in list(lines.items())[:MOST]}
    return {key: fit for key, fit in found.items() if isinstance(fit, ScalabilityFit)}


def _fit(held: list[Measured]) -> ScalabilityFit | Missing:
    cores = usable_cores(held[0].run) or 0
    return metrics.scalability([item.benchmark for item in held], cores, 2 * cores)


def curve(kind: str, fit: ScalabilityFit) -> Curve:
    """Return a fit as a line from one worker to where it is extrapolated."""
    steps = [1 + (fit.beyond_workers - 1) * step / (_CURVE_POINTS - 1) for step in range(_CURVE_POINTS)]
    return Curve(kind, tuple((workers, fit.speed_up(workers)) for workers in steps))


def table(study: Study, found: Fits) -> TableOnly | None:
    """Return the parts of each fit with their intervals, and the extrapolation; None without a fit."""
    if not found:
        return None
    groups: dict[str, list[tuple[str, ...]]] = {}
    for (label, workload, kind), fit in found.items():
        groups.setdefault(label, []).append(_row(workload, kind, fit))
    own = [key for key in found if key[0] == study.lead.label] or list(found)
    spoken = next((key for name in CHOSEN for key in own if key[1] == name), own[0])
    fit = found[spoken]
    return TableOnly(
        "scalability",
        f"{wording.opening(spoken[1])} by {spoken[2]} with {fit.beyond_workers:,} workers on {spoken[0]}: "
        f"{units.faster(fit.beyond.value)}, if the law holds",
        f"The Universal Scalability Law: {FITTED}. Contention and coherence of 0 are ideal. Beyond the usable cores it "
        "extrapolates, as if there were cores for more workers.",
        Table(
            "Fits of the Universal Scalability Law",
            (
                "Workload", "Executor", "Contention", "Coherence", "Measured with", "Extrapolated to", "Speed-up there",
                "95% interval", "n",
            ),
            tuple((label, tuple(rows)) for label, rows in groups.items()),
            headers=2,
        ),
    )  # fmt: skip


def _row(workload: str, kind: str, fit: ScalabilityFit) -> tuple[str, ...]:
    coherence = fit.coherence
    return (
        workload,
        kind,
        f"{units.number(fit.contention.value)} {wording.interval(fit.contention, units.number)}",
        coherence.reason
        if isinstance(coherence, Missing)
        else f"{units.number(coherence.value)} {wording.interval(coherence, units.number)}",
        ", ".join(f"{workers:,}" for workers in fit.workers),
        f"{fit.beyond_workers:,} workers",
        units.faster(fit.beyond.value),
        wording.interval(fit.beyond, units.faster),
        f"{fit.beyond.n:,}",
    )
