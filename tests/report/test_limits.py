"""What a page shows of too much: bounded figures and tables, with a sentence on what they leave out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.instrument.records import Run
from bench.instrument.results import load
from bench.report import axes, document, limits, overview
from bench.report.figures import Figure, Panel, PanelGroup, Point, Table, TableOnly

WriteRun = Callable[..., Path]


def crowded(*, panels: int = 1, series: int = 1, categories: int = 1, rows: int = 1) -> Figure:
    """Return a figure with so many of each."""
    points = tuple(
        Point(f"s{one}", 1.0, 1.0, category=f"c{other}") for one in range(series) for other in range(categories)
    )
    return Figure(
        anchor="x",
        heading="x",
        reading="x",
        method="x",
        x=axes.speed_up([1], "x"),
        y=axes.NAMES,
        groups=(PanelGroup("a", tuple(Panel(str(place), points) for place in range(panels)), python="a"),),
        table=Table("x", ("a",), (("a", tuple((str(row),) for row in range(rows))),)),
    )


def test_few_are_all_shown() -> None:
    """What fits is shown as it is, and nothing is said to be left out."""
    figure = crowded(panels=3, series=4, categories=5, rows=6)

    assert limits.shown(figure) == limits.Shown(figure, None)


@pytest.mark.parametrize(
    ("many", "said"),
    [
        ({"panels": 40}, "16 panels"),
        ({"series": 17}, "1 series"),
        ({"categories": 62}, "2 rows"),
        ({"rows": 1003}, "3 rows of the table"),
    ],
    ids=["panels", "series", "categories", "rows"],
)
def test_too_many_are_cut_and_counted(many: dict[str, int], said: str) -> None:
    """The first ones are shown, and the sentence counts the others."""
    shown = limits.shown(crowded(**many))

    assert shown.left_out == f"Too many to show here: {said}. All results are below."
    assert len(shown.figure.panels) <= limits.MOST_PANELS_A_GROUP
    assert len(shown.figure.series) <= limits.MOST_SERIES
    assert shown.figure.table.size <= limits.MOST_ROWS


def test_a_stack_of_which_nothing_is_shown_has_no_total() -> None:
    """What a category comes to stands above its points, and is left out with them."""
    figure = crowded(series=2, categories=limits.MOST_POINTS)
    (panel,) = figure.panels
    stack = replace(panel, totals=tuple((f"c{place}", "1 s") for place in range(limits.MOST_POINTS)))
    whole = replace(figure, groups=(replace(figure.groups[0], panels=(stack,)),))

    (held,) = limits.shown(whole).figure.panels

    assert {name for name, _ in held.totals} == {point.category for point in held.points}


def test_long_table_alone() -> None:
    """A table that is drawn no picture of says how many rows it shows."""
    rows = tuple((str(row),) for row in range(limits.MOST_ROWS + 1))
    held = TableOnly("x", "x", "How to read it.", Table("x", ("a",), (("a", rows),)))

    assert limits.table_only(held).reading == "How to read it. The first 1,000 of 1,001 rows."
    assert limits.table_only(held).table.size == limits.MOST_ROWS


def many(run: Run, count: int) -> Run:
    """Return a run whose first suite has so many benchmarks."""
    items = run.suite("gil")
    named = (replace(items[place % len(items)], fullname=str(place)) for place in range(count))
    return replace(run, benchmarks=tuple(named))


def test_a_suite_beyond_all_measure(write_run: WriteRun) -> None:
    """Figures are made of the first benchmarks of a suite, which a caution says; rows and the overview are of all."""
    run = many(load(write_run()), limits.MOST_OF_A_SUITE + 100)

    report = document.report([run])

    assert len(report.rows) == limits.MOST_OF_A_SUITE + 100
    assert report.cautions[-1].text == (
        "The suite gil has 2,100 benchmarks: its figures show the first 2,000, the table all."
    )
    workloads = next(figure for figure in report.figures if figure.anchor == "workloads")
    assert workloads.table.size <= limits.MOST_OF_A_SUITE
    assert report.overview is not None
    assert sum(int(row[-1].replace(",", "")) for row in report.overview.table.rows) > limits.MOST_OF_A_SUITE * 0.9


def test_overview_aggregates(write_run: WriteRun) -> None:
    """However many results there are, the overview has as many points, and its heading counts them all."""
    run = load(write_run())
    few, full = (document.report([many(run, count)]).overview for count in (156, 1560))

    assert few is not None
    assert full is not None
    assert len(few.panels[0].points) == len(full.panels[0].points) == 41
    assert "of 1,440 results with a reference" in full.heading


def test_overview_of_a_handful() -> None:
    """No rows have no overview."""
    assert overview.figure([]) is None
