"""The findings: what is picked, and the words for it."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.records import Load, Run
from bench.instrument.results import load
from bench.instrument.statistics import Estimate, Interval
from bench.report import claims, document, findings, wording
from bench.report.findings import Finding

WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]


@pytest.fixture
def run(write_run: WriteRun) -> Run:
    """Return a run with every suite."""
    return load(write_run())


def of(run: Run, topic: str) -> Finding:
    """Return the finding on a topic."""
    return next(finding for finding in findings.of_run(run) if finding.topic == topic)


def with_ratio(finding: Finding, value: float, interval: tuple[float, float] | None) -> Finding:
    """Return the finding with another ratio."""
    bounds = Interval(*interval) if interval else None
    return replace(finding, ratio=Estimate(value, bounds, 10 if bounds else 4, "a ratio"))


def without_gil(finding: Finding, *, at_end: bool = False) -> Finding:
    """Return the finding as of a free-threaded build."""
    environment = finding.run.environment
    assert environment is not None
    environment = replace(
        environment,
        python=replace(environment.python, gil_disabled_build=True),
        gil_enabled=replace(environment.gil_enabled, at_end=at_end),
    )
    return replace(finding, run=replace(finding.run, environment=environment))


def test_picked(run: Run) -> None:
    """The seed's gcd with a worker a core, the default start method, a mebibyte of bytes, the most download threads."""
    picked = {finding.topic: finding for finding in findings.of_run(run)}

    assert list(picked) == ["threads", "processes", "sending", "payload", "downloads", "starting"]
    assert (picked["threads"].subject, picked["threads"].workers) == ("gcd-seed", 2)
    assert picked["processes"].kind == "process-forkserver"
    assert (picked["sending"].subject, picked["sending"].size_bytes) == ("bytes", 1 << 20)
    assert (picked["downloads"].subject, picked["downloads"].workers) == ("DELAY", 30)
    assert (picked["starting"].kind, picked["starting"].workers) == ("process-forkserver", 2)


def test_numbers_are_data(run: Run) -> None:
    """A finding carries its estimates: 2 processes gave 1.86x, from 10 paired rounds with an interval."""
    ratio = of(run, "processes").ratio

    assert ratio is not None
    assert ratio.n == 10
    assert ratio.interval is not None
    assert ratio.interval.low < 1.86 < ratio.interval.high


@pytest.mark.parametrize(
    ("keep", "topics"),
    [
        ("gil", ["threads", "processes"]),
        ("serialization", ["sending", "payload"]),
        ("download", ["downloads"]),
        ("startup", ["starting"]),
        ("none of them", []),
    ],
)
def test_missing_suites_give_fewer_findings(run: Run, keep: str, topics: list[str]) -> None:
    """A run of some suites has the findings of those, and none is made up for the others."""
    kept = replace(run, benchmarks=tuple(item for item in run.benchmarks if item.suite == keep))

    assert [finding.topic for finding in findings.of_run(kept)] == topics


def test_unpaired_benchmarks_give_no_ratio(run: Run) -> None:
    """Without a reference that took turns, nothing is said to be faster."""
    unpaired = replace(run, benchmarks=tuple(replace(item, reference=None) for item in run.benchmarks))

    assert [finding.topic for finding in findings.of_run(unpaired)] == ["sending", "payload", "starting"]
    assert "memcpy" not in wording.sentence(of(unpaired, "sending"))


def test_other_references_are_other_questions(run: Run) -> None:
    """What took turns with anything but serial work is not said to be faster than serial."""
    unlike = tuple(
        replace(item, reference=replace(item.reference, name="a new connection each")) if item.reference else item
        for item in run.benchmarks
    )
    other = replace(run, benchmarks=unlike)

    assert [finding.topic for finding in findings.of_run(other)] == ["sending", "payload", "starting"]
    assert "memcpy" not in wording.sentence(of(other, "sending"))
    anchors = {figure.anchor for figure in document.report([other]).figures}
    assert {"round-trips", "cold-starts"} <= anchors
    assert not {"workloads", "speed-up", "downloads"} & anchors


def test_other_choices_where_the_first_is_missing(run: Run) -> None:
    """Without the seed's workload, the default start method or bytes, the next that was measured is taken."""
    gone = {"gcd-seed", "process-forkserver", "bytes", "DELAY"}
    left = replace(run, benchmarks=tuple(b for b in run.benchmarks if not gone & set(b.parameters.values())))

    assert of(left, "threads").subject == "gcd-short"
    assert of(left, "processes").kind == "process-fork"
    assert of(left, "sending").subject == "dict"
    assert of(left, "downloads").subject == "LOCAL"


