"""The table of crossovers: how large a payload may be before a pool of processes or interpreters no longer pays."""

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.report import wording
from bench.report.figures import Table, TableOnly
from bench.report.findings import STANDING_PROCESS, usable_cores
from bench.report.section import Study
from bench.report.sections.costs import BREAK_EVEN_S, is_round_trip

TASKS_S = (1e-4, 1e-3, 1e-2, 1e-1)


def table(study: Study) -> TableOnly | None:
    """Return the payload size at which a pool stops to pay, by executor and task time; None when not measured."""
    found = [(run, rows) for run in study.runs if (rows := _rows(run))]
    if not found:
        return None
    spoken_of = study.spoken_of(run for run, _ in found)
    return TableOnly(
        "crossovers",
        _heading(spoken_of.label, next(rows for run, rows in found if run is spoken_of)),
        "The payload up to which a pool of a worker a core beats a plain loop, by how long a task takes: a model from "
        "the round trips above, whose payloads move one after the other, each task on a core of its own. Interpolated "
        "between the sizes that were measured; in brackets the 95% interval.",
        Table(
            "Crossovers by payload, executor and task time",
            ("Payload", "Executor", *(f"{units.round_seconds(task_s)} task" for task_s in TASKS_S)),
            tuple((run.label, rows) for run, rows in found),
            headers=2,
        ),
    )


def _heading(label: str, rows: tuple[tuple[str, ...], ...]) -> str:
    held = [row for row in rows if row[0] == "bytes" and row[1].startswith("process")] or [rows[0]]
    row = next((row for row in held if row[1] == STANDING_PROCESS), held[0])
    crossing = row[2 + TASKS_S.index(BREAK_EVEN_S)].partition(" [")[0]
    task = f"a {units.round_seconds(BREAK_EVEN_S)} task"
    return f"How large a payload of {row[0]} {task} may send through {row[1]} on {label}: {crossing}"


def _rows(run: Run) -> tuple[tuple[str, ...], ...]:
    lines: dict[tuple[str, str], list[Benchmark]] = {}
    for item in run.suite("serialization"):
        if is_round_trip(item):
            lines.setdefault((item.text("payload") or "", item.text("kind") or ""), []).append(item)
    return tuple(
        (*line, *(_crossing(held, usable_cores(run), task_s) for task_s in TASKS_S)) for line, held in lines.items()
    )


def _crossing(held: list[Benchmark], workers: int | None, task_s: float) -> str:
    size = metrics.break_even_payload(held, task_s, workers)
    if isinstance(size, Missing):
        return _beyond(held, workers, task_s) or size.reason
    interval = f" {wording.interval(size, units.size)}" if size.interval else ""
    return f"{units.size(round(size.value))}{interval}"


def _beyond(held: list[Benchmark], workers: int | None, task_s: float) -> str | None:
    """Say on which side of the sizes that were measured the crossover lies; None where that is not the reason."""
    ordered = sorted(held, key=lambda item: item.integer("size_bytes") or 0)
    ends = [metrics.break_even_task(item, workers) for item in (ordered[0], ordered[-1])]
    sizes = [units.size(item.integer("size_bytes") or 0) for item in (ordered[0], ordered[-1])]
    least, most = ends
    if not isinstance(least, Missing) and least.value > task_s:
        return f"below {sizes[0]}"
    if not isinstance(most, Missing) and most.value <= task_s:
        return f"above {sizes[1]}"
    return None
