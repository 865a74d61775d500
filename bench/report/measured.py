"""What the figures are made of: benchmarks of a suite, each with its run, its kind, its workers and an estimate."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bench.instrument import metrics, units
from bench.instrument.metrics import Derived, Missing
from bench.instrument.records import Benchmark, Run
from bench.instrument.statistics import Estimate
from bench.report import wording
from bench.report.claims import Write
from bench.report.figures import Panel, PanelGroup, Point


@dataclass(frozen=True, slots=True)
class Measured:
    """One benchmark as a figure shows it: `subject` is what it is about, such as a workload or a payload."""

    run: Run
    benchmark: Benchmark
    subject: str
    kind: str
    workers: int
    figure: Derived

    @property
    def estimate(self) -> Estimate | None:
        """Return the estimate to draw, or None where there is none and the table says why."""
        return None if isinstance(self.figure, Missing) else self.figure

    def tip(self, of: str, write: Write) -> str:
        """Say what a mark is of and stands for: 2 workers: 1.86x faster [1.80x faster, 1.91x faster], n = 12."""
        if self.estimate is None:
            return ""
        return f"{of}: {write(self.estimate.value)} {wording.interval(self.estimate, write)}, n = {self.estimate.n:,}"


def of_suite(
    runs: Iterable[Run], suite: str, subject: str, derive: Callable[[Benchmark], Derived]
) -> Iterator[Measured]:
    """Yield what a suite measured on a subject by an executor kind, in the order of the files.

    A benchmark that lacks one of the parameters is passed over: the table of all results has it.
    """
    for run in runs:
        for item in run.suite(suite):
            name, kind = item.text(subject), item.text("kind")
            workers = item.integer("workers")
            if item.text("measurement") is not None:
                continue  # another question of the suite
            if name is not None and kind is not None and workers is not None and workers >= 1:
                yield Measured(run, item, name, kind, workers, derive(item))


def speed_up_over_serial(item: Benchmark) -> Derived:
    """Return the speed-up over serial, which took turns."""
    return metrics.speed_up(item, metrics.SERIAL)


def bounds(drawn: Iterable[Measured]) -> list[float]:
    """Return the values of estimates and the ends of their intervals: what an axis has to hold."""
    values: list[float] = []
    for estimate in (item.estimate for item in drawn):
        if estimate:
            values.append(estimate.value)
            values += [estimate.interval.low, estimate.interval.high] if estimate.interval else []
    return values


def by_run(items: Iterable[Measured]) -> dict[str, list[Measured]]:
    """Group by run, in order."""
    groups: dict[str, list[Measured]] = {}
    for item in items:
        groups.setdefault(item.run.label, []).append(item)
    return groups


def by_subject(items: Iterable[Measured]) -> dict[str, list[Measured]]:
    """Group by subject, in order."""
    groups: dict[str, list[Measured]] = {}
    for item in items:
        groups.setdefault(item.subject, []).append(item)
    return groups


def against_workers(
    drawn: Iterable[Measured], panel: Callable[[str, list[Measured], tuple[Point, ...]], Panel], write: Write
) -> tuple[PanelGroup, ...]:
    """Return a group a run and a panel a subject, a series a kind, against the number of workers."""
    return tuple(
        PanelGroup(
            label,
            tuple(
                panel(
                    subject,
                    held,
                    tuple(
                        Point.of(item.kind, item.workers, item.estimate, item.tip(_workers(item), write))
                        for item in held
                        if item.estimate
                    ),
                )
                for subject, held in by_subject(items).items()
            ),
            python=label,
        )
        for label, items in by_run(drawn).items()
    )


def _workers(item: Measured) -> str:
    return f"{item.workers:,} worker{'' if item.workers == 1 else 's'}"


def time_cells(item: Measured, write: Write) -> tuple[str, ...]:
    """Return median time, the derived figure and its interval (or the reason why there is none), for a table."""
    time = units.seconds(item.benchmark.median_s)
    if isinstance(item.figure, Missing):
        return (time, wording.NONE, item.figure.reason)
    return (time, write(item.figure.value), wording.interval(item.figure, write))


def rounds_cell(item: Measured) -> str:
    """Return the number of rounds, for a table."""
    return f"{item.benchmark.rounds:,}"
