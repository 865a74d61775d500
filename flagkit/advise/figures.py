"""How figures are written in what `flagkit advise` says: three significant digits, and units that fit."""

import math

__all__ = ["percent", "ratio", "seconds", "size"]

SECOND_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "\N{MICRO SIGN}s"), (1e-9, "ns"))
BYTE_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
DIGITS = 3
LEAST_RATIO = 0.01


def seconds(value_s: float) -> str:
    """Write a time: 12.3 ms."""
    return _with_unit(value_s, SECOND_UNITS)


def size(value_bytes: float) -> str:
    """Write a size: 4.00 MiB, 27 B."""
    return f"{value_bytes:.0f} B" if value_bytes < BYTE_UNITS[2][0] else _with_unit(value_bytes, BYTE_UNITS)


def ratio(value: float) -> str:
    """Write how many times: 3.10x; what is below a hundredth is as good as nothing."""
    return f"{_number(value)}x" if value >= LEAST_RATIO else f"< {LEAST_RATIO}x"


def percent(share: float) -> str:
    """Write a share: 83%."""
    return f"{100 * share:.0f}%"


def _with_unit(value: float, units: tuple[tuple[float, str], ...]) -> str:
    for scale, unit in units:
        if value >= scale:
            return f"{_number(value / scale)} {unit}"
    scale, unit = units[-1]
    return f"{_number(value / scale)} {unit}"


def _number(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:,.{max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))}f}"
