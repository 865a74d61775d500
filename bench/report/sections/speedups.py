"""Figures of speed-up over serial: CPU work by workload and by workers, and downloads."""

from collections.abc import Iterable
from functools import partial

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.metrics.scalability import FITTED
from bench.instrument.records import Run
from bench.instrument.statistics import INTERVALS, PAIRED_RATIO
from bench.report import axes, measured, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.findings import usable_cores
from bench.report.measured import Measured
from bench.report.section import Study, rounds
from bench.report.sections import scaling
from bench.report.sections.scaling import Fits

_METHOD = f"{wording.capitalised(PAIRED_RATIO)}; serial took turns with each, round by round. Bars: {INTERVALS}"
_RATIO = "speed-up over serial"


def by_python(study: Study) -> Figure | None:
    """Return what threads gained on each Python, workload by workload; None when there is but one run."""
    shown = [item for item in _cpu_work(study.runs) if item.kind == "thread" and _a_worker_a_core(item)]
    if len({item.run.label for item in shown}) < 2:  # noqa: PLR2004 - one Python is compared with nothing
        return None
    subject, held = _chosen(shown)
    said = ", ".join(f"{item.run.label} {units.faster(item.estimate.value)}" for item in held if item.estimate)
    return Figure(
        anchor="threads-by-python",
        heading=f"{subject} on threads, against serial: {said}",
        reading="Right of 1x, threads beat a plain loop on that Python; left of it they lose. A row a workload.",
        method=f"{_METHOD}, {rounds(item.benchmark.rounds for item in shown)}. Each ratio is from its own run.",
        x=axes.speed_up(measured.bounds(shown), _RATIO),
        y=axes.NAMES,
        groups=(PanelGroup("", (_rows(shown, "Threads, as many as cores", by_run=True),)),),
        table=Table(
            "Threads against serial, by Python and workload",
            ("Workload", "Threads", "Median time", "Speed-up", "95% interval", "n"),
            tuple(
                (label, tuple((item.subject, f"{item.workers:,}", *_times(item), _n(item)) for item in items))
                for label, items in measured.by_run(shown).items()
            ),
        ),
        form="intervals",
        series_are="python",
        categories_are="workload",
    )


def by_workload(study: Study) -> Figure | None:
    """Return the speed-up of each workload by kind, with a worker a core; None when nothing of it was measured."""
    everything = list(_cpu_work(study.runs))
    shown = [item for item in everything if item.estimate and _a_worker_a_core(item)]
    if not shown:
        return None
    told = study.found("threads", "processes", "interpreters")
    return Figure(
        anchor="workloads",
        heading=wording.cpu_heading(told) if told else "Speed-up of CPU work over serial",
        reading="Right of 1x is faster than a plain loop. A row a workload, a mark an executor with a worker a core.",
        method=f"{_METHOD}, {rounds(item.benchmark.rounds for item in shown)}.",
        x=axes.speed_up(measured.bounds(shown), _RATIO),
        y=axes.NAMES,
        groups=tuple(
            PanelGroup(label, (_rows(items, "A worker a core", by_run=False),), python=label)
            for label, items in measured.by_run(shown).items()
        ),
        table=Table(
            "Speed-up of CPU work over serial",
            (
                "Workload",
                "Executor",
                "Workers",
                "Median time",
                "Speed-up",
                "95% interval",
                "Efficiency",
                "GIL contention",
                "n",
            ),
            tuple(
                (label, tuple((*_named(item), *_times(item), *_derived(item), _n(item)) for item in items))
                for label, items in measured.by_run(_a_worker_a_core_or_serial(everything)).items()
            ),
            headers=3,
        ),
        form="intervals",
        categories_are="workload",
    )


def several_workers(study: Study) -> list[Measured]:
    """Return the speed-ups of workloads that were measured with more than one number of workers."""
    return [
        item
        for items in measured.by_run(_cpu_work(study.runs)).values()
        for held in measured.by_subject(items).values()
        if len({item.workers for item in held}) > 1
        for item in held
        if item.estimate
    ]


def by_workers(study: Study, found: Fits) -> Figure | None:
    """Return the speed-up against the number of workers, where more than one number was measured; else None."""
    shown = several_workers(study)
    if not shown:
        return None
    return Figure(
        anchor="speed-up",
        heading=_most_workers(study, shown),
        reading=(
            "Up is faster than a plain loop. The thin line is the ideal, a core's worth from each worker up to the "
            "usable cores, which the vertical line marks."
            + (
                " Dotted: the Universal Scalability Law fitted to what was measured up to the cores; beyond them it "
                "extrapolates."
                if found
                else ""
            )
        ),
        method=(
            f"{_METHOD}, {rounds(item.benchmark.rounds for item in shown)}."
            + (f" Fit: {FITTED}; the table of fits below has the intervals." if found else "")
        ),
        x=axes.workers(item.workers for item in shown),
        y=axes.speed_up(measured.bounds(shown), _RATIO),
        groups=measured.against_workers(shown, partial(_ideal_panel, found), units.faster),
        table=_speed_up_table("Speed-up of CPU work against the number of workers", "Workload", shown),
        dodge=True,
    )


