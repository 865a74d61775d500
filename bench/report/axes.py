"""Axes for panels: domain and ticks that fit the values; all logarithmic, since what is shown spans decades."""

import math
from collections.abc import Callable, Iterable

from bench.instrument import units
from bench.report.figures import Axis

_MARGIN = 1.15
_BYTES_PER_TICK = 16
_MOST_TICKS = 9


def workers(values: Iterable[float]) -> Axis:
    """Count workers from one, a tick at each power of two."""
    _, high = _extent(values)
    ticks = _powers(2, 1, high)
    return _axis("workers", 1 / _MARGIN, ticks[-1] * _MARGIN, ticks, "{:,.0f}".format)


def payload_bytes(values: Iterable[float]) -> Axis:
    """Show payload sizes, a tick at every sixteenfold."""
    low, high = _extent(values)
    steps = math.floor(math.log(high / low, _BYTES_PER_TICK) + 1e-9)
    ticks = [low * _BYTES_PER_TICK**step for step in range(steps + 1)]
    return _axis("payload", low / _MARGIN, high * _MARGIN, ticks, units.size)


def time(values_s: Iterable[float], title: str) -> Axis:
    """Show times, a tick at each power of ten."""
    ticks = _powers(10, *_extent(values_s))
    return _axis(title, ticks[0], ticks[-1], ticks, units.round_seconds)


def speed_up(values: Iterable[float], title: str) -> Axis:
    """Show speed-ups around 1x, a tick at each power of two: as far down for slower as up for faster."""
    low, high = _extent(values)
    ticks = _powers(2, min(low, 0.5), max(high, 2))
    return _axis(title, ticks[0] / _MARGIN, ticks[-1] * _MARGIN, ticks, units.round_ratio)


def _axis(title: str, low: float, high: float, ticks: list[float], label: Callable[[float], str]) -> Axis:
    step = math.ceil(len(ticks) / _MOST_TICKS)
    return Axis(title, low, high, tuple((tick, label(tick)) for tick in ticks[::step]))


def _extent(values: Iterable[float]) -> tuple[float, float]:
    held = tuple(values)
    return min(held), max(held)


def _powers(base: int, low: float, high: float) -> list[float]:
    """Return the powers of a base from the last one below `low` to the first one above `high`, at least two."""
    first, last = math.floor(math.log(low, base) + 1e-9), math.ceil(math.log(high, base) - 1e-9)
    return [float(base) ** exponent for exponent in range(first, max(last, first + 1) + 1)]
