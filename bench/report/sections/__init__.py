"""The page's questions, in reading order, one module a question."""

from collections.abc import Callable

from bench.report.section import Section, Study
from bench.report.sections import distributions, pythons, sending, sharing, starting, steps, threads

SECTIONS: tuple[Callable[[Study], Section], ...] = (
    threads.section,
    sending.section,
    steps.section,
    starting.section,
    pythons.section,
    sharing.section,
    distributions.section,
)
