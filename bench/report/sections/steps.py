"""Where does the time go? The ten steps of a task in a process pool."""

from bench.report.section import Section, Study, not_measured


def section(study: Study) -> Section:
    """Return the section on the ten steps."""
    del study
    return Section(
        "steps",
        "Where does the time go?",
        None,
        (),
        absent=(not_measured("The ten steps of a task", "pipeline"),),
    )
