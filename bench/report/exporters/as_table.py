"""Runs beside each other as a table, for a terminal or as Markdown, and as CSV."""

import csv
import io
from collections.abc import Callable

from tabulate import tabulate

from bench.instrument import pilot, units
from bench.instrument.metrics import Derived, Missing
from bench.instrument.statistics import Estimate
from bench.report import versions, wording
from bench.report.exporters.as_csv import safe
from bench.report.exporters.as_markdown import escaped
from bench.report.side_by_side import Cell, SideBySide, band, missing_one


def render(table: SideBySide, style: str) -> str:
    """Return the whole table in one of tabulate's styles, with what has to be known to read it."""
    base, *others = table.runs
    columns = ["Benchmark", base.label, *(column for run in others for column in (run.label, f"against {base.label}"))]
    rows = [
        [line.name.removeprefix("bench/"), *(text for at, cell in enumerate(line.cells) for text in _texts(cell, at))]
        for line in table.lines
    ]
    escape = escaped if style == "github" else wording.printable
    safe = [[escape(text) for text in row] for row in rows]
    parts = [tabulate(safe, headers=list(map(escape, columns)), tablefmt=style, disable_numparse=True)]
    parts.append(_versions(table, style))
    parts += _notes(table)
    for apart in table.apart:
        told = "; ".join(f"{one.name} {one.base} there, {one.other} here" for one in apart.differences)
        own = [
            [escape(item.fullname.removeprefix("bench/")), units.seconds(item.median_s)]
            for item in apart.run.benchmarks
        ]
        parts.append(f"{escape(apart.run.label)} cannot be compared with {escape(base.label)}: {escape(told)}.")
        parts.append(
            tabulate(own, headers=["Benchmark", escape(apart.run.label)], tablefmt=style, disable_numparse=True)
        )
    return "\n\n".join(parts) + "\n"


def _versions(table: SideBySide, style: str) -> str:
    """Return what threads did on each Python; a figure that is missing has its reason."""
    rows = [
        [
            wording.printable(run.label),
            *(_or_reason(versions.contention(run, workload), units.number) for workload in versions.TOGETHER),
            _or_reason(versions.tax(run, table.runs), units.times),
            _share(versions.within(run, pilot.STUDY.width)),
        ]
        for run in table.runs
    ]
    columns = ["Python", *(f"contention, {workload}" for workload in versions.TOGETHER), "free-threading tax"]
    columns.append(f"intervals within {pilot.STUDY.width:.0%}")
    escaped_rows = [[escaped(text) for text in row] for row in rows] if style == "github" else rows
    return tabulate(escaped_rows, headers=columns, tablefmt=style, disable_numparse=True)


def _share(counts: tuple[int, int]) -> str:
    return f"{counts[0]:,} of {counts[1]:,}"


def _or_reason(figure: Derived, write: Callable[[float], str]) -> str:
    if isinstance(figure, Missing):
        return figure.reason
    return f"{write(figure.value)} {wording.interval(figure, write)}"


def _texts(cell: Cell, at: int) -> list[str]:
    time = units.seconds(cell.time.value) if cell.time else wording.NONE
    if at == 0:
        return [time]
    if cell.ratio is None:
        return [time, cell.why]
    said = f"{units.faster(cell.ratio.value)} {wording.interval(cell.ratio, units.faster)}"
    return [time, said if cell.verdict != "not decided" else f"{said}, not decided"]


def _notes(table: SideBySide) -> list[str]:
    notes = []
    for at, (run, found) in enumerate(zip(table.runs[1:], table.drifts[1:], strict=True), 1):
        cells = [line.cells[at] for line in table.lines]
        missed, ratios = missing_one(cell.ratio for cell in cells)
        missed_paired, paired = missing_one(cell.paired for cell in cells)
        decided = sum(cell.verdict in {"faster", "slower"} for cell in cells)
        noise = band(table.drifts[0], found)
        known = (
            f"the same serial work, timed again and again within each, puts that at {units.times(noise)}: a ratio "
            "nearer to 1 is not decided"
            if noise is not None
            else "neither tells how much that was, so none of these ratios is decided"
        )
        notes.append(
            f"{table.runs[0].label} and {run.label} were measured one after the other, not side by side. The interval "
            f"knows only the rounds of each, not what the machine did between them; {known}. Only rounds taken in turn "
            "(python -m bench lockstep) decide small differences."
        )
        notes.append(
            f"Of {ratios:,} ratios of times {missed:,} have intervals that miss 1, and {decided:,} are decided; of "
            f"{paired:,} ratios of what each run measured against its own reference in turn, {missed_paired:,} do. Of "
            "two runs of the same code about one in twenty would, if intervals knew all."
        )
    notes += [
        f"{apart.run.label} is compared by --force, though it differs in "
        f"{', '.join(difference.name for difference in apart.differences)}."
        for apart in table.forced
    ]
    return notes


def render_csv(table: SideBySide) -> str:
    """Return a row for each benchmark and run; those apart have no ratio, and why."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["benchmark", "python", "median_s", "low_s", "high_s", "speed_up", "speed_up_low", "speed_up_high",
                     "verdict", "why"])  # fmt: skip
    for line in table.lines:
        for run, cell in zip(table.runs, line.cells, strict=True):
            figures = [value for estimate in (cell.time, cell.ratio) for value in _figures(estimate)]
            writer.writerow(map(safe, [line.name, run.label, *figures, cell.verdict, cell.why]))
    for apart in table.apart:
        why = ", ".join(difference.name for difference in apart.differences)
        for item in apart.run.benchmarks:
            row = [item.fullname, apart.run.label, item.median_s, *[None] * 5, "no ratio", f"differs in {why}"]
            writer.writerow(map(safe, row))
    return text.getvalue()


def _figures(estimate: Estimate | None) -> list[float | None]:
    if estimate is None:
        return [None, None, None]
    interval = estimate.interval
    return [estimate.value, interval.low if interval else None, interval.high if interval else None]
