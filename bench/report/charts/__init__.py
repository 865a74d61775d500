"""Draw figures with Altair: one specification a figure, its panels' data apart, so that both pictures are the same.

The static picture is rendered by vl-convert without a browser; the live one by Vega in the page, from the same
specification. Names from run files enter as data alone, never as part of an expression.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import altair as alt
import vl_convert

from bench.report.charts import frame, intervals, lines, stack
from bench.report.figures import Figure, Form, Panel
from bench.report.series import Style

Rows: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Drawing:
    layers: Callable[[Figure, Mapping[str, Style]], list[alt.Chart]]
    datasets: Callable[[Figure, Panel, Sequence[str]], dict[str, Rows]]
    height: float | alt.Step = frame.HEIGHT
    width: float = frame.WIDTH


_DRAWINGS: dict[Form, _Drawing] = {
    "lines": _Drawing(lines.layers, lines.datasets),
    "stack": _Drawing(stack.layers, stack.datasets),
    "intervals": _Drawing(intervals.layers, intervals.datasets, intervals.HEIGHT, intervals.WIDTH),
}


def specification(figure: Figure, styles: Mapping[str, Style]) -> dict[str, Any]:
    """Return the Vega-Lite specification of a figure's panels, without data, in stand-in colours."""
    drawing = _DRAWINGS[figure.form]
    chart = alt.layer(*drawing.layers(figure, styles)).properties(width=drawing.width, height=drawing.height)
    # Validation is Altair's own business when it builds; the same chart again and again need not be checked again.
    made: dict[str, Any] = chart.configure(**frame.configuration()).to_dict(validate=False)
    return made


def datasets(figure: Figure, panel: Panel, names: Sequence[str]) -> dict[str, Rows]:
    """Return a panel's data by the names that the specification knows; a series is its place in `names`."""
    return _DRAWINGS[figure.form].datasets(figure, panel, names)


def draw(specified: Mapping[str, Any], data: Mapping[str, Rows]) -> str:
    """Return one panel as SVG text, as Vega writes it."""
    return vl_convert.vegalite_to_svg({**specified, "datasets": dict(data)})
