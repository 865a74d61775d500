"""Do threads help? CPU work by workload and executor, against the number of workers; waiting; and hogs."""

from bench.report import wording
from bench.report.section import Section, Study, drawn, not_measured
from bench.report.sections import client, latency, scaling, speedups, together


def section(study: Study) -> Section:
    """Return the section on threads."""
    told = study.found("threads")
    found = scaling.fits(speedups.several_workers(study))
    figures = drawn(
        [
            speedups.by_python(study),
            speedups.by_workload(study),
            speedups.by_workers(study, found),
            together.figure(study),
            speedups.downloads(study),
            client.figure(study),
            latency.figure(study),
        ]
    )
    held = {figure.anchor for figure in figures}
    absent = [
        ("workloads", "Speed-up of CPU work", "gil"),
        ("together", "Threads released together, and objects that they share", "gil"),
        ("downloads", "Speed-up of downloads", "download"),
        ("client-limit", "When the downloading client is the limit itself", "client_limit"),
        ("latency", "The response of a thread that waits, beside threads that compute", "latency"),
    ]
    return Section(
        "threads",
        "Do threads help?",
        wording.sentence(told[0]) if told else None,
        figures,
        tables=tuple(table for table in [scaling.table(study, found)] if table),
        absent=tuple(not_measured(what, suite) for anchor, what, suite in absent if anchor not in held),
    )
