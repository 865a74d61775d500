"""Stack: shares of a whole, one bar a category, its parts numbered so that no colour is needed to tell them."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from bench.report.charts import frame
from bench.report.figures import Figure, Panel
from bench.report.series import Style
from bench.report.svg import MUTED, ON_SERIES, series_stand_in

_LEAST_LABELLED = 0.05


def layers(figure: Figure, styles: Mapping[str, Style]) -> list[alt.Chart]:
    """Return the bars, the numbers of their parts, and what each whole comes to."""
    order = list(range(len(styles)))
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=order, range=[series_stand_in(style.colour) for style in styles.values()]),
        legend=None,
    )
    x = alt.X("category:N", sort=None, title=figure.x.title, axis=alt.Axis(labelAngle=0, labelOverlap=True, grid=False))
    y = alt.Y("low:Q", title=figure.y.title, scale=frame.scale(figure.y), axis=frame.ticks(figure.y, grid=True))
    parts = alt.Chart(frame.data("points"))
    numbers = parts.transform_filter(f"datum.high - datum.low >= {_LEAST_LABELLED}")
    return [
        parts.mark_bar(strokeWidth=0).encode(x=x, y=y, y2=alt.Y2("high:Q"), color=colour, tooltip=alt.Tooltip("tip:N")),
        numbers.mark_text(color=ON_SERIES, fontSize=frame.FONT_SIZE - 2, fontWeight="bold").encode(
            x=x, y=alt.Y("middle:Q", scale=frame.scale(figure.y)), text="label:N"
        ),
        alt.Chart(frame.data("totals"))
        .mark_text(color=MUTED, baseline="bottom", dy=-4, fontSize=frame.FONT_SIZE - 2)
        .encode(x=x, y=alt.Y("top:Q", scale=frame.scale(figure.y)), text="label:N"),
    ]


def datasets(figure: Figure, panel: Panel, names: Sequence[str]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return each part with where it starts and ends, and the wholes; parts lie in the order of `names`."""
    numbers = {name: number for number, name in enumerate(names)}
    place = {category: index for index, category in enumerate(figure.categories)}
    tops = dict.fromkeys(place, 0.0)
    rows = []
    for point in sorted(panel.points, key=lambda point: (place[point.category], numbers[point.series])):
        low = tops[point.category]
        high = tops[point.category] = low + point.y
        rows.append(
            {
                "series": numbers[point.series],
                "category": point.category,
                "low": low,
                "high": high,
                "middle": (low + high) / 2,
                "label": point.series.partition(" ")[0],
                "tip": point.tip,
            }
        )
    totals = [{"category": name, "label": text, "top": tops[name]} for name, text in panel.totals]
    return {"points": rows, "totals": totals}
