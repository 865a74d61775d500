"""Figures of speed-up over serial: CPU work and downloads, against the number of workers."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.instrument import metrics, units
from bench.instrument.metrics import Derived, Missing
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import PAIRED_RATIO, Estimate
from bench.report import axes, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import Finding, usable_cores

_METHOD = (
    f"Estimator: {PAIRED_RATIO} (serial took turns with each, round by round). Bars: 95% interval by order statistics."
)


@dataclass(frozen=True, slots=True)
class _Measured:
    run: Run
    benchmark: Benchmark
    subject: str
    kind: str
    workers: int
    speed_up: Derived


def cpu_work(runs: Iterable[Run], findings: Iterable[Finding]) -> Figure | None:
    """Return the speed-up of CPU work by workload and kind; None when nothing of the kind was measured."""
    measured = _measured(runs, "gil", "workload")
    drawn = [(item, item.speed_up) for item in measured if isinstance(item.speed_up, Estimate)]
    if not drawn:
        return None
    told = [finding for finding in findings if finding.topic in {"threads", "processes", "interpreters"}]
    return Figure(
        anchor="speed-up",
        question="Do threads help?",
        heading=wording.cpu_heading(told) if told else "Speed-up of CPU work over serial",
        reading=(
            "Up is faster than serial, 1x is no gain; the thin line is the ideal, a core's worth from each worker up "
            "to the usable cores, which the vertical line marks."
        ),
        method=_METHOD,
        x=axes.workers(item.workers for item, _ in drawn),
        y=axes.speed_up(_bounds(drawn), "speed-up over serial"),
        groups=_groups(drawn, ideal=True),
        table=Table(
            "Speed-up of CPU work over serial",
            (
                "Python",
                "Workload",
                "Kind",
                "Workers",
                "Median time",
                "Speed-up",
                "95% interval",
                "Efficiency",
                "GIL contention",
                "n",
            ),
            tuple((*_named(item), *_times(item), _efficiency(item), _contention(item), _n(item)) for item in measured),
            headers=4,
        ),
        dodge=True,
    )


def downloads(runs: Iterable[Run], findings: Iterable[Finding]) -> Figure | None:
    """Return the speed-up of downloads by server and kind; None when nothing of the kind was measured."""
    measured = _measured(runs, "download", "server")
    drawn = [(item, item.speed_up) for item in measured if isinstance(item.speed_up, Estimate)]
    if not drawn:
        return None
    told = [finding for finding in findings if finding.topic == "downloads"]
    return Figure(
        anchor="downloads",
        question="Does waiting overlap?",
        heading=wording.heading(told[0]) if told else "Speed-up of downloads over one after the other",
        reading="Up is faster than one download after the other, 1x is no gain.",
        method=_METHOD,
        x=axes.workers(item.workers for item, _ in drawn),
        y=axes.speed_up(_bounds(drawn), "speed-up over serial"),
        groups=_groups(drawn, ideal=False),
        table=Table(
            "Speed-up of downloads over one after the other",
            ("Python", "Server", "Kind", "Workers", "Median time", "Speed-up", "95% interval", "Flags", "n"),
            tuple((*_named(item), *_times(item), _flags(item), _n(item)) for item in measured),
            headers=4,
        ),
        dodge=True,
    )


def _measured(runs: Iterable[Run], suite: str, subject: str) -> list[_Measured]:
    return [
        _Measured(run, item, name, kind, workers, metrics.speed_up(item, metrics.SERIAL))
        for run in runs
        for item in run.suite(suite)
        if item.text("measurement") is None  # which other questions of the suite have
        and (name := item.text(subject)) is not None
        and (kind := item.text("kind")) is not None
        and (workers := item.integer("workers")) is not None
        and workers >= 1
        # What took turns with something else, such as another way to download, answers another question.
        and (item.reference is None or item.reference.name == metrics.SERIAL)
    ]


def _bounds(drawn: list[tuple[_Measured, Estimate]]) -> list[float]:
    values = [estimate.value for _, estimate in drawn]
    for _, estimate in drawn:
        if estimate.interval:
            values += [estimate.interval.low, estimate.interval.high]
    return values


def _groups(drawn: list[tuple[_Measured, Estimate]], *, ideal: bool) -> tuple[PanelGroup, ...]:
    panels: dict[str, dict[str, list[Point]]] = {}
    runs: dict[str, Run] = {}
    for item, estimate in drawn:
        runs[item.run.label] = item.run
        subjects = panels.setdefault(item.run.label, {})
        subjects.setdefault(item.subject, []).append(Point.of(item.kind, item.workers, estimate))
    return tuple(
        PanelGroup(label, tuple(_panel(title, points, runs[label], ideal=ideal) for title, points in subjects.items()))
        for label, subjects in panels.items()
    )


def _panel(title: str, points: list[Point], run: Run, *, ideal: bool) -> Panel:
    cores = usable_cores(run)
    most = max(point.x for point in points)
    line: tuple[tuple[float, float], ...] = ()
    if ideal and cores:
        line = tuple(sorted({(1.0, 1.0), (float(min(cores, most)),) * 2, (most, float(min(cores, most)))}))
    mark = (float(cores), f"{cores:,} core{'s' if cores > 1 else ''}") if ideal and cores else None
    return Panel(title, tuple(points), line, mark, level=1.0)


def _named(item: _Measured) -> tuple[str, ...]:
    return (item.run.label, item.subject, item.kind, f"{item.workers:,}")


def _times(item: _Measured) -> tuple[str, ...]:
    time = units.seconds(item.benchmark.median_s)
    if isinstance(item.speed_up, Missing):
        return (time, wording.NONE, item.speed_up.reason)
    return (time, units.faster(item.speed_up.value), wording.interval(item.speed_up, units.faster))


def _efficiency(item: _Measured) -> str:
    return wording.derived(metrics.parallel_efficiency(item.benchmark), units.number)


def _contention(item: _Measured) -> str:
    contention = metrics.gil_contention(item.benchmark, usable_cores(item.run))
    if isinstance(contention, Missing):
        return contention.reason if item.kind == "thread" else wording.NONE
    return units.number(contention.value)


def _flags(item: _Measured) -> str:
    flags = item.benchmark.integer("flags")
    return wording.NONE if flags is None else f"{flags:,}"


def _n(item: _Measured) -> str:
    return f"{item.benchmark.rounds:,}"
