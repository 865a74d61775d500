"""The full table: one row a benchmark and run, each with an anchor that stays the same when a page is made again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.instrument import metrics, units
from bench.instrument.records import Benchmark, Run, Scalar
from bench.instrument.statistics import Estimate
from bench.report import wording

if TYPE_CHECKING:
    from bench.report.document import Report

COLUMNS = ("Python", "Benchmark", "Parameters", "Least", "Median", "Against its reference", "95% interval", "Rounds")


@dataclass(frozen=True, slots=True)
class Row:
    """One result, in figures and, for the page, in words."""

    run: Run
    benchmark: Benchmark
    speed_up: Estimate | None

    @property
    def anchor(self) -> str:
        """Return an id for this row, made of run and benchmark names but free of what names may hold."""
        return anchor(self.run, self.benchmark)

    @property
    def ratio(self) -> tuple[float | None, float | None, float | None]:
        """Return the speed-up and the ends of its interval to six digits, which is finer than any interval."""
        ratio = self.speed_up
        interval = ratio.interval if ratio else None
        return (
            _short(ratio.value if ratio else None),
            _short(interval.low if interval else None),
            _short(interval.high if interval else None),
        )

    @property
    def parameters(self) -> str:
        """Return the parameters as text: kind = thread, workers = 2."""
        return ", ".join(f"{name} = {_text(value)}" for name, value in self.benchmark.parameters.items())

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the figures after name and parameters, as text, in the order of COLUMNS."""
        ratio = self.speed_up
        reference = self.benchmark.reference
        return (
            units.seconds(self.benchmark.min_s),
            units.seconds(self.benchmark.median_s),
            f"{units.faster(ratio.value)} than {reference.name}" if ratio and reference else wording.NONE,
            wording.interval(ratio, units.faster) if ratio else wording.NONE,
            f"{self.benchmark.rounds:,} \N{MULTIPLICATION SIGN} {self.benchmark.iterations:,}",
        )


def rows(runs: Iterable[Run]) -> tuple[Row, ...]:
    """Return every result of every run, in the order of the files."""
    return tuple(_row(run, benchmark) for run in runs for benchmark in run.benchmarks)


def foremost(report: "Report", most: int) -> tuple[Row, ...]:
    """Return all rows if they are few, else the first ones and those that findings speak of."""
    if len(report.rows) <= most:
        return report.rows
    cited = {(finding.run.label, finding.benchmark.fullname) for finding in (*report.findings, *report.others)}
    return tuple(
        row for place, row in enumerate(report.rows) if place < most or (row.run.label, row.benchmark.fullname) in cited
    )


def anchor(run: Run, benchmark: Benchmark) -> str:
    """Return the id of a benchmark's row."""
    named = f"{run.label}\n{benchmark.fullname}".encode()
    return f"row-{hashlib.blake2s(named, digest_size=6).hexdigest()}"


def _row(run: Run, benchmark: Benchmark) -> Row:
    ratio = metrics.speed_up(benchmark)
    return Row(run, benchmark, ratio if isinstance(ratio, Estimate) else None)


def _text(value: Scalar) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
