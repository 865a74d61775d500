"""What is drawn of a figure, as text."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable

import pytest

from bench.report import axes, charts, series
from bench.report.figures import Axis, Figure, Panel, PanelGroup, Point, Table


def texts(figure: Figure) -> list[str]:
    """Return the texts of its first panel that can be seen, in order."""
    styles = series.styles(figure.series, figure.series)
    data = charts.datasets(figure, figure.groups[0].panels[0], tuple(styles))
    drawn = ET.fromstring(charts.draw(charts.specification(figure, styles), data))  # noqa: S314 - made just now
    shown = [element for element in drawn.iterfind(".//{*}text") if element.get("opacity") != "0"]
    return [element.text or "" for element in shown]


@pytest.fixture
def make_figure() -> Callable[[Axis, Iterable[str]], Figure]:
    """Return a function that makes a figure with a mark at 1x for each name."""

    def make(axis: Axis, names: Iterable[str]) -> Figure:
        points = tuple(Point("cp315", 1.0, 0.0, category=name) for name in names)
        return Figure(
            anchor="anchor",
            heading="",
            reading="",
            method="",
            x=axis,
            y=axes.NAMES,
            groups=(PanelGroup("", (Panel("", points),)),),
            table=Table("", ("Name",), ()),
            form="intervals",
            series_are="other",
        )

    return make


def test_names_that_begin_alike_are_told_apart(make_figure: Callable[[Axis, Iterable[str]], Figure]) -> None:
    """The middle of a long one is left out, and what fits stays as it is."""
    figure = make_figure(
        axes.slowdown([0.5, 2], "time"),
        ["array-1048576-5-out-of-band-dumps", "array-1048576-5-out-of-band-loads", "x" * 24],
    )
    assert texts(figure)[-3:] == ["array-1048…of-band-dumps", "array-1048…of-band-loads", "x" * 24]


def test_ticks_that_nearly_touch_are_thinned_out(make_figure: Callable[[Axis, Iterable[str]], Figure]) -> None:
    """Every other one keeps its words."""
    figure = make_figure(axes.time([1e-6, 1], "time"), ["a"])
    assert [label for _, label in figure.x.ticks] == ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]
    assert texts(figure)[:4] == ["1 µs", "100 µs", "10 ms", "1 s"]