def test_interpreters_join(write_run: WriteRun, make_run: MakeRun) -> None:
    """Where interpreters were measured they have a finding of their own."""
    run = load(write_run(make_run(kinds=("thread", "process-fork", "interpreter"))))

    assert wording.sentence(of(run, "interpreters")).startswith("2 interpreters ran the seed's gcd 1.8")


def test_lead_run_is_the_last_recorded(write_run: WriteRun, make_run: MakeRun) -> None:
    """The findings speak of the newest run; one without a date is older than any."""
    old = load(write_run(make_run("3.11.9"), "a.json"))
    new = load(write_run(make_run("3.14.7"), "b.json"))

    assert findings.lead_run([new, old]) is new
    assert findings.lead_run([replace(new, recorded=None), old]) is old


@pytest.mark.parametrize(
    ("value", "interval", "said"),
    [
        (
            1 / 1.02,
            (1 / 1.05, 1 / 1.001),
            "1.02x slower than serial [1.05x slower, 1.00x slower]: with the GIL, one thread runs at a time.",
        ),
        (
            0.99,
            (0.97, 1.02),
            (
                "1.01x slower than serial [1.03x slower, 1.02x faster]: a difference beyond 1.10x is ruled out; "
                "with the GIL, one thread runs at a time."
            ),
        ),
        (
            1 / 1.03,
            (1 / 1.2, 1.05),
            (
                "1.03x slower than serial [1.20x slower, 1.05x faster]: a gain beyond 1.10x is ruled out; "
                "with the GIL, one thread runs at a time."
            ),
        ),
        (
            1.1,
            (0.8, 1.3),
            (
                "1.10x faster than serial [1.25x slower, 1.30x faster]: not decided by this run, its interval holds "
                "both slower and faster."
            ),
        ),
        (
            1.9,
            None,
            "1.90x faster than serial [no interval]: not decided by this run (n = 4; an interval needs 6 rounds).",
        ),
        (
            1.9,
            (1.8, 2.0),
            "1.90x faster than serial [1.80x faster, 2.00x faster]: part of this work lets go of the GIL.",
        ),
    ],
)
def test_words_for_threads_with_the_gil(
    run: Run, value: float, interval: tuple[float, float] | None, said: str
) -> None:
    """What a ratio means is said only as far as its interval carries."""
    finding = with_ratio(of(run, "threads"), value, interval)

    assert wording.sentence(finding) == f"2 threads ran the seed's gcd {said}"


def test_words_for_threads_on_a_busy_machine(run: Run) -> None:
    """Where others had part of the cores, threads may get more of them than one does: the GIL is not named alone."""
    finding = with_ratio(of(run, "threads"), 1.66, (1.31, 2.39))
    assert run.environment is not None
    busy = replace(run, environment=replace(run.environment, load=Load((4.3, 4.3, 4.3), None)))

    assert wording.sentence(replace(finding, run=busy)).endswith(
        "[1.31x faster, 2.39x faster]: either part of this work lets go of the GIL, "
        "or the threads got more of a busy machine than one did."
    )


@pytest.mark.parametrize(
    ("value", "at_end", "said"),
    [
        (1.9, False, "without the GIL, threads run side by side"),
        (1.2, False, "there is no GIL, but the threads got in each other's way all the same"),
        (0.5, False, "there is no GIL, but the threads got in each other's way all the same"),
        (0.98, True, "this free-threaded build ran with its GIL switched on"),
    ],
)
def test_words_for_threads_without_the_gil(
    run: Run,
    value: float,
    at_end: bool,  # noqa: FBT001 - a parameter
    said: str,
) -> None:
    """A free-threaded build's words are of what was measured, and of the GIL as it was at the end."""
    finding = without_gil(of(run, "threads"), at_end=at_end)

    assert wording.sentence(with_ratio(finding, value, (value * 0.99, value * 1.01))).endswith(f"]: {said}.")


