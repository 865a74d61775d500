"""All results at a glance: how the ratios of each suite spread, over however many rows there are."""

from collections.abc import Iterable

import numpy as np

from bench.instrument import units
from bench.report import axes
from bench.report.figures import Axis, Figure, Panel, PanelGroup, Point, Table
from bench.report.rows import Row

_POINTS = 41
_SHARES = tuple((part / 4, f"{25 * part} %") for part in range(5))
_TOLD = (0.05, 0.25, 0.5, 0.75, 0.95)
_FEWEST = 4


def figure(rows: Iterable[Row]) -> Figure | None:
    """Return how much of the results have at most which ratio to their reference, a line a suite; None for a handful.

    Results are aggregated to quantiles, so the figure is as large for fifty rows as for fifty thousand.
    """
    suites: dict[str, list[float]] = {}
    for row in rows:
        if row.speed_up:
            suites.setdefault(row.benchmark.suite or "of no suite", []).append(row.speed_up.value)
    held = {suite: np.asarray(values) for suite, values in suites.items() if len(values) >= _FEWEST}
    if not held:
        return None
    points = tuple(
        Point(
            suite,
            float(np.quantile(values, share)),
            float(share),
            tip=f"{share:.0%} of {values.size:,} results: at most {units.faster(float(np.quantile(values, share)))}",
        )
        for suite, values in held.items()
        for share in np.linspace(0, 1, min(_POINTS, values.size))
    )
    count = sum(values.size for values in held.values())
    ahead = sum(int((values > 1).sum()) for values in held.values())
    return Figure(
        anchor="overview",
        heading=f"{ahead:,} of {count:,} results with a reference are faster than it",
        reading="A line left of 1x is slower than its reference, right of it faster; upright, results are alike.",
        method=(
            "Quantiles over results, each the median of its rounds' paired log ratios; results are no sample of "
            f"anything, so no interval. n = {count:,} results."
        ),
        x=axes.speed_up((point.x for point in points), "speed-up over the reference"),
        y=Axis("share of the results", -0.02, 1.02, _SHARES, log=False),
        groups=(PanelGroup("", (Panel("All results that have a reference", points),)),),
        table=Table(
            "Speed-ups over the reference, by suite",
            ("Suite", *(f"{share:.0%} at most" for share in _TOLD), "Results"),
            (
                (
                    "",
                    tuple(
                        (
                            suite,
                            *(units.faster(float(value)) for value in np.quantile(values, _TOLD)),
                            f"{values.size:,}",
                        )
                        for suite, values in held.items()
                    ),
                ),
            ),
        ),
        series_are="other",
    )
