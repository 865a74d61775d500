"""The report as one HTML page: no script, no request, all text from run files escaped."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from bench.report import charts, rows, series, svg, wording
from bench.report.document import Report
from bench.report.figures import Figure, Panel
from bench.report.series import Style

TEMPLATE = "page.html.j2"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel with its picture."""

    title: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure with its pictures, by run, and the legend's styles."""

    figure: Figure
    legend: dict[str, Style]
    groups: tuple[tuple[str, tuple[Drawn, ...]], ...]


def render(report: Report) -> str:
    """Return the whole page; needs Altair and vl-convert to draw."""
    style = _read("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _template()
        .get_template(TEMPLATE)
        .render(
            report=report,
            figures=[_drawn(figure) for figure in report.figures],
            columns=rows.COLUMNS,
            wording=wording,
            anchor=rows.anchor,
            # Markup: the style is a file of ours, and the hash in the policy is of these very bytes.
            style=Markup(style),  # noqa: S704
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        )
    )


def _drawn(figure: Figure) -> DrawnFigure:
    styles = series.styles(figure.series)
    groups = tuple(
        (
            group.title,
            tuple(
                _panel(figure, panel, styles, f"{figure.anchor}-{row}-{column}-")
                for column, panel in enumerate(group.panels)
            ),
        )
        for row, group in enumerate(figure.groups)
    )
    return DrawnFigure(figure, styles, groups)


def _panel(figure: Figure, panel: Panel, styles: dict[str, Style], prefix: str) -> Drawn:
    picture = svg.themed(
        charts.draw(figure, panel, styles),
        name=f"{figure.table.caption.partition('.')[0]}: {panel.title}. The same data is in the table below.",
        prefix=prefix,
        colours=series.COLOURS,
    )
    # Markup: `themed` has let through drawing elements and their attributes alone.
    return Drawn(panel.title, Markup(picture))  # noqa: S704


@cache
def _template() -> Environment:
    return Environment(
        loader=DictLoader({TEMPLATE: _read(TEMPLATE)}),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalized(value: object) -> object:
    """Show no control character of a name; what is Markup is ours, and has line breaks."""
    return wording.printable(value) if type(value) is str else value


def _read(name: str) -> str:
    return (files("bench.report") / "templates" / name).read_text(encoding="utf-8")
