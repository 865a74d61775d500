"""Figures: what is drawn, on which axes, and the table of the same data."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument.records import Run
from bench.instrument.results import load, load_all
from bench.report import axes, document, series
from bench.report.figures import Axis, Figure
from bench.report.wording import NONE

WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]
POSITIVE = st.floats(min_value=1e-9, max_value=1e6)


@pytest.fixture
def run(write_run: WriteRun) -> Run:
    """Return a run with every suite."""
    return load(write_run())


def figure(run: Run, anchor: str) -> Figure:
    """Return one figure of a report on the run."""
    return next(figure for figure in document.report([run]).figures if figure.anchor == anchor)


def test_anchors(run: Run) -> None:
    """A run of the first suites has these figures, each headed by what it shows in figures."""
    figures = document.report([run]).figures

    assert [figure.anchor for figure in figures] == [
        "workloads", "speed-up", "downloads", "round-trips", "bandwidth", "pickling", "cold-starts", "spread", "drift",
    ]  # fmt: skip
    told = [figure for figure in figures if figure.anchor not in {"pickling", "drift"}]
    assert all(any(character.isdigit() for character in figure.heading) for figure in told)


def test_suites_without_results_have_no_figure(run: Run) -> None:
    """An empty frame is not drawn."""
    only = replace(run, benchmarks=run.suite("download"))

    assert [figure.anchor for figure in document.report([only]).figures] == ["downloads", "spread", "drift"]


def test_speed_up_panels(run: Run) -> None:
    """A panel a workload, a series a kind, the ideal up to the cores, the cores marked; serial itself is no series."""
    drawn = figure(run, "speed-up")
    panel = drawn.groups[0].panels[0]

    assert [panel.title for panel in drawn.groups[0].panels] == ["gcd-seed", "gcd-short", "sha256", "json"]
    assert set(drawn.series) == {"thread", "process-fork", "process-forkserver", "process-spawn"}
    assert panel.mark == (2.0, "2 cores")
    assert list(panel.ideal) == [(1.0, 1.0), (2.0, 2.0), (4.0, 2.0)]
    assert drawn.has_ideal


def test_speed_up_table(run: Run) -> None:
    """The table has what is drawn, and serial: efficiency, contention of threads or why not, a dash for the rest."""
    table = figure(run, "workloads").table
    rows = {row[1:4]: row for row in table.rows}

    assert len(rows) == 4 * (1 + 4)
    assert figure(run, "speed-up").table.size == 4 * 4 * 3
    assert rows["gcd-seed", "serial", "1"][5:] == (NONE, "no reference took turns with it", NONE, NONE, "10")
    assert rows["gcd-seed", "process-fork", "2"][7] == "0.942"
    assert rows["gcd-seed", "thread", "2"][8].startswith("1.0")
    assert all(len(row) == len(table.columns) + 1 for row in table.rows)


def test_round_trips(run: Run) -> None:
    """A panel a payload, memcpy beside; in the table the ratio to memcpy and the task that breaks even."""
    drawn = figure(run, "round-trips")
    row = next(row for row in drawn.table.rows if row[1:4] == ("bytes", "16 MiB", "process-fork"))

    assert [panel.title for panel in drawn.groups[0].panels] == ["bytes", "dict"]
    assert drawn.series[-1] == "memcpy"
    assert row[6].endswith("x")
    assert float(row[8].split()[0]) == pytest.approx(2 * float(row[4].split()[0]), rel=0.01)
    assert all(len(row) == len(drawn.table.columns) + 1 for row in drawn.table.rows)


def test_break_even_is_marked(run: Run) -> None:
    """The time of a round trip that a task of 10 ms pays for, on two cores half of it; none is paid for on one core."""
    assert run.environment is not None
    drawn = figure(run, "round-trips")
    host = replace(run.environment.host, usable_cores=1)
    alone = replace(run, environment=replace(run.environment, host=host))

    assert {(panel.level, panel.level_label) for panel in drawn.panels} == {(0.005, "break-even of a 10 ms task")}
    assert drawn.y.low < 0.005 < drawn.y.high
    assert "a task of 10 ms gains nothing" in drawn.reading
    assert {panel.level for panel in figure(alone, "round-trips").panels} == {None}
    assert {panel.level for panel in figure(run, "bandwidth").panels} == {None}


def test_bandwidth(run: Run) -> None:
    """Bytes there and back a second, under memcpy's roof; the heading has the best that processes reach."""
    drawn = figure(run, "bandwidth")
    best = {point.series: point.y for point in drawn.panels[0].points if point.x == 16 << 20}

    assert best["process-fork"] == pytest.approx(2 * 6e9 / 9, rel=0.1)
    assert best["memcpy"] == pytest.approx(10e9, rel=0.1)
    assert drawn.heading.startswith("Through ProcessPoolExecutor no payload moves faster than 1.2")
    assert drawn.table.rows[0][4].endswith("/s")


