"""Draw a figure's panels as static SVG with Altair, which vl-convert renders without a browser.

No name from a run file enters a chart: series are numbers there, and names stand in the page's legend and headings.
Colours are drawn as stand-ins that `svg.themed` turns into CSS variables, so that one drawing serves light and dark.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt
import vl_convert

from bench.report.figures import Axis, Figure, Panel, Point
from bench.report.series import Style
from bench.report.svg import GRID, INK, MUTED, series_stand_in

WIDTH, HEIGHT = 300, 220
_DODGE = 1.025
_FONT = "sans-serif"
_FONT_SIZE = 12


def draw(figure: Figure, panel: Panel, styles: Mapping[str, Style]) -> str:
    """Return one panel as SVG text, as Vega writes it."""
    present = [name for name in styles if any(point.series == name for point in panel.points)]
    layers = [*_marks(figure, panel), *_series(figure, panel, present, styles)]
    chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT).configure(**_configuration())
    return vl_convert.vegalite_to_svg(chart.to_json())


def _series(figure: Figure, panel: Panel, names: list[str], styles: Mapping[str, Style]) -> list[alt.Chart]:
    """Draw interval bars, lines and points; everything of a series carries its number as `series`."""
    rows = [_row(point, names.index(point.series), len(names) if figure.dodge else 1) for point in panel.points]
    rows.sort(key=lambda row: (row["series"], row["x"]))
    order = list(range(len(names)))
    drawn = [styles[name] for name in names]
    colour = alt.Color(
        "series:O",
        scale=alt.Scale(domain=order, range=[series_stand_in(style.colour) for style in drawn]),
        legend=None,
    )
    dash = alt.StrokeDash(
        "series:O", scale=alt.Scale(domain=order, range=[list(style.dash) for style in drawn]), legend=None
    )
    shape = alt.Shape("series:O", scale=alt.Scale(domain=order, range=[style.shape for style in drawn]), legend=None)
    x, y = _x(figure.x), _y(figure.y)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y, color=colour)
    bars = [row for row in rows if row["low"] is not None]
    spread = alt.Chart(alt.InlineData(values=bars)).mark_rule(strokeWidth=2, opacity=0.55, clip=True)
    return [
        *([spread.encode(x=x, y=_y(figure.y, "low"), y2=alt.Y2("high:Q"), color=colour)] if bars else []),
        base.mark_line(strokeWidth=2, clip=True).encode(strokeDash=dash, detail="series:O"),
        base.mark_point(filled=True, size=55, opacity=1).encode(shape=shape),
    ]


def _marks(figure: Figure, panel: Panel) -> list[alt.Chart]:
    """Draw what the points are read against: the level of no gain, the cores, the ideal."""
    marks = []
    if panel.level is not None:
        level = alt.Chart(alt.InlineData(values=[{"y": panel.level}]))
        marks.append(level.mark_rule(color=MUTED, strokeWidth=1).encode(y=_y(figure.y)))
    if panel.mark is not None and figure.x.low <= panel.mark[0] <= figure.x.high:
        cores = alt.Chart(alt.InlineData(values=[{"x": panel.mark[0], "label": panel.mark[1], "y": figure.y.low}]))
        marks.append(cores.mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 3]).encode(x=_x(figure.x)))
        text = cores.mark_text(color=MUTED, align="left", baseline="bottom", dx=5, dy=-4, fontSize=_FONT_SIZE - 1)
        marks.append(text.encode(x=_x(figure.x), y=_y(figure.y), text="label:N"))
    if panel.ideal:
        ideal = alt.Chart(alt.InlineData(values=[{"x": x, "y": y} for x, y in panel.ideal]))
        marks.append(
            ideal.mark_line(color=INK, strokeWidth=1, opacity=0.6, clip=True).encode(x=_x(figure.x), y=_y(figure.y))
        )
    return marks


def _row(point: Point, number: int, together: int) -> dict[str, Any]:
    """Return a point as the chart's data; points of several series at one x stand a little apart."""
    x = point.x * _DODGE ** (number - (together - 1) / 2) if together > 1 else point.x
    return {"series": number, "x": x, "y": point.y, "low": point.low, "high": point.high}


def _x(axis: Axis) -> alt.X:
    return alt.X("x:Q", title=axis.title, scale=_scale(axis), axis=_ticks(axis, grid=False))


def _y(axis: Axis, field: str = "y") -> alt.Y:
    return alt.Y(f"{field}:Q", title=axis.title, scale=_scale(axis), axis=_ticks(axis, grid=True))


def _scale(axis: Axis) -> alt.Scale:
    return alt.Scale(type="log", base=2, domain=[axis.low, axis.high], nice=False)


def _ticks(axis: Axis, *, grid: bool) -> alt.Axis:
    labels = "".join(f"abs(datum.value / {value!r} - 1) < 1e-9 ? '{label}' : " for value, label in axis.ticks)
    return alt.Axis(values=[value for value, _ in axis.ticks], labelExpr=f"{labels}''", grid=grid, labelOverlap=True)


def _configuration() -> dict[str, Any]:
    return {
        "aria": False,
        "background": "transparent",
        "font": _FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED,
            "labelFontSize": _FONT_SIZE,
            "titleColor": INK,
            "titleFontSize": _FONT_SIZE,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "domainColor": GRID,
            "gridColor": GRID,
            "tickColor": GRID,
        },
    }
