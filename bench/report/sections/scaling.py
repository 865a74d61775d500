"""How speed-up goes on with more workers: the Universal Scalability Law, fitted to the run that findings speak of."""

import warnings
from collections.abc import Mapping
from typing import Final, TypeAlias

from scipy.optimize import OptimizeWarning

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing, ScalabilityFit
from bench.instrument.metrics.scalability import FITTED
from bench.report import wording
from bench.report.figures import Curve, Table, TableOnly
from bench.report.findings import usable_cores
from bench.report.measured import Measured
from bench.report.section import Study

Fits: TypeAlias = Mapping[tuple[str, str], ScalabilityFit]
"""By workload and kind."""
CHOSEN: Final = ("gcd-seed", "gcd-short")
"""The workloads that headings speak of, chosen beforehand: the most striking of many ratios overstates."""
MOST: Final = 5
"""Each fit resamples its rounds 200 times, which takes half a second: a page has no more."""
_CURVE_POINTS = 25


def fits(study: Study, shown: list[Measured]) -> Fits:
    """Return the law's fits to the lead's measurements, where two numbers of workers or more allow one."""
    cores = usable_cores(study.lead) or 0
    lines: dict[tuple[str, str], list[Measured]] = {}
    for item in shown:
        if item.run is study.lead:
            lines.setdefault((item.subject, item.kind), []).append(item)
    several = {key: held for key, held in lines.items() if len({item.workers for item in held}) > 1}
    found = {key: _fit(held, cores) for key, held in sorted(several.items(), key=_chosen_first)[:MOST]}
    return {key: fit for key, fit in found.items() if isinstance(fit, ScalabilityFit)}


def curve(kind: str, fit: ScalabilityFit) -> Curve:
    """Return a fit as a line from one worker to where it is extrapolated."""
    steps = [1 + (fit.beyond_workers - 1) * step / (_CURVE_POINTS - 1) for step in range(_CURVE_POINTS)]
    return Curve(kind, tuple((workers, fit.speed_up(workers)) for workers in steps))


def table(study: Study, found: Fits) -> TableOnly | None:
    """Return the parts of each fit with their intervals, and the extrapolation; None without a fit."""
    if not found:
        return None
    (workload, kind), fit = next(iter(found.items()))
    return TableOnly(
        "scalability",
        f"{wording.opening(workload)} by {kind} with {fit.beyond_workers:,} workers: "
        f"{units.faster(fit.beyond.value)}, if the law holds",
        f"The Universal Scalability Law on {study.lead.label}: {FITTED}. Contention and coherence of 0 are ideal. "
        "Beyond the usable cores it extrapolates, as if there were cores for more workers.",
        Table(
            "Fits of the Universal Scalability Law",
            (
                "Workload", "Executor", "Contention", "Coherence", "Measured with", "Extrapolated to", "Speed-up there",
                "95% interval", "n",
            ),
            ((study.lead.label, tuple(_row(*key, fit) for key, fit in found.items())),),
            headers=2,
        ),
    )  # fmt: skip


def _chosen_first(line: tuple[tuple[str, str], list[Measured]]) -> int:
    """Order the workloads that headings speak of before others, which keep the order of the file."""
    workload = line[0][0]
    return CHOSEN.index(workload) if workload in CHOSEN else len(CHOSEN)


def _fit(held: list[Measured], cores: int) -> ScalabilityFit | Missing:
    with warnings.catch_warnings():
        # Two numbers of workers settle two parts exactly: there is no covariance then, and none is used.
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            return metrics.scalability([item.benchmark for item in held], cores, 2 * cores)
        except RuntimeError as error:
            return Missing(f"the law does not fit: {error}")


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
