"""The figure of threads that are released together: what each loses to the others, and to an object that they share."""

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import INTERVALS, PAIRED_RATIO, Estimate
from bench.report import axes, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.section import Study, rounds

_Held = tuple[Run, Benchmark, str, Estimate]


def figure(study: Study) -> Figure | None:
    """Return how much longer a thread's work takes beside others, a row a workload or shared object, a mark a Python.

    1x is no loss; with as many threads as cores, the number of threads is one at a time. None when not measured.
    """
    held = [
        (run, item, name, ratio.map(lambda value: 1 / value))
        for run in study.runs
        for item in run.suite("gil")
        if (name := _name(item)) and not isinstance(ratio := metrics.speed_up(item), Missing)
    ]
    if not held:
        return None
    labels = tuple(dict.fromkeys(run.label for run, *_ in held))
    spoken_of = study.spoken_of(run for run, *_ in held)
    _, first, what, loss = next(row for row in held if row[0] is spoken_of)
    against = first.reference.name if first.reference else wording.NONE
    return Figure(
        anchor="together",
        heading=(
            f"{what} on {spoken_of.label}: {units.slower(loss.value)} for each of {first.integer('workers') or 0:,} "
            f"threads that start together than for {against}"
        ),
        reading=(
            "Right of 1x, a thread takes longer beside others: at the number of threads they run one at a time, beyond "
            "it they hinder each other. The lower rows share one object, against an object each."
        ),
        method=(
            f"{wording.capitalised(PAIRED_RATIO)}; one thread alone, or threads with an object each, took turns. "
            f"Bars: {INTERVALS}, {rounds(item.rounds for _, item, *_ in held)}."
        ),
        x=axes.slowdown(_bounds(held), "time beside others / time alone"),
        y=axes.NAMES,
        groups=(PanelGroup("", (Panel("Threads released together", tuple(map(_point, held)), level=1.0),)),),
        table=Table(
            "Threads released together",
            ("What they do", "Threads", "Against", "Time against it", "95% interval", "n"),
            tuple((label, tuple(_row(row) for row in held if row[0].label == label)) for label in labels),
        ),
        form="intervals",
        series_are="python",
    )


def _name(item: Benchmark) -> str | None:
    """Return what the threads do, for a benchmark of threads that are released together; None for another."""
    if contended := item.text("contended"):
        return f"shared: {contended}"
    return item.text("workload") if item.text("scaling") == "worker" else None


def _bounds(held: list[_Held]) -> list[float]:
    estimates = [estimate for *_, estimate in held]
    ends = [end for item in estimates if item.interval for end in (item.interval.low, item.interval.high)]
    return [item.value for item in estimates] + ends


def _point(row: _Held) -> Point:
    run, item, name, ratio = row
    interval = ratio.interval
    threads = item.integer("workers") or 0
    tip = f"{name}, {threads:,} threads: {units.slower(ratio.value)} {wording.interval(ratio, units.slower)}"
    return Point(
        run.label,
        ratio.value,
        0.0,
        interval.low if interval else None,
        interval.high if interval else None,
        tip,
        name,
    )


def _row(row: _Held) -> tuple[str, ...]:
    _, item, name, ratio = row
    return (
        name,
        f"{item.integer('workers') or 0:,}",
        item.reference.name if item.reference else wording.NONE,
        units.slower(ratio.value),
        wording.interval(ratio, units.slower),
        f"{item.rounds:,}",
    )
