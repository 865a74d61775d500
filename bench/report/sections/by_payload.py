"""What figures over payload bytes have in common: a panel a payload, a line a way to send it, and their axes' ends."""

from collections.abc import Callable, Iterable

from bench.instrument import units
from bench.instrument.records import Benchmark
from bench.instrument.statistics import Estimate
from bench.report import wording
from bench.report.figures import Panel, PanelGroup, Point

Derive = Callable[[Benchmark], Estimate]
Write = Callable[[float], str]


def panels(
    items: list[Benchmark], series: Callable[[Benchmark], str | None], derive: Derive, write: Write
) -> tuple[Panel, ...]:
    """Return a panel a payload, in which `series` names the line of a benchmark and `derive` gives its point."""
    payloads: dict[str, list[Benchmark]] = {}
    for item in items:
        payloads.setdefault(item.text("payload") or "", []).append(item)
    return tuple(
        Panel(
            payload,
            tuple(
                Point.of(
                    series(item) or "",
                    item.integer("size_bytes") or 1,
                    estimate,
                    f"{units.size(item.integer('size_bytes') or 1)}: {write(estimate.value)} "
                    f"{wording.interval(estimate, write)}, n = {estimate.n:,}",
                )
                for item in held
                for estimate in (derive(item),)
            ),
            subject=payload,
        )
        for payload, held in payloads.items()
    )


def points(groups: Iterable[PanelGroup]) -> list[Point]:
    """Return all points of some groups."""
    return [point for group in groups for panel in group.panels for point in panel.points]


def ends(held: Iterable[Point]) -> list[float]:
    """Return all that an axis has to have room for: values and the ends of their intervals."""
    return [value for point in held for value in (point.y, point.low, point.high) if value is not None]
