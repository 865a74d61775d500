"""What all charts share: size, axes, and the looks of what is no mark."""

from typing import Any

import altair as alt

from bench.report.figures import Axis
from bench.report.svg import GRID, INK, MUTED

WIDTH, HEIGHT = 260, 200
FONT_SIZE = 12
_APART = 6
"""Between labels of ticks: every other one is left out where they are closer."""
_FONT = "sans-serif"


def data(name: str) -> alt.NamedData:
    """Return a reference to one of a panel's data sets."""
    return alt.NamedData(name=name)


def scale(axis: Axis) -> alt.Scale:
    """Return the scale of a quantity."""
    if axis.log:
        return alt.Scale(type="log", base=2, domain=[axis.low, axis.high], nice=False)
    return alt.Scale(domain=[axis.low, axis.high], nice=False)


def ticks(axis: Axis, *, grid: bool) -> alt.Axis:
    """Return an axis with the given ticks alone, labelled with our own words for them."""
    labels = "".join(
        f"abs(datum.value - {value!r}) <= {abs(value)!r} * 1e-9 ? '{label}' : " for value, label in axis.ticks
    )
    return alt.Axis(
        values=[value for value, _ in axis.ticks],
        labelExpr=f"{labels}''",
        grid=grid,
        labelOverlap=True,
        labelSeparation=_APART,
    )


def configuration() -> dict[str, Any]:
    """Return how everything looks that no mark says otherwise."""
    return {
        "aria": False,
        "background": "transparent",
        "font": _FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED,
            "labelFontSize": FONT_SIZE,
            "titleColor": INK,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "domainColor": GRID,
            "gridColor": GRID,
            "tickColor": GRID,
        },
    }