def downloads(study: Study) -> Figure | None:
    """Return the speed-up of downloads by server and kind; None when nothing of the kind was measured."""
    everything = _beside_serial(study.runs, "download", "server")
    shown = [item for item in everything if item.estimate]
    if not shown:
        return None
    told = study.found("downloads")
    return Figure(
        anchor="downloads",
        heading=wording.heading(told[0]) if told else "Speed-up of downloads over one after the other",
        reading="Up is faster than one download after the other, 1x is no gain. Waiting overlaps, GIL or not.",
        method=f"{_METHOD}, {rounds(item.benchmark.rounds for item in shown)}.",
        x=axes.workers(item.workers for item in shown),
        y=axes.speed_up(measured.bounds(shown), _RATIO),
        groups=measured.against_workers(shown, _plain_panel, units.faster),
        table=_speed_up_table("Speed-up of downloads over one after the other", "Server", everything),
        dodge=True,
    )


def _cpu_work(runs: Iterable[Run]) -> list[Measured]:
    return _beside_serial(runs, "gil", "workload")


def _beside_serial(runs: Iterable[Run], suite: str, subject: str) -> list[Measured]:
    # What took turns with something else, such as another way to download, answers another question.
    return [
        item
        for item in measured.of_suite(runs, suite, subject, measured.speed_up_over_serial)
        if item.benchmark.reference is None or item.benchmark.reference.name == metrics.SERIAL
    ]


def _a_worker_a_core(item: Measured) -> bool:
    """Return whether as many workers ran as there are cores (two, where that is not known or less)."""
    return item.estimate is not None and item.workers == max(2, usable_cores(item.run) or 2)


def _a_worker_a_core_or_serial(items: list[Measured]) -> list[Measured]:
    """Return what the figure shows, and serial itself, with which it is compared."""
    return [item for item in items if _a_worker_a_core(item) or item.kind == metrics.SERIAL]


def _rows(items: list[Measured], title: str, *, by_run: bool) -> Panel:
    points = tuple(
        Point(
            item.run.label if by_run else item.kind,
            estimate.value,
            0.0,
            estimate.interval.low if estimate.interval else None,
            estimate.interval.high if estimate.interval else None,
            item.tip(item.subject, units.faster),
            item.subject,
        )
        for item in items
        if (estimate := item.estimate)
    )
    return Panel(title, points, level=1.0)


def _ideal_panel(found: Fits, title: str, held: list[Measured], points: tuple[Point, ...]) -> Panel:
    cores = usable_cores(held[0].run)
    most = max(point.x for point in points)
    if not cores:
        return Panel(title, points, level=1.0, subject=title)
    label = held[0].run.label
    curves = tuple(
        scaling.curve(kind, fit)
        for kind in dict.fromkeys(item.kind for item in held)
        if (fit := found.get((label, title, kind)))
    )
    line = tuple(sorted({(1.0, 1.0), (float(min(cores, most)),) * 2, (most, float(min(cores, most)))}))
    return Panel(
        title,
        points,
        line,
        (float(cores), f"{cores:,} core{'s' if cores > 1 else ''}"),
        level=1.0,
        curves=curves,
        subject=title,
    )


def _plain_panel(title: str, held: list[Measured], points: tuple[Point, ...]) -> Panel:
    del held
    return Panel(title, points, level=1.0, subject=title)


def _chosen(shown: list[Measured]) -> tuple[str, list[Measured]]:
    """Return the words for the workload that a heading speaks of, chosen beforehand, and its measurements."""
    subjects = measured.by_subject(shown)
    name = next((name for name in scaling.CHOSEN if name in subjects), next(iter(subjects)))
    return wording.opening(name), subjects[name]


def _most_workers(study: Study, shown: list[Measured]) -> str:
    """Say what a workload gained from the most workers, kind by kind."""
    subject, held = _chosen(shown)
    own = study.own(held)
    most = max(item.workers for item in own)
    said = ", ".join(
        f"{item.kind} {units.faster(item.estimate.value)}" for item in own if item.workers == most and item.estimate
    )
    return f"{subject} with {most:,} workers on {own[0].run.label}, against serial: {said}"


def _speed_up_table(caption: str, subject: str, shown: Iterable[Measured]) -> Table:
    return Table(
        caption,
        (subject, "Executor", "Workers", "Median time", "Speed-up", "95% interval", "n"),
        tuple(
            (label, tuple((*_named(item), *_times(item), _n(item)) for item in items))
            for label, items in measured.by_run(shown).items()
        ),
        headers=3,
    )


def _named(item: Measured) -> tuple[str, ...]:
    return (item.subject, item.kind, f"{item.workers:,}")


def _times(item: Measured) -> tuple[str, ...]:
    return measured.time_cells(item, units.faster)


def _derived(item: Measured) -> tuple[str, str]:
    efficiency = wording.derived(metrics.parallel_efficiency(item.benchmark), units.number)
    contention = metrics.gil_contention(item.benchmark, usable_cores(item.run))
    if isinstance(contention, Missing):
        return efficiency, contention.reason if item.kind == "thread" else wording.NONE
    return efficiency, units.number(contention.value)


def _n(item: Measured) -> str:
    return measured.rounds_cell(item)
