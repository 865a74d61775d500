"""What does starting cost, and how short may a task be? Cold starts and dispatch."""

from bench.report import wording
from bench.report.section import Section, Study, drawn, not_measured
from bench.report.sections import dispatch, starts


def section(study: Study) -> Section:
    """Return the section on starting and dispatch."""
    told = study.found("starting")
    figures = drawn(
        [starts.figure(study), starts.imports(study), dispatch.figure(study), dispatch.shortest_task(study)]
    )
    held = {figure.anchor for figure in figures}
    absent = [
        ("cold-starts", "Cold starts", "startup"),
        ("imports", "What an import adds to a start", "startup"),
        ("dispatch", "What handing over a task costs", "dispatch"),
        ("shortest-task", "The shortest task that keeps a pool half busy, METG(50%)", "dispatch"),
    ]
    return Section(
        "starting",
        "What does starting cost, and how short may a task be?",
        wording.sentence(told[0]) if told else None,
        figures,
        absent=tuple(not_measured(what, suite) for anchor, what, suite in absent if anchor not in held),
    )
