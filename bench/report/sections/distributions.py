"""Distributions: how the raw rounds behind the findings scatter, and whether they drift."""

from collections.abc import Sequence

import numpy as np

from bench.instrument import units
from bench.instrument.records import Benchmark
from bench.report import axes, claims
from bench.report.figures import Axis, Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import Finding
from bench.report.section import Section, Study, rounds

_MOST_POINTS = 40
_SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95)


def section(study: Study) -> Section:
    """Return the section on distributions."""
    findings = [finding for finding in study.findings if finding.benchmark.rounds_s]
    figures = (_spread(findings), _drift(findings)) if findings else ()
    return Section(
        "distributions",
        "How do the rounds scatter?",
        _answer(findings) if findings else None,
        figures,
        absent=() if findings else (("Raw rounds of what the findings speak of", "tox -e bench"),),
        folded="Every round behind the findings, by size and in the order measured",
    )


def _answer(findings: Sequence[Finding]) -> str:
    widest = _widest(findings)
    return (
        "Of the rounds behind each finding, the middle half lies within "
        f"{units.times(_width(widest.benchmark.rounds_s))} of each other or closer; the widest are those of "
        f"{_title(widest)} (n = {widest.benchmark.rounds:,})."
    )


def _widest(findings: Sequence[Finding]) -> Finding:
    return max(findings, key=lambda finding: _width(finding.benchmark.rounds_s))


def _width(rounds_s: Sequence[float]) -> float:
    low, high = np.quantile(np.asarray(rounds_s), (0.25, 0.75))
    return float(high / low)


def _title(finding: Finding) -> str:
    who = claims.workers(finding.kind, finding.workers) if finding.kind else None  # hogs are of no executor
    return ", ".join(filter(None, (finding.topic, finding.subject, who)))


def _spread(findings: Sequence[Finding]) -> Figure:
    """Return how much of the rounds took at most how long, in terms of the median, beside those of the reference."""
    panels = tuple(
        Panel(
            _title(finding),
            tuple(
                Point(name, value, share, tip=f"{share:.0%} of rounds: at most {units.times(value)} the median")
                for name, values in _series(finding.benchmark)
                for share, value in _cumulative(values)
            ),
            level=0.5,
        )
        for finding in findings
    )
    values = [point.x for panel in panels for point in panel.points]
    widest = _widest(findings)
    return Figure(
        anchor="spread",
        heading=f"Half of the rounds lie within {units.times(_width(widest.benchmark.rounds_s))} of each other",
        reading="Upright is steady: each line says how much of the rounds took at most so long, against the median.",
        method=f"Empirical distribution, no estimate, so no interval; {_counted(findings)}.",
        x=axes.near_one(values, "time of a round / median"),
        y=Axis("share of the rounds", -0.02, 1.02, tuple((part / 4, f"{25 * part} %") for part in range(5)), log=False),
        groups=(PanelGroup("", panels),),
        table=Table(
            "Rounds behind the findings",
            ("Finding", "Whose rounds", *(f"{100 * part:.0f}% took at most" for part in _SPREAD), "n"),
            (("", tuple(row for finding in findings for row in _rows(finding))),),
            headers=2,
        ),
        series_are="other",
    )


def _drift(findings: Sequence[Finding]) -> Figure:
    """Return the rounds in the order measured, in terms of their median."""
    panels = tuple(
        Panel(
            _title(finding),
            tuple(
                Point(name, float(place + 1), value, tip=f"round {place + 1:,}: {units.times(value)} the median")
                for name, values in _series(finding.benchmark)
                for place, value in _thinned(np.asarray(values) / np.median(values))
            ),
            level=1.0,
        )
        for finding in findings
    )
    points = [point for panel in panels for point in panel.points]
    return Figure(
        anchor="drift",
        heading="Rounds in the order measured: where both lines move together, the machine did",
        reading="Level is steady. Each round of the reference follows the round before it at once, so drift is shared.",
        method=f"Single rounds against their median, no estimate, so no interval; {_counted(findings)}.",
        x=axes.counts((point.x for point in points), "round"),
        y=axes.near_one([point.y for point in points], "time of a round / median"),
        groups=(PanelGroup("", panels),),
        table=Table(
            "Rounds in the order measured: the first and the last half",
            ("Finding", "Whose rounds", "Median of the first half", "Median of the last half", "n"),
            (("", tuple(row for finding in findings for row in _halves(finding))),),
            headers=2,
        ),
        series_are="other",
    )


def _series(item: Benchmark) -> list[tuple[str, tuple[float, ...]]]:
    own = [("the benchmark", item.rounds_s)]
    return [*own, ("its reference", item.reference.rounds_s)] if item.reference else own


def _cumulative(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return (share, value against the median), at most so many as a line needs."""
    ordered = np.sort(np.asarray(values)) / np.median(values)
    shares = np.linspace(0, 1, min(_MOST_POINTS, ordered.size))
    return [(float(share), float(np.quantile(ordered, share))) for share in shares]


def _thinned(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[tuple[int, float]]:
    """Return (place, value) of at most so many values, evenly apart."""
    places = np.unique(np.linspace(0, values.size - 1, min(_MOST_POINTS, values.size)).astype(int))
    return [(int(place), float(values[place])) for place in places]


def _counted(findings: Sequence[Finding]) -> str:
    return rounds(finding.benchmark.rounds for finding in findings)


def _rows(finding: Finding) -> list[tuple[str, ...]]:
    return [
        (
            _title(finding),
            name,
            *(units.seconds(float(value)) for value in np.quantile(np.asarray(values), _SPREAD)),
            f"{len(values):,}",
        )
        for name, values in _series(finding.benchmark)
    ]


def _halves(finding: Finding) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, values in _series(finding.benchmark):
        half = (len(values) + 1) // 2
        first, last = np.median(values[:half]), np.median(values[-half:])
        rows.append(
            (_title(finding), name, units.seconds(float(first)), units.seconds(float(last)), f"{len(values):,}")
        )
    return rows
