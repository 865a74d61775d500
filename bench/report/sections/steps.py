"""Where does the time go? The ten steps of a task in a pool, stacked, and what is left over."""

import numpy as np

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.report import axes, wording
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table
from bench.report.section import Section, Study, not_measured, rounds

_Held = tuple[Run, Benchmark]


def section(study: Study) -> Section:
    """Return the section on the steps."""
    held = [(run, item) for run in study.runs for item in run.suite("pipeline") if item.breakdown and item.text("kind")]
    told = study.found("steps")
    return Section(
        "steps",
        "Where does the time go?",
        wording.sentence(told[0]) if told else None,
        (_figure(study, held),) if held else (),
        absent=() if held else (not_measured("The ten steps of a task", "pipeline"),),
    )


def _figure(study: Study, held: list[_Held]) -> Figure:
    names = tuple(dict.fromkeys(name for _, item in held if item.breakdown for name in item.breakdown.names))
    labels = {name: _label(name, place) for place, name in enumerate(names, 1)}
    groups = []
    for run in dict.fromkeys(run.label for run, _ in held):
        own = [item for owner, item in held if owner.label == run]
        keys = dict.fromkeys((item.text("kind") or "", item.text("measurement") or "tasks") for item in own)
        panels = tuple(_panel(kind, what, own, labels) for kind, what in keys)
        groups.append(PanelGroup(run, panels, python=run))
    return Figure(
        anchor="ten-steps",
        heading=_heading(study, held, labels),
        reading=(
            "Each bar is one task from end to end, its steps from the first at the bottom to what is left over at the "
            "top; above it, what the whole takes. The first task of a new worker also starts it and imports its module."
        ),
        method=(
            "Mean of each step over the tasks / mean of the whole, so that the parts add up; in the table each step's "
            "share of a task's time, the mean of the visits' medians with its 95% interval by visits (Student's t); of "
            "tasks whose visits are not told apart, the median, with one by order statistics. "
            f"{rounds((_tasks(item) for _, item in held), 'task')} taken apart."
        ),
        x=axes.labelled("payload"),
        y=axes.shares("share of the task's time"),
        groups=tuple(groups),
        table=Table(
            "Steps of a task",
            ("Executor", "Task", "Payload", "Step", "Mean time", "Median share", "95% interval", "n"),
            tuple(
                (run, tuple(row for owner, item in held if owner.label == run for row in _rows(item, labels)))
                for run in dict.fromkeys(run.label for run, _ in held)
            ),
            headers=4,
        ),
        form="stack",
        series_are="other",
    )


def _label(name: str, place: int) -> str:
    return f"{place} {name}"


def _tasks(item: Benchmark) -> int:
    return len(item.breakdown.rows_s) if item.breakdown else 0


def _means(item: Benchmark) -> dict[str, float]:
    """Return the mean seconds of each part; what a clock's grain made negative counts as none."""
    if item.breakdown is None:
        return {}
    means = np.asarray(item.breakdown.rows_s).mean(axis=0)
    return {name: max(0.0, float(mean)) for name, mean in zip(item.breakdown.names, means, strict=True)}


def _size(item: Benchmark) -> str:
    return units.size(item.integer("size_bytes") or 0)


def _panel(kind: str, what: str, own: list[Benchmark], labels: dict[str, str]) -> Panel:
    items = [item for item in own if (item.text("kind"), item.text("measurement") or "tasks") == (kind, what)]
    items.sort(key=lambda item: item.integer("size_bytes") or 0)
    points, totals = [], []
    for item in items:
        means = _means(item)
        whole = sum(means.values())
        if whole <= 0:
            continue
        totals.append((_size(item), units.seconds(whole)))
        points += [
            Point(
                labels[name],
                0.0,
                mean / whole,
                tip=f"{_size(item)}: {units.seconds(mean)}, {mean / whole:.1%} of {units.seconds(whole)}",
                category=_size(item),
            )
            for name, mean in means.items()
        ]
    return Panel(f"{kind}: {what}", tuple(points), totals=tuple(totals))


def _heading(study: Study, held: list[_Held], labels: dict[str, str]) -> str:
    """Say which step takes most of a later task of the largest payload."""
    spoken_of = study.spoken_of(run for run, _ in held)
    own = [item for run, item in held if run is spoken_of]
    later = [item for item in own if item.text("measurement") != "first task"] or own
    process = [item for item in later if (item.text("kind") or "").startswith("process")] or later
    item = max(process, key=lambda item: item.integer("size_bytes") or 0)
    means = _means(item)
    name = max(means, key=lambda name: means[name])
    share = means[name] / sum(means.values()) if sum(means.values()) > 0 else 0.0
    return (
        f"Of a {item.text('measurement') or 'task'} sending {_size(item)} through {item.text('kind')} and back, step "
        f"{labels[name]} takes most: {share:.0%} of {units.seconds(sum(means.values()))}"
    )


def _rows(item: Benchmark, labels: dict[str, str]) -> list[tuple[str, ...]]:
    means, found = _means(item), metrics.shares(item)
    rows: list[tuple[str, ...]] = []
    for name, mean in means.items():
        share = found[name]
        cells = (
            (wording.NONE, share.reason, wording.NONE)
            if isinstance(share, Missing)
            else (_percent(share.value), wording.interval(share, _percent), f"{share.n:,}")
        )
        what = item.text("measurement") or "tasks"
        rows.append((item.text("kind") or "", what, _size(item), labels[name], units.seconds(mean), *cells))
    return rows


def _percent(share: float) -> str:
    return f"{share:.1%}"
