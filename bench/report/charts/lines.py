"""Lines: one quantity against another, a line a series, with intervals, fits, and what they are read against."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from bench.report.charts import frame
from bench.report.figures import Axis, Figure, Panel, Point
from bench.report.series import Style
from bench.report.svg import INK, MUTED, series_stand_in

_DODGE = 1.025
_FIT_DASH = [1, 4]


def layers(figure: Figure, styles: Mapping[str, Style]) -> list[alt.Chart]:
    """Return the layers, those that are read against first."""
    order = list(range(len(styles)))
    drawn = list(styles.values())
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=order, range=[series_stand_in(style.colour) for style in drawn]),
        legend=None,
    )
    dash = alt.StrokeDash(
        "series:N", scale=alt.Scale(domain=order, range=[list(style.dash) for style in drawn]), legend=None
    )
    shape = alt.Shape("series:N", scale=alt.Scale(domain=order, range=[style.shape for style in drawn]), legend=None)
    x, y = _x(figure.x), _y(figure.y)
    points = alt.Chart(frame.data("points")).encode(x=x, y=y, color=colour)
    spread = alt.Chart(frame.data("points")).transform_filter("datum.low != null")
    fits = alt.Chart(frame.data("fits")).mark_line(strokeWidth=1.5, strokeDash=_FIT_DASH, clip=True)
    return [
        *_read_against(figure),
        *([fits.encode(x=x, y=y, color=colour, detail="series:N")] if figure.has_curves else []),
        spread.mark_rule(strokeWidth=2, opacity=0.55).encode(
            x=x, y=_y(figure.y, "low"), y2=alt.Y2("high:Q"), color=colour
        ),
        points.mark_line(strokeWidth=2).encode(strokeDash=dash, detail="series:N"),
        points.mark_point(filled=True, size=55, opacity=1).encode(shape=shape, tooltip=alt.Tooltip("tip:N")),
    ]


def datasets(figure: Figure, panel: Panel, names: Sequence[str]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return points, fits, and what they are read against."""
    numbers = {name: number for number, name in enumerate(names)}
    present = sorted({numbers[point.series] for point in panel.points})
    together = len(present) if figure.dodge else 1
    rows = [
        _row(point, numbers[point.series], present.index(numbers[point.series]), together) for point in panel.points
    ]
    rows.sort(key=lambda row: (row["series"], row["x"]))
    fits = [{"series": numbers[curve.series], "x": x, "y": y} for curve in panel.curves for x, y in curve.points]
    marked = panel.mark is not None and figure.x.low <= panel.mark[0] <= figure.x.high
    mark = [{"x": panel.mark[0], "label": panel.mark[1], "y": figure.y.low}] if panel.mark and marked else []
    level = [] if panel.level is None else [{"y": panel.level, "x": figure.x.low, "label": panel.level_label}]
    return {
        "points": rows,
        # No data of a layer that the figure has not: a live chart knows no such data set.
        **({"fits": fits} if figure.has_curves else {}),
        **({"level": level} if _has_level(figure) else {}),
        **({"mark": mark} if _has_mark(figure) else {}),
        **({"ideal": [{"x": x, "y": y} for x, y in panel.ideal]} if figure.has_ideal else {}),
    }


def _has_level(figure: Figure) -> bool:
    return any(panel.level is not None for panel in figure.panels)


def _has_mark(figure: Figure) -> bool:
    return any(panel.mark is not None for panel in figure.panels)


def _read_against(figure: Figure) -> list[alt.Chart]:
    """Draw the level and its name, the cores, the ideal: whichever of them the figure has."""
    x, y = _x(figure.x), _y(figure.y)
    level = alt.Chart(frame.data("level")).mark_rule(color=MUTED, strokeWidth=1).encode(y=y)
    named = alt.Chart(frame.data("level")).mark_text(
        color=MUTED, align="left", baseline="bottom", dx=4, dy=-2, fontSize=frame.FONT_SIZE - 1
    )
    mark = alt.Chart(frame.data("mark"))
    line = mark.mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 3]).encode(x=x)
    text = mark.mark_text(color=MUTED, align="left", baseline="bottom", dx=5, dy=-4, fontSize=frame.FONT_SIZE - 1)
    ideal = alt.Chart(frame.data("ideal")).mark_line(color=INK, strokeWidth=1, opacity=0.6)
    return [
        *([level] if _has_level(figure) else []),
        *([named.encode(x=x, y=y, text="label:N")] if any(panel.level_label for panel in figure.panels) else []),
        *([line, text.encode(x=x, y=y, text="label:N")] if _has_mark(figure) else []),
        *([ideal.encode(x=x, y=y)] if figure.has_ideal else []),
    ]


def _row(point: Point, number: int, place: int, together: int) -> dict[str, Any]:
    """Return a point as the chart's data; points of several series at one x stand a little apart."""
    x = point.x * _DODGE ** (place - (together - 1) / 2) if together > 1 else point.x
    return {"series": number, "x": x, "y": point.y, "low": point.low, "high": point.high, "tip": point.tip}


def _x(axis: Axis) -> alt.X:
    return alt.X("x:Q", title=axis.title, scale=frame.scale(axis), axis=frame.ticks(axis, grid=False))


def _y(axis: Axis, field: str = "y") -> alt.Y:
    return alt.Y(f"{field}:Q", title=axis.title, scale=frame.scale(axis), axis=frame.ticks(axis, grid=True))