@pytest.mark.parametrize(
    ("topic", "value", "said"),
    [
        ("processes", 1.86, "0.930 of a core's worth from each of 2 cores"),
        ("processes", 0.5, "moving the work cost more than sharing it gained"),
        ("processes", 1.001, "a difference beyond 1.10x is ruled out"),
        ("downloads", 11, "waiting overlaps, with or without a GIL"),
        ("downloads", 0.5, "the pool cost more than it gained"),
        ("downloads", 1.001, "a difference beyond 1.10x is ruled out"),
    ],
)
def test_words_for_other_ratios(run: Run, topic: str, value: float, said: str) -> None:
    """Processes and downloads have their own meanings for faster, slower and the same."""
    finding = with_ratio(of(run, topic), value, (value * 0.99, value * 1.01))

    assert wording.sentence(finding).endswith(f"]: {said}.")


def test_one_core_promises_no_more_than_one(run: Run) -> None:
    """On one core, workers are measured against what one core can give, and nothing is said of each of them."""
    environment = run.environment
    assert environment is not None
    single = replace(run, environment=replace(environment, host=replace(environment.host, usable_cores=1)))

    assert wording.sentence(with_ratio(of(single, "processes"), 1.5, (1.4, 1.6))).endswith("1.60x faster].")


def test_words_for_times(run: Run) -> None:
    """Sending and starting are times with their intervals; sending is set against a memcpy."""
    sending = replace(
        of(run, "sending"),
        time=Estimate(0.0019, Interval(0.0018, 0.002), 10, "t"),
        ratio=Estimate(14, Interval(13, 15), 10, "r"),
    )
    starting = replace(of(run, "starting"), time=Estimate(0.048, Interval(0.04, 0.05), 10, "t"))

    assert wording.sentence(sending) == (
        "Sending 1 MiB of bytes through process-forkserver and back takes 1.90 ms [1.80 ms, 2.00 ms], "
        "14.0x a memcpy of the same bytes [13.0x, 15.0x]."
    )
    assert wording.sentence(starting) == (
        "Starting 2 processes (process-forkserver) and waiting for the first result of each takes 48.0 ms "
        "[40.0 ms, 50.0 ms]."
    )
    assert (wording.headline(sending), wording.headline(starting)) == ("14.0x a memcpy", "48.0 ms")
    assert wording.basis(sending) == "t and r, 95% interval, n = 10 rounds"


def test_headings_are_short(run: Run) -> None:
    """A heading has the figures without their intervals, and says what is not decided."""
    threads = with_ratio(of(run, "threads"), 1.3, (0.9, 1.5))
    processes = with_ratio(of(run, "processes"), 1.86, (1.8, 1.9))

    assert wording.cpu_heading([threads, processes]) == (
        "The seed's gcd, against serial: 2 threads 1.30x faster (not decided), 2 processes (process-forkserver) "
        "1.86x faster"
    )
    assert wording.heading(processes) == "2 processes (process-forkserver) ran the seed's gcd 1.86x faster than serial"


def test_whether_a_pool_gains_is_decided_where_it_does_not(run: Run) -> None:
    """By how much it loses may be open; of a ratio that is no gain of workers, that is what is asked."""
    for topic, is_open in (("threads", False), ("processes", False), ("downloads", False), ("starting", True)):
        finding = with_ratio(of(run, topic), 1 / 1.03, (1 / 1.2, 1.05))
        assert wording.is_open(finding) == is_open, topic
        assert wording.heading(finding).endswith(" (not decided)") == is_open, topic


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        ("thread", 1, "1 thread"),
        ("interpreter", 2, "2 interpreters"),
        ("process-spawn", 1, "1 process (process-spawn)"),
        ("loky", 4, "4 workers (loky)"),
        ("dask", 1, "1 worker (dask)"),
    ],
)
def test_workers_are_named(kind: str, count: int, said: str) -> None:
    """Every kind has a noun, known or not."""
    assert claims.workers(kind, count) == said


def test_run_of_another_project_has_no_findings(write_run: WriteRun, plain_run: dict[str, Any]) -> None:
    """Nothing is claimed of benchmarks whose meaning is not known."""
    run = load(write_run(plain_run))

    assert findings.of_run(run) == ()
    assert findings.usable_cores(run) is None
    assert math.isfinite(run.benchmarks[0].median_s)


def test_gil_is_not_told_by_a_file_without_environment(run: Run) -> None:
    """Without an environment the sentence gives the figures and leaves the reason out."""
    finding = with_ratio(of(run, "threads"), 1.9, (1.8, 2.0))
    bare = replace(finding, run=replace(run, environment=None))

    assert (bare.gil, bare.cores, bare.free_threaded) == (None, None, False)
    assert wording.sentence(bare).endswith("[1.80x faster, 2.00x faster].")
