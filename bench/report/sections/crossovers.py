"""The table of crossovers: how large a payload may be before a pool of processes or interpreters no longer pays."""

from bench.instrument import metrics, units
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.report.figures import Table, TableOnly
from bench.report.findings import usable_cores
from bench.report.section import Study
from bench.report.sections.costs import is_round_trip

TASKS_S = (1e-4, 1e-3, 1e-2, 1e-1)
SPOKEN_OF_S = 1e-2
"""The task time that the heading speaks of, chosen beforehand."""


def table(study: Study) -> TableOnly | None:
    """Return the payload size at which a pool stops to pay, by executor and task time; None when not measured."""
    groups = tuple((run.label, rows) for run in study.runs if (rows := _rows(run)))
    if not groups:
        return None
    return TableOnly(
        "crossovers",
        _heading(groups),
        "The largest payload with which a pool of a worker a core still beats a plain loop, by how long a task takes; "
        "between the two sizes lies the crossover. A model from the round trips above: payloads move one after the "
        "other, and each task runs on a core of its own.",
        Table(
            "Crossovers by payload, executor and task time",
            ("Payload", "Executor", *(f"{units.round_seconds(task_s)} task" for task_s in TASKS_S)),
            groups,
            headers=2,
        ),
    )


def _heading(groups: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]) -> str:
    label, rows = groups[-1]
    row = next((row for row in rows if row[0] == "bytes" and row[1].startswith("process")), rows[0])
    crossing = row[2 + TASKS_S.index(SPOKEN_OF_S)]
    task = units.round_seconds(SPOKEN_OF_S)
    return f"A {task} task through {row[1]} pays on {label} up to a payload ({row[0]}) of: {crossing}"


def _rows(run: Run) -> tuple[tuple[str, ...], ...]:
    trips = [item for item in run.suite("serialization") if is_round_trip(item)]
    lines: dict[tuple[str, str], list[Benchmark]] = {}
    for item in trips:
        lines.setdefault((item.text("payload") or "", item.text("kind") or ""), []).append(item)
    return tuple(
        (*line, *(_crossing(held, usable_cores(run), task_s) for task_s in TASKS_S)) for line, held in lines.items()
    )


def _crossing(held: list[Benchmark], workers: int | None, task_s: float) -> str:
    """Return the largest measured size that pays, and the next one, which does not; what lies between is not known."""
    pays: dict[int, bool] = {}
    for item in held:
        task = metrics.break_even_task(item, workers)
        if isinstance(task, Missing):
            return task.reason
        pays[item.integer("size_bytes") or 0] = task.value <= task_s
    sizes = sorted(pays)
    lost = next((index for index, size in enumerate(sizes) if not pays[size]), len(sizes))
    if lost == 0:
        return f"below {units.size(sizes[0])}"
    if lost == len(sizes):
        return f"{units.size(sizes[-1])} or more"
    return f"{units.size(sizes[lost - 1])} to {units.size(sizes[lost])}"
