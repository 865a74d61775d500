"""Sharing instead of sending: shared memory, locks, queues and proxies."""

from bench.report.section import Section, Study, not_measured


def section(study: Study) -> Section:
    """Return the section on sharing."""
    del study
    return Section(
        "sharing",
        "What does sharing cost, instead of sending?",
        None,
        (),
        absent=(not_measured("Shared memory, locks, queues and proxies", "sharing"),),
    )
