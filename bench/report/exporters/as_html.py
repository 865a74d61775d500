"""The report as one HTML page: no request, all text from run files escaped, and readable without its script."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from bench.report import charts, findings, glossary, judged, limits, reproduce, rows, series, svg, vega, wording
from bench.report.document import Report
from bench.report.exporters import as_csv, as_json
from bench.report.figures import Figure, Panel, TableOnly
from bench.report.findings import Topic
from bench.report.limits import Shown
from bench.report.live import Live
from bench.report.packing import integrity, packed
from bench.report.section import Section
from bench.report.series import Style

_TEMPLATES = ("page.html.j2", "macros.html.j2")
_SCRIPTS = ("numbers.js", "state.js", "charts.js", "results.js", "page.js")
_FILTERS = {"Executor": "executor", "Workload": "workload", "Payload": "workload", "Server": "workload"}
_SHOWN_IN: dict[Topic, str] = {
    "threads": "workloads",
    "processes": "workloads",
    "interpreters": "workloads",
    "releases": "together",
    "shared object": "together",
    "short tasks": "shortest-task",
    "sending": "round-trips",
    "payload": "crossovers",
    "transport": "round-trips",
    "steps": "ten-steps",
    "hogs": "latency",
    "downloads": "downloads",
    "client limit": "client-limit",
    "starting": "cold-starts",
    "imports": "imports",
    "sharing": "sharing-price",
}
STATIC_ROWS = 100
"""As many results stand in the page for who reads it without its script; the packed ones are there for all."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel with its picture, and the id that its live data goes by."""

    id: str
    panel: Panel
    picture: Markup


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure with its pictures, by run, and the legend's styles."""

    figure: Figure
    legend: dict[str, Style]
    groups: tuple[tuple[str, str | None, tuple[Drawn, ...]], ...]
    left_out: str | None


@dataclass(frozen=True, slots=True)
class DrawnSection:
    """A section with its figures drawn."""

    section: Section
    figures: tuple[DrawnFigure, ...]
    tables: tuple[TableOnly, ...]


def render(report: Report, bundled: Callable[[], str] = vega.bundle) -> str:
    """Return the whole page; needs Altair and vl-convert to draw. `bundled` gives the script of the live charts."""
    style = _read("page.css")
    script = "".join(_read(name) for name in _SCRIPTS)
    library = bundled()
    live = Live()
    labels = tuple(run.label for run in report.runs)
    sections = tuple(
        DrawnSection(
            section,
            tuple(_figure(limits.shown(figure), live, labels) for figure in section.figures),
            tuple(map(limits.table_only, section.tables)),
        )
        for section in report.sections
    )
    overview = _figure(limits.shown(report.overview), live, labels) if report.overview else None
    policy = (
        f"default-src 'none'; style-src '{integrity(style)}'; script-src '{integrity(script)}' '{integrity(library)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            report=report,
            sections=sections,
            linked=_linked(report),
            foremost=findings.FOREMOST,
            judged=lambda verdict: limits.table(judged.table(verdict)),
            overview=overview,
            columns=rows.COLUMNS,
            shown=rows.foremost(report, STATIC_ROWS),
            filters=_FILTERS,
            wording=wording,
            glossary=glossary.ENTRIES,
            reproduce=reproduce.commands(report.runs),
            anchor=rows.anchor,
            # Markup: style and script are files of ours, and the hashes in the policy are of these very bytes.
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=policy,
            vega=packed(library),
            live=packed(live.text()),
            json=packed(as_json.render(report)),
            csv=packed(as_csv.render(report)),
        )
    )


def _linked(report: Report) -> dict[Topic, str]:
    """Return the figure that shows what a finding says, by its topic, for the figures that there are."""
    held = {figure.anchor for figure in report.figures}
    held |= {table.anchor for section in report.sections for table in section.tables}
    return {topic: anchor for topic, anchor in _SHOWN_IN.items() if anchor in held}


def _figure(shown: Shown, live: Live, labels: tuple[str, ...]) -> DrawnFigure:
    figure = shown.figure
    first = {"executor": series.KINDS, "python": labels, "other": figure.series}[figure.series_are]
    styles = series.styles(figure.series, first)
    names = tuple(styles)
    specified = charts.specification(figure, styles)
    live.add(figure, specified, names)
    groups = []
    for row, group in enumerate(figure.groups):
        drawn = []
        for column, panel in enumerate(group.panels):
            identifier = f"{figure.anchor}-{row}-{column}"
            data = charts.datasets(figure, panel, names)
            live.add_panel(figure, identifier, data)
            picture = svg.themed(
                charts.draw(specified, data),
                name=f"{figure.table.caption.partition('.')[0]}: {wording.printable(panel.title)}. "
                "The same data is in the table below.",
                prefix=f"{identifier}-",
                colours=series.COLOURS,
            )
            # Markup: `themed` has let through drawing elements and their attributes alone.
            drawn.append(Drawn(identifier, panel, Markup(picture)))  # noqa: S704
        groups.append((group.title, group.python, tuple(drawn)))
    return DrawnFigure(figure, styles, tuple(groups), shown.left_out)


@cache
def _templates() -> Environment:
    return Environment(
        loader=DictLoader({name: _read(name) for name in _TEMPLATES}),
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
