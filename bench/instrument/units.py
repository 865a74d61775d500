"""Every number that people read is written here: three significant digits, units that fit, ratios as reciprocals."""

import math
import re

_SECOND_UNITS = ((1e-9, "ns"), (1e-6, "\N{MICRO SIGN}s"), (1e-3, "ms"), (1.0, "s"))
_BYTE_UNITS = ((1, "B"), (1 << 10, "KiB"), (1 << 20, "MiB"), (1 << 30, "GiB"))
_DIGITS = 3


def number(value: float) -> str:
    """Write a number with three significant digits, without an exponent: 0.0123, 1.86, 14.0, 127, 12,300."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, _DIGITS - 1 - magnitude)
    magnitude = math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, _DIGITS - 1 - magnitude)}f}"


def seconds(value_s: float) -> str:
    """Write a time: 12.3 ns to 1,230 s."""
    scale, unit = _fitting(value_s, _SECOND_UNITS)
    return f"{number(value_s / scale)} {unit}"


def parse_seconds(text: str) -> float:
    """Read a positive time in seconds, minutes or hours: 90, 90s, 4.5m, 1h. Raises ValueError for anything else."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|)", text.strip())
    value_s = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
    if value_s <= 0:
        raise ValueError(f"{text!r} is no time: give 90s, 4.5m or 1h")
    return value_s


def round_seconds(value_s: float) -> str:
    """Write a round time, such as an axis has, without decimals: 10 ms."""
    scale, unit = _fitting(value_s, _SECOND_UNITS)
    return f"{value_s / scale:,.3g} {unit}"


def size(value_bytes: float) -> str:
    """Write a size in binary units; a whole number of them has no decimals: 64 B, 1.50 KiB, 1 MiB."""
    scale, unit = _fitting(value_bytes, _BYTE_UNITS)
    scaled = value_bytes / scale
    return f"{scaled:,.0f} {unit}" if scaled == int(scaled) else f"{number(scaled)} {unit}"


def bandwidth(value_bytes_per_s: float) -> str:
    """Write bytes per second: 1.20 GiB/s."""
    return f"{size(value_bytes_per_s)}/s"


def times(ratio: float) -> str:
    """Write how many times: 14.0x."""
    return f"{number(ratio)}x"


def round_ratio(ratio: float) -> str:
    """Write a round ratio, such as an axis has: 4x, 1x, and 1/4x below."""
    return f"{ratio:,.4g}x" if ratio >= 1 else f"1/{1 / ratio:,.4g}x"


def faster(ratio: float) -> str:
    """Write a speed-up, which is reference time / time: 1.86x faster above 1, the reciprocal below: 1.02x slower."""
    return f"{times(ratio)} faster" if ratio >= 1 else f"{times(1 / ratio)} slower"


def slower(ratio: float) -> str:
    """Write a ratio of times: 1.08x slower above 1, the reciprocal below: 1.02x faster."""
    return f"{times(ratio)} slower" if ratio >= 1 else f"{times(1 / ratio)} faster"


def _fitting(value: float, units: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """Return the largest unit in which the value, as it will be rounded, is at least 1; else the smallest."""
    for scale, unit in reversed(units):
        if abs(value) / scale >= 1 - 0.5 * 10**-_DIGITS:
            return scale, unit
    return units[0]
