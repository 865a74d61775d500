"""What the page's script needs to draw the charts again, live: a specification a figure, data a panel, names apart."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.report import series, svg, wording
from bench.report.charts import Rows
from bench.report.figures import Figure

_DIGITS = 5


class Live:
    """Gathers what live charts need, figure by figure."""

    def __init__(self) -> None:
        self._figures: dict[str, dict[str, Any]] = {}

    def add(self, figure: Figure, specified: Mapping[str, Any], names: Sequence[str]) -> None:
        """Add a figure: its specification in the page's own colours, and the names that stand for its series."""
        self._figures[figure.anchor] = {
            "specification": _themed(specified),
            "series": [wording.printable(name) for name in names],
            "seriesAre": figure.series_are,
            "categoriesAre": figure.categories_are,
            "panels": {},
        }

    def add_panel(self, figure: Figure, identifier: str, data: Mapping[str, Rows]) -> None:
        """Add a panel's data."""
        self._figures[figure.anchor]["panels"][identifier] = {
            name: [{key: _rounded(value) for key, value in row.items()} for row in rows] for name, rows in data.items()
        }

    def text(self) -> str:
        """Return all of it as JSON."""
        return json.dumps(self._figures, ensure_ascii=False, separators=(",", ":"))


def _themed(value: Any) -> Any:
    """Replace stand-in colours by the page's."""
    if isinstance(value, Mapping):
        return {name: _themed(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_themed(held) for held in value]
    return _THEMES.get(value, value) if isinstance(value, str) else value


def _rounded(value: object) -> object:
    """Keep of a coordinate what a screen can show."""
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


_THEMES = svg.variables(series.COLOURS)
