"""Axes for panels: domain and ticks that fit the values; all logarithmic, since what is shown spans decades."""

import math
from collections.abc import Callable, Iterable

from bench.instrument import units
from bench.report.figures import Axis

_MARGIN = 1.15
_BYTES_PER_TICK = 16
_MOST_TICKS = 9
_MOST_NAMED_TICKS = 3
_MOST_EVEN_TICKS = 5
_EVEN = tuple(digit * 10**power for power in range(10) for digit in (1, 2, 5))
_NEAR = (1.05, 1.1, 1.2, 1.5)
"""Where all ratios lie closer to 1x than this, the axis ends there."""


NAMES = Axis("", 0, 1, ())
"""The axis of a form that has names where others have a quantity."""


def labelled(title: str) -> Axis:
    """Return the axis of categories that have a title in common."""
    return Axis(title, 0, 1, ())


def shares(title: str) -> Axis:
    """Show shares of a whole, with room above for what the whole comes to."""
    return Axis(title, 0, 1.08, tuple((part / 4, f"{25 * part} %") for part in range(5)), log=False)


def rates(values: Iterable[float], title: str, label: Callable[[float], str]) -> Axis:
    """Show a rate over decades, a tick at each power of ten."""
    ticks = _powers(10, *_extent(values))
    return _axis(title, ticks[0], ticks[-1], ticks, label)


def counts(values: Iterable[float], title: str) -> Axis:
    """Show counts from zero, evenly apart, a tick at every so many."""
    most = max(values)
    step = next(step for step in _EVEN if most / step <= _MOST_EVEN_TICKS)
    ticks = [step * place for place in range(int(most // step) + 1)]
    return Axis(title, 0, most * _MARGIN, tuple((float(tick), f"{tick:,}") for tick in ticks), log=False)


def bandwidth(values: Iterable[float], title: str) -> Axis:
    """Show bytes a second, a tick at every sixteenfold."""
    low, high = _extent(values)
    ticks = _powers(_BYTES_PER_TICK, low, high)
    return _axis(title, ticks[0], ticks[-1], ticks, units.bandwidth)


def slowdown(values: Iterable[float], title: str) -> Axis:
    """Show ratios of times around 1x, as far to slower as to faster when they are close, each named as what it is."""
    return _around_one(values, title, lambda ratio: _named(ratio, above="slower", below="faster"))


def speed_up(values: Iterable[float], title: str) -> Axis:
    """Show speed-ups around 1x, as slowdown() does ratios of times."""
    return _around_one(values, title, lambda ratio: _named(ratio, above="faster", below="slower"))


def near_one(values: Iterable[float], title: str) -> Axis:
    """Show ratios that lie close to 1x, a tick at each step that fits."""
    low, high = _extent(values)
    nearest = next((step for step in _NEAR if low >= 1 / step and high <= step), None)
    ticks = [1 / nearest, 1.0, nearest] if nearest else _powers(2, min(low, 0.5), max(high, 2))
    return _axis(title, ticks[0], ticks[-1], ticks, lambda ratio: _named(ratio, above="slower", below="faster"))


def _around_one(values: Iterable[float], title: str, label: Callable[[float], str]) -> Axis:
    low, high = _extent(values)
    nearest = next((step for step in _NEAR if low >= 1 / step and high <= step), None)
    if nearest:
        ticks = [1 / nearest, 1.0, nearest]
    else:
        # The base that needs few enough ticks for each to have its words: 1x is always one of them.
        span = max(high, 1) / min(low, 1)
        base = next((base for base in (2, 4, 10) if math.log(span, base) <= _MOST_NAMED_TICKS), 100)
        ticks = _powers(base, min(low, 1 / 2), max(high, 2))
    return _axis(title, ticks[0] / _MARGIN, ticks[-1] * _MARGIN, ticks, label)


def _named(ratio: float, *, above: str, below: str) -> str:
    if ratio == 1:
        return "1x"
    return f"{ratio:,.4g}x {above}" if ratio > 1 else f"{1 / ratio:,.4g}x {below}"


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
