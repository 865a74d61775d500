"""Intervals: ratios on an axis centred on 1x, a row a category, a mark a series within it."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from bench.report.charts import frame
from bench.report.figures import Figure, Panel
from bench.report.series import Style
from bench.report.svg import MUTED, series_stand_in

WIDTH = 230
HEIGHT = alt.Step(12, **{"for": "offset"})
"""Each mark of a row has its own line, so that a chart is as high as what it shows."""
_LABEL_WIDTH = 170
_HEAD, _TAIL = 10, 13
_SHORTENED = (
    f"length(datum.label) > {_HEAD + 1 + _TAIL} ? "
    f"slice(datum.label, 0, {_HEAD}) + '…' + slice(datum.label, -{_TAIL}) : datum.label"
)
"""Names that begin alike differ at their end: the middle is left out, and a mark's tip has all of it."""


def layers(figure: Figure, styles: Mapping[str, Style]) -> list[alt.Chart]:
    """Return the level of no difference, the intervals, the marks."""
    order = list(range(len(styles)))
    drawn = list(styles.values())
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=order, range=[series_stand_in(style.colour) for style in drawn]),
        legend=None,
    )
    shape = alt.Shape("series:N", scale=alt.Scale(domain=order, range=[style.shape for style in drawn]), legend=None)
    y = alt.Y(
        "category:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelExpr=_SHORTENED, labelLimit=_LABEL_WIDTH, ticks=False, domain=False, labelPadding=6),
    )
    beside = alt.YOffset("series:N", scale=alt.Scale(paddingOuter=0.5))
    x = _x(figure)
    points = alt.Chart(frame.data("points"))
    level = alt.Chart(frame.data("level")).mark_rule(color=MUTED, strokeWidth=1)
    return [
        level.encode(x=x),
        points.transform_filter("datum.low != null")
        .mark_rule(strokeWidth=2.5, opacity=0.6)
        .encode(x=_x(figure, "low"), x2=alt.X2("high:Q"), y=y, yOffset=beside, color=colour),
        points.mark_point(filled=True, size=60, opacity=1).encode(
            x=x, y=y, yOffset=beside, color=colour, shape=shape, tooltip=alt.Tooltip("tip:N")
        ),
    ]


def datasets(figure: Figure, panel: Panel, names: Sequence[str]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return each mark with its interval, and the level of no difference."""
    del figure
    numbers = {name: number for number, name in enumerate(names)}
    rows = [
        {
            "series": numbers[point.series],
            "category": point.category,
            "x": point.x,
            "low": point.low,
            "high": point.high,
            "tip": point.tip,
        }
        for point in panel.points
    ]
    return {"points": rows, "level": [] if panel.level is None else [{"x": panel.level}]}


def _x(figure: Figure, field: str = "x") -> alt.X:
    axis = figure.x
    return alt.X(f"{field}:Q", title=axis.title, scale=frame.scale(axis), axis=frame.ticks(axis, grid=True))
