"""What a section is: a question, its answer in a sentence, and the figures that it rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.instrument.records import Run
from bench.report.comparison import Comparison
from bench.report.figures import Figure, TableOnly
from bench.report.findings import Finding, Topic
from bench.report.measured import Measured


@dataclass(frozen=True, slots=True)
class Study:
    """All that sections are made of: the runs, the one that findings speak of, and what was found in it."""

    runs: tuple[Run, ...]
    lead: Run
    findings: tuple[Finding, ...]
    sides: tuple[Comparison, ...] = ()

    def found(self, *topics: Topic) -> list[Finding]:
        """Return the findings on these topics, in the order of the findings."""
        return [finding for finding in self.findings if finding.topic in topics]

    def spoken_of(self, runs: Iterable[Run]) -> Run:
        """Return the run that a heading speaks of: the lead where it is one of these, else the last of them."""
        held = tuple(runs)
        return self.lead if any(run is self.lead for run in held) else held[-1]

    def own(self, items: Sequence[Measured]) -> list[Measured]:
        """Return those of the run that a heading speaks of."""
        spoken_of = self.spoken_of(item.run for item in items)
        return [item for item in items if item.run is spoken_of]


@dataclass(frozen=True, slots=True)
class Section:
    """One question. `absent` says what was not measured, and the command that would; it stands beside what was.

    `folded` says what is behind a fold, where all the figures are.
    """

    anchor: str
    question: str
    answer: str | None
    figures: tuple[Figure, ...]
    tables: tuple[TableOnly, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    folded: str | None = None


def not_measured(what: str, suite: str) -> tuple[str, str]:
    """Return what no file holds, and the command that would measure it."""
    return what, f"tox -e bench -- -k {suite}"


def drawn(figures: Iterable[Figure | None]) -> tuple[Figure, ...]:
    """Return the figures that there are."""
    return tuple(figure for figure in figures if figure is not None)


def rounds(counts: Iterable[int], one: str = "round") -> str:
    """Name the n of a figure: n = 10 rounds, n = 6 to 120 rounds; of tasks where `one` is a task."""
    held = tuple(counts)
    low, high = min(held), max(held)
    return f"n = {low:,} {one}{'' if high == 1 else 's'}" if low == high else f"n = {low:,} to {high:,} {one}s"
