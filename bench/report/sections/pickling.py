"""Figures of pickling alone, nothing sent."""

from bench.instrument import metrics, units
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import INTERVALS, MEDIAN
from bench.report import axes, wording
from bench.report.figures import Figure, PanelGroup, Table
from bench.report.section import Study, rounds
from bench.report.sections.by_payload import ends, panels, points

_METHOD = f"{wording.capitalised(MEDIAN)}. Bars: {INTERVALS}"


def pickling(study: Study) -> Figure | None:
    """Return the time of pickling alone by payload size, a line a direction and protocol; None when not measured."""
    groups, tables, items = [], [], []
    for run in study.runs:
        held = [item for item in run.suite("serialization") if _direction(item) and item.text("payload")]
        items += held
        of_run = panels(held, _direction, metrics.median, units.seconds)
        if of_run:
            groups.append(PanelGroup(run.label, of_run, python=run.label))
            tables.append((run.label, tuple(_pickle_row(item) for item in held)))
    if not groups:
        return None
    shown = points(groups)
    return Figure(
        anchor="pickling",
        heading=_pickling_heading(study.lead),
        reading="Down is better. What pickle takes of it in the parent's own process, nothing sent.",
        method=f"{_METHOD}, {rounds(item.rounds for item in items)}.",
        x=axes.payload_bytes(point.x for point in shown),
        y=axes.time(ends(shown), "time to pickle or unpickle"),
        groups=tuple(groups),
        table=Table(
            "Pickling by payload, size and protocol",
            ("Payload", "Size", "What", "Median time", "95% interval", "Pickled", "n"),
            tuple(tables),
            headers=3,
        ),
        series_are="other",
    )


def _direction(item: Benchmark) -> str | None:
    """Name what a benchmark of pickling does: dumps, protocol 5; None for another benchmark."""
    what, protocol = item.text("measurement"), item.integer("protocol")
    if what not in {"dumps", "loads"} or protocol is None or (item.integer("size_bytes") or 0) < 1:
        return None
    return f"{what}, {'out of band' if item.parameters.get('out_of_band') else f'protocol {protocol}'}"


def _pickling_heading(run: Run) -> str:
    """Say what the largest bytes payload takes in band and out of it, on one run; plain words where not measured."""
    held = [
        item
        for item in run.suite("serialization")
        if _direction(item) and item.text("measurement") == "dumps" and item.text("payload") == "array"
    ]
    if not held:
        return "Time to pickle and unpickle, by payload size"
    most = max(item.integer("size_bytes") or 0 for item in held)
    said = ", ".join(
        f"{units.seconds(metrics.median(item).value)} by {(_direction(item) or '').partition(', ')[2]}"
        for item in held
        if item.integer("size_bytes") == most
    )
    return f"Pickling {units.size(most)} of array takes {said}"


def _pickle_row(item: Benchmark) -> tuple[str, ...]:
    time = metrics.median(item)
    pickled = item.integer("pickled_bytes")
    return (
        item.text("payload") or "",
        units.size(item.integer("size_bytes") or 0),
        _direction(item) or "",
        units.seconds(time.value),
        wording.interval(time, units.seconds),
        wording.NONE if pickled is None else units.size(pickled),
        f"{item.rounds:,}",
    )
