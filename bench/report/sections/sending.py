"""What does sending data cost? Round trips by payload size and executor, with what memory itself allows beside."""

from bench.report import wording
from bench.report.section import Section, Study, drawn, not_measured
from bench.report.sections import costs, crossovers, pickling


def section(study: Study) -> Section:
    """Return the section on sending."""
    told = study.found("sending")
    figures = drawn([costs.times(study), costs.bandwidths(study), pickling.pickling(study)])
    tables = crossovers.table(study)
    absent = [] if figures else [not_measured("Round trips of payloads", "serialization")]
    return Section(
        "sending",
        "What does sending data cost?",
        wording.sentence(told[0]) if told else None,
        figures,
        tables=(tables,) if tables else (),
        absent=tuple(absent),
    )
