"""The findings of the further questions: short tasks, payloads, transports, steps, hogs, limits, sharing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.metrics import Missing
from bench.instrument.records import Run
from bench.instrument.results import load
from bench.instrument.statistics import Estimate, Interval
from bench.report import document, findings, wording
from bench.report.findings import Finding

WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]

FURTHER = ["short tasks", "payload", "transport", "steps", "hogs", "client limit", "imports", "releases",
           "shared object", "sharing"]  # fmt: skip


@pytest.fixture
def run(write_run: WriteRun, make_run: MakeRun) -> Run:
    """Return a run with every suite and every question."""
    return load(write_run(make_run(studies=True)))


def of(run: Run, topic: str) -> Finding:
    """Return the finding on a topic."""
    return next(finding for finding in findings.of_run(run) if finding.topic == topic)


def estimate(value: float, low: float, high: float) -> Estimate:
    """Make an estimate of ten rounds."""
    return Estimate(value, Interval(low, high), 10, "made up")


def test_every_question_has_a_finding(run: Run) -> None:
    """Beside those of work, sending, downloads and starting; the page and the terminal get them all."""
    topics = [finding.topic for finding in findings.of_run(run)]

    assert set(FURTHER) < set(topics)
    assert len(topics) == len(set(topics))
    assert [finding.topic for finding in document.report([run]).findings] == topics


@pytest.mark.parametrize("topic", FURTHER)
def test_every_finding_names_its_basis(run: Run, topic: str) -> None:
    """Each has a sentence with an interval, a headline, and the estimator, interval and n that it rests on."""
    finding = of(run, topic)

    assert " [" in wording.sentence(finding)
    assert wording.headline(finding) not in {"", wording.NONE}
    assert "95% interval, n = " in wording.basis(finding)
    assert "[" not in wording.heading(finding)


def test_shares_of_steps_rest_on_tasks(run: Run) -> None:
    """What stands under the finding counts tasks taken apart, not rounds."""
    assert wording.basis(of(run, "steps")) == "median of tasks, 95% interval, n = 9 tasks"


@pytest.mark.parametrize(
    ("topic", "change", "said"),
    [
        (
            "short tasks",
            {"figure": estimate(240e-6, 200e-6, 280e-6)},
            (
                "A task shorter than 240 \N{MICRO SIGN}s [200 \N{MICRO SIGN}s, 280 \N{MICRO SIGN}s] gains nothing from "
                "2 processes (process-forkserver)."
            ),
        ),
        (
            "short tasks",
            {"figure": Estimate(240e-6, None, 10, "made up")},
            (
                "A task shorter than 240 \N{MICRO SIGN}s [no interval] gains nothing from 2 processes "
                "(process-forkserver): not decided by this run, its interval reaches beyond what was measured."
            ),
        ),
        (
            "short tasks",
            {"figure": Missing("serial's speed is not reached up to 10.0 ms")},
            (
                "How short a task may be for 2 processes (process-forkserver): serial's speed is not reached up to "
                "10.0 ms."
            ),
        ),
        (
            "payload",
            {"figure": estimate(1.2 * (1 << 20), 1 << 20, 1.5 * (1 << 20))},
            (
                "Above 1.20 MiB [1 MiB, 1.50 MiB] of bytes, a task of 1.00 ms gains nothing from 2 processes "
                "(process-forkserver)."
            ),
        ),
        (
            "transport",
            {"ratio": estimate(8, 7, 9)},
            (
                "1 MiB of array go through shared and back 8.00x faster than through process-forkserver "
                "[7.00x faster, 9.00x faster]."
            ),
        ),
        (
            "transport",
            {"ratio": estimate(1.1, 0.8, 1.3)},
            (
                "1 MiB of array go through shared and back 1.10x faster than through process-forkserver "
                "[1.25x slower, 1.30x faster]: not decided by this run, its interval holds both slower and faster."
            ),
        ),
        (
            "transport",
            {"ratio": estimate(0.97, 0.8, 1.05)},
            (
                "1 MiB of array go through shared and back 1.03x slower than through process-forkserver "
                "[1.25x slower, 1.05x faster]: not decided by this run, its interval holds both slower and faster."
            ),
        ),
        (
            "steps",
            {"figure": estimate(0.93, 0.91, 0.94)},
            (
                "Of the time of 1 MiB of bytes through process-forkserver and back, 93% [91%, 94%] is pickling and "
                "transfer."
            ),
        ),
        (
            "hogs",
            {"ratio": estimate(1 / 250, 1 / 260, 1 / 240), "time": estimate(0.005, 0.004, 0.006)},
            (
                "Beside a thread that computes, another answers in 5.00 ms [4.00 ms, 6.00 ms] (switch interval "
                "5.00 ms), 250x slower than without [260x slower, 240x slower]."
            ),
        ),
        (
            "imports",
            {"ratio": estimate(0.25, 0.2, 0.5)},
            (
                "A worker (process-forkserver) that imports numpy starts 4.00x slower than one that does not "
                "[5.00x slower, 2.00x slower]."
            ),
        ),
        (
            "releases",
            {"ratio": estimate(0.97, 0.95, 0.99)},
            (
                "2 threads that do sha256 at once end 1.03x slower than one that does its part alone [1.05x slower, "
                "1.01x slower]: C that releases the GIL runs side by side."
            ),
        ),
        (
            "releases",
            {"ratio": estimate(0.7, 0.6, 0.8)},
            (
                "2 threads that do sha256 at once end 1.43x slower than one that does its part alone [1.67x slower, "
                "1.25x slower]: not decided by this run whether they run side by side."
            ),
        ),
        (
            "shared object",
            {"ratio": estimate(0.5, 0.4, 0.6)},
            "2 threads at one dict are 2.00x slower than with a dict each [2.50x slower, 1.67x slower].",
        ),
        (
            "sharing",
            {"ratio": estimate(0.5, 0.4, 0.6)},
            (
                "A message of 64 B goes through a queue between processes and back 2.00x slower than between threads "
                "[2.50x slower, 1.67x slower]."
            ),
        ),
    ],
)
def test_words(run: Run, topic: str, change: dict[str, Any], said: str) -> None:
    """Each sentence has the numbers and the interval, and says so where the interval does not decide."""
    assert wording.sentence(replace(of(run, topic), **change)) == said


@pytest.mark.parametrize(
    ("used", "gil", "said"),
    [
        (estimate(0.5, 0.45, 0.55), True, "the client itself is not the limit yet"),
        (estimate(0.97, 0.95, 0.99), True, "its own GIL is the limit"),
        (estimate(1.4, 1.3, 1.5), False, "more than a GIL would allow is possible"),
        (estimate(0.9, 0.8, 1.0), True, "not decided by this run whether the client itself is the limit"),
        (Estimate(0.97, None, 3, "few"), True, "not decided by this run"),
    ],
)
def test_words_for_the_client_limit(run: Run, used: Estimate, gil: bool, said: str) -> None:  # noqa: FBT001
    """What is said of the limit follows from the whole interval and from whether there is a GIL."""
    finding = replace(of(run, "client limit"), figure=used)
    assert run.environment is not None
    states = replace(run.environment.gil_enabled, at_end=gil)
    finding = replace(finding, run=replace(run, environment=replace(run.environment, gil_enabled=states)))

    assert wording.sentence(finding).startswith("100 threads downloaded ")
    assert wording.sentence(finding).endswith(f" of a core for it: {said}.") or f": {said}." in wording.sentence(
        finding
    )


def test_numbers_are_derived(run: Run) -> None:
    """The made-up pools break even at 400 us, pay 8x less through shared, and spend 90% on serialization."""
    short, steps, transport = (of(run, topic) for topic in ("short tasks", "steps", "transport"))

    assert isinstance(short.figure, Estimate)
    assert short.figure.value == pytest.approx(4e-4, rel=0.4)
    assert isinstance(steps.figure, Estimate)
    assert steps.figure.value == pytest.approx(0.9)
    assert transport.ratio is not None
    assert transport.ratio.value == pytest.approx(8, rel=0.05)


def test_one_core_has_nothing_to_break_even(run: Run) -> None:
    """On one core no payload is worth sending, and nothing is said of it."""
    assert run.environment is not None
    host = replace(run.environment.host, cgroup_cpu_limit=0.5)
    single = replace(run, environment=replace(run.environment, host=host))

    assert "payload" not in [finding.topic for finding in findings.of_run(single)]
    assert findings.usable_cores(single) == 1