def test_memcpy_line_from_the_rounds_beside(run: Run) -> None:
    """Without memcpy benchmarks, the copies that took turns with the round trips give the line."""
    trips = tuple(item for item in run.suite("serialization") if item.text("measurement") == "round trip")

    assert "memcpy" in figure(replace(run, benchmarks=trips), "round-trips").series


def test_few_rounds_have_no_bars(write_run: WriteRun, make_run: MakeRun) -> None:
    """With fewer than six rounds the points are drawn without bars, and the table says that there is no interval."""
    drawn = figure(load(write_run(make_run(rounds=4))), "speed-up")

    assert all(point.low is point.high is None for point in drawn.groups[0].panels[0].points)
    assert "[no interval]" in drawn.table.rows[1]


def test_names_without_their_parameters_are_left_to_the_table(run: Run) -> None:
    """A benchmark that lacks what a figure needs is not drawn, and is not an error."""
    bare = tuple(replace(item, parameters={}) for item in run.benchmarks)

    report = document.report([replace(run, benchmarks=bare)])

    assert report.figures == ()
    assert report.findings == ()
    assert len(report.rows) == len(bare)


def test_runs_are_side_by_side(write_run: WriteRun, make_run: MakeRun) -> None:
    """Each run has its own panels, on axes that all share."""
    runs = load_all([write_run(make_run(version), f"{version}.json") for version in ("3.11.9", "3.14.7")])

    drawn = next(figure for figure in document.report(runs).figures if figure.anchor == "workloads")

    assert [group.title for group in drawn.groups] == ["CPython 3.11.9", "CPython 3.14.7"]
    assert {row[0] for row in drawn.table.rows} == {"CPython 3.11.9", "CPython 3.14.7"}


@given(st.lists(POSITIVE, min_size=1))
def test_axes_hold_all_values(values: list[float]) -> None:
    """No value lies outside its axis, and an axis has ticks, in order, though never a crowd of them."""
    for axis in (axes.time(values, "time"), axes.speed_up(values, "speed-up")):
        assert_holds(axis, values)


@given(st.lists(st.integers(min_value=1, max_value=1 << 40), min_size=1))
def test_counting_axes_hold_all_values(values: list[int]) -> None:
    """The same of workers and bytes."""
    for axis in (axes.workers(values), axes.payload_bytes(values)):
        assert_holds(axis, values)


def assert_holds(axis: Axis, values: list[float] | list[int]) -> None:
    """Check that an axis fits values."""
    ticks = [value for value, _ in axis.ticks]
    assert axis.low <= min(values) * (1 + 1e-9)
    assert axis.high >= max(values) * (1 - 1e-9)
    assert ticks == sorted(ticks)
    assert 1 <= len(ticks) <= 9
    assert axis.low < axis.high


def test_axis_labels() -> None:
    """Ticks carry units: decades of time, sixteenfolds of bytes, powers of two around 1x."""
    assert [label for _, label in axes.time([2e-6, 3e-3], "").ticks] == [
        "1 \N{MICRO SIGN}s", "10 \N{MICRO SIGN}s", "100 \N{MICRO SIGN}s", "1 ms", "10 ms",
    ]  # fmt: skip
    assert [label for _, label in axes.payload_bytes([64, 1 << 20]).ticks] == ["64 B", "1 KiB", "16 KiB", "256 KiB"]
    assert [label for _, label in axes.speed_up([0.9, 3], "").ticks] == ["2x slower", "1x", "2x faster", "4x faster"]


def test_styles_differ_by_more_than_colour() -> None:
    """Any two of the kinds that are drawn together differ in colour, shape and dash."""
    kinds = ["thread", "process-fork", "process-forkserver", "process-spawn", "interpreter", "loky", "dask", "x"]
    styles = series.styles(kinds)

    assert len({style.colour for style in styles.values()}) == len(kinds)
    assert len({style.shape for style in styles.values()}) == len(kinds)
    assert len({style.dash for style in styles.values()}) == len(kinds)


def test_styles_keep_to_known_kinds() -> None:
    """A kind looks the same on every page, whatever is beside it; memcpy is last and neutral."""
    styles = series.styles(["memcpy", "zebra", "process-spawn", "thread"])

    assert styles["process-spawn"] == series.styles(["process-spawn"])["process-spawn"]
    assert list(styles) == ["thread", "process-spawn", "zebra", "memcpy"]
    assert styles["memcpy"].variable == "var(--neutral)"
    assert styles["thread"].variable == "var(--series-0)"


def test_many_unknown_kinds_still_differ() -> None:
    """When the colours have gone round, colour and dash together still tell kinds apart."""
    styles = series.styles(f"kind {number}" for number in range(30))

    assert len(set(styles.values())) == 30
