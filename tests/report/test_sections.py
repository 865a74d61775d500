"""Sections: each question with its answer, its figures, and what is absent."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.records import Run
from bench.instrument.results import load, load_all
from bench.report import document
from bench.report.document import Report
from bench.report.figures import Figure
from bench.report.section import Section

WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]

ORDER = ["threads", "sending", "steps", "starting", "pythons", "sharing", "distributions"]


@pytest.fixture
def run(write_run: WriteRun, make_run: MakeRun) -> Run:
    """Return a run of every suite."""
    return load(write_run(make_run(studies=True)))


@pytest.fixture
def report(run: Run) -> Report:
    """Return a report on it."""
    return document.report([run])


def section(report: Report, anchor: str) -> Section:
    """Return one section."""
    return next(one for one in report.sections if one.anchor == anchor)


def figure(report: Report, anchor: str) -> Figure:
    """Return one figure."""
    return next(one for one in report.figures if one.anchor == anchor)


def test_reading_order(report: Report) -> None:
    """The questions stand in reading order, each a question."""
    assert [one.anchor for one in report.sections] == ORDER
    assert all(one.question.endswith("?") for one in report.sections)


def test_threads_together_are_named_with_what_they_are_against(run: Run) -> None:
    """The heading has the threads and the reference of the benchmark whose figure it has."""
    together = [item for item in run.benchmarks if item.text("scaling") == "worker"]
    more = replace(together[0], parameters={**together[0].parameters, "workers": 4})
    for first, what, against in ((together[0], "sha256", "one thread"), (together[1], "dict", "independent objects")):
        heading = figure(document.report([replace(run, benchmarks=(first, more))]), "together").heading
        assert heading.partition(" on ")[0].endswith(what)
        assert heading.endswith(f"for each of 2 threads that start together than for {against}")


def test_headings_speak_of_the_run_that_findings_speak_of(run: Run) -> None:
    """The last recorded leads, wherever its file stands; a heading names another only where it is not in the figure."""
    earlier = replace(run, label="CPython 3.11.7", recorded=(run.recorded or datetime.now(UTC)) - timedelta(days=1))
    alone, beside = document.report([run]), document.report([run, earlier])
    by_anchor = {one.anchor: one.heading for one in beside.figures}
    said = {one.anchor: (one.heading, by_anchor[one.anchor]) for one in alone.figures}
    assert {anchor: both for anchor, both in said.items() if both[0] != both[1]} == {}
    silent = replace(run, benchmarks=tuple(item for item in run.benchmarks if item.suite != "latency"))
    (told,) = [one.heading for one in document.report([silent, earlier]).figures if one.anchor == "latency"]
    assert "on CPython 3.11.7 within" in told


def test_every_suite_has_its_figures(report: Report) -> None:
    """With every suite measured, each question but the one that lockstep answers has an answer and figures."""
    anchors = [one.anchor for one in report.figures]

    assert anchors == [
        "workloads", "speed-up", "together", "downloads", "client-limit", "latency", "round-trips", "bandwidth",
        "pickling", "ten-steps", "cold-starts", "imports", "dispatch", "shortest-task", "sharing-price", "sharing-time",
        "spread", "drift",
    ]  # fmt: skip
    assert [one.anchor for one in report.sections if not one.answer] == ["pythons"]
    assert [one.anchor for one in report.sections if one.absent] == ["pythons"]


def test_figures_say_what_they_are(report: Report) -> None:
    """Each figure has a heading, a sentence on how to read it, and names n, its estimator and its interval."""
    for one in report.figures:
        assert one.heading, one.anchor
        assert one.reading.endswith("."), one.anchor
        assert "interval" in one.method, one.anchor
        assert re.search(r"n = \d", one.method), one.anchor
        assert one.x.title or one.form != "lines", one.anchor
        assert one.table.size, one.anchor
        assert {len(row) for row in one.table.rows} == {len(one.table.columns) + 1}, one.anchor
    headed = [one for one in report.figures if one.anchor not in {"pickling", "drift"}]
    assert all(any(letter.isdigit() for letter in one.heading) for one in headed)


def test_titles_of_what_has_no_executor(report: Report) -> None:
    """Hogs and shared media are of no executor, and no empty one is named."""
    titles = [panel.title for panel in figure(report, "spread").panels]
    assert {"hogs", "threads, gcd-seed, 2 threads"} <= set(titles)
    assert not [title for title in titles if "()" in title]


def test_nothing_vanishes(run: Run) -> None:
    """Without any result every question is still there, and names the command that measures it."""
    empty = document.report([replace(run, benchmarks=())])

    assert [one.anchor for one in empty.sections] == ORDER
    assert all(one.absent and not one.figures for one in empty.sections)
    commands = {command for one in empty.sections for _, command in one.absent}
    assert {"tox -e bench -- -k pipeline", "tox -e bench -- -k sharing", "tox -e compare"} <= commands


@pytest.mark.parametrize(
    ("suite", "anchor", "section_of"),
    [
        ("latency", "latency", "threads"),
        ("dispatch", "shortest-task", "starting"),
        ("sharing", "sharing-price", "sharing"),
    ],
)
def test_one_suite_left_out(run: Run, suite: str, anchor: str, section_of: str) -> None:
    """A figure whose suite was left out is named as absent in its own section, the others stay."""
    left = tuple(item for item in run.benchmarks if item.suite != suite)

    report = document.report([replace(run, benchmarks=left)])

    assert anchor not in {one.anchor for one in report.figures}
    assert any(f"-k {suite}" in command for _, command in section(report, section_of).absent)


def test_steps_add_up(report: Report) -> None:
    """The parts of each bar are shares of one whole, written above; the residual is one of them, and n counts tasks."""
    drawn = figure(report, "ten-steps")
    (panel,) = drawn.panels

    assert sum(point.y for point in panel.points) == pytest.approx(1)
    assert panel.totals == (("1 MiB", "100 \N{MICRO SIGN}s"),)
    assert panel.points[0].series == "1 queue"
    assert panel.points[-1].series == "12 residual"
    assert "step 3 send takes most: 30% of 100 \N{MICRO SIGN}s" in drawn.heading
    assert drawn.method.endswith("n = 9 tasks taken apart.")


def test_steps_of_a_clocks_grain(run: Run) -> None:
    """A residual a little below zero takes nothing from the other steps."""
    item = next(item for item in run.benchmarks if item.breakdown)
    assert item.breakdown is not None
    rows = tuple((*row[:-1], -1e-9) for row in item.breakdown.rows_s)
    other = replace(item, breakdown=replace(item.breakdown, rows_s=rows))

    drawn = figure(document.report([replace(run, benchmarks=(other,))]), "ten-steps")

    assert min(point.y for point in drawn.panels[0].points) == 0
    assert sum(point.y for point in drawn.panels[0].points) == pytest.approx(1)


def test_short_tasks(report: Report) -> None:
    """The heading has METG(50%); the lengths are those that serial measured."""
    drawn = figure(report, "shortest-task")

    assert re.search(r"process-forkserver 5[12]\d \N{MICRO SIGN}s$", drawn.heading)
    assert [point.x for point in drawn.panels[0].points] == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2], rel=0.1)
    assert drawn.panels[0].level == 0.5


def test_dispatch_is_by_the_task(report: Report) -> None:
    """Many tasks handed over together are shown by the task, beside one that is awaited."""
    drawn = figure(report, "dispatch")
    times = {(point.category, point.series): point.x for point in drawn.panels[0].points}

    assert times["thread", "one, awaited"] == pytest.approx(25e-6, rel=0.1)
    assert times["thread", "many, 2 workers, chunks of 64"] == pytest.approx(25e-6 / 8, rel=0.1)


def test_hogs_are_beside_none(report: Report) -> None:
    """The response without hogs comes from the rounds that took turns."""
    drawn = figure(report, "latency")

    assert drawn.series == ("no hog", "1 hog", "2 hogs")
    assert re.match(
        r"A thread that waits answers on CPython 3\.14\.7 within (19|20)\.\d \N{MICRO SIGN}s alone, (4\.9|5\.\d)\d ms",
        drawn.heading,
    )


def test_sharing_is_by_the_operation(report: Report) -> None:
    """What processes pay over threads is a slowdown; times are of one operation."""
    price, times = figure(report, "sharing-price"), figure(report, "sharing-time")

    assert price.panels[0].points[0].x == pytest.approx(3, rel=0.1)
    assert "queue, 64 B" in price.heading
    assert [point.series for point in times.panels[0].points] == ["between processes", "between threads"]


def test_threads_by_python(write_run: WriteRun, make_run: MakeRun) -> None:
    """With several runs the first figure sets their threads beside each other, each ratio from its own run."""
    contents = [make_run("3.14.7"), make_run("3.14.7", free_threaded=True)]
    runs = load_all([write_run(content, f"{number}.json") for number, content in enumerate(contents)])

    drawn = figure(document.report(runs), "threads-by-python")

    assert drawn.series == ("CPython 3.14.7", "CPython 3.14.7t")
    assert re.match(
        r"The seed's gcd on threads, against serial: CPython 3.14.7 1.0\dx slower, CPython 3.14.7t 1.8\dx faster",
        drawn.heading,
    )
    assert "own run" in drawn.method


def test_crossovers(report: Report) -> None:
    """The largest payload that pays is stated with its interval, or the side on which it must lie."""
    (table,) = section(report, "sending").tables
    rows = {(row[1], row[2]): row[3:] for row in table.table.rows}

    said = rows["bytes", "process-forkserver"][2].partition(" [")[0]
    assert table.heading.endswith(f" may send through process-forkserver on CPython 3.14.7: {said}")
    assert rows["bytes", "thread"] == ("above 16 MiB",) * 4
    assert rows["bytes", "process-fork"][0] == "below 64 B"
    assert re.fullmatch(r"[\d.]+ [KM]iB \[[\d.]+ [KM]iB, [\d.]+ [KM]iB\]", rows["bytes", "process-fork"][2])


def test_scalability(report: Report) -> None:
    """Speed-ups at several numbers of workers are fitted; the curve goes beyond the cores and the table says so."""
    (table,) = section(report, "threads").tables
    panel = figure(report, "speed-up").panels[0]

    assert "if the law holds" in table.heading
    assert "extrapolates" in table.reading
    assert {curve.series for curve in panel.curves} == {"thread", "process-fork", "process-forkserver", "process-spawn"}
    assert panel.curves[0].points[-1][0] == 4


def test_rounds_are_shown_as_measured(report: Report, run: Run) -> None:
    """Drift shows every round in order against its median, benchmark and reference; the spread is sorted."""
    drift, spread = figure(report, "drift"), figure(report, "spread")
    own = [point for point in drift.panels[0].points if point.series == "the benchmark"]
    item = report.findings[0].benchmark

    assert [point.x for point in own] == [float(place) for place in range(1, len(item.rounds_s) + 1)]
    assert own[0].y == pytest.approx(item.rounds_s[0] / sorted(item.rounds_s)[4], rel=0.05)
    shares = [point.y for point in spread.panels[0].points if point.series == "its reference"]
    assert shares == sorted(shares)
    assert run.label == report.lead.label
