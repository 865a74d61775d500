"""How numbers are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument import units

POSITIVE = st.floats(min_value=1e-12, max_value=1e12)


@pytest.mark.parametrize(
    ("value_s", "text"),
    [
        (1.234e-9, "1.23 ns"),
        (5e-13, "0.000500 ns"),
        (4.5e-8, "45.0 ns"),
        (1.5e-6, "1.50 \N{MICRO SIGN}s"),
        (0.00186, "1.86 ms"),
        (0.9994, "999 ms"),
        (0.99951, "1.00 s"),
        (999.6e-6, "1.00 ms"),
        (250, "250 s"),
        (1234.5, "1,230 s"),
        (0, "0 ns"),
    ],
)
def test_seconds(value_s: float, text: str) -> None:
    """Three digits, in the unit that fits the value as it is rounded."""
    assert units.seconds(value_s) == text


@pytest.mark.parametrize(
    ("value_bytes", "text"),
    [
        (0, "0 B"),
        (64, "64 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (1536, "1.50 KiB"),
        (1 << 20, "1 MiB"),
        (10_000_000, "9.54 MiB"),
        (64 << 30, "64 GiB"),
    ],
)
def test_size(value_bytes: int, text: str) -> None:
    """Whole numbers of a unit stand without decimals."""
    assert units.size(value_bytes) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1.86, "1.86x faster"), (1 / 1.02, "1.02x slower"), (1.0, "1.00x faster"), (0.001, "1,000x slower")],
)
def test_faster(ratio: float, text: str) -> None:
    """Ratios below one are named by their reciprocal."""
    assert units.faster(ratio) == text


def test_rounds_of_axes() -> None:
    """Ticks have no decimals that they do not need."""
    assert units.round_seconds(0.01) == "10 ms"
    assert units.round_ratio(4) == "4x"
    assert units.round_ratio(0.25) == "1/4x"


def test_bandwidth() -> None:
    """Bytes per second are sizes per second."""
    assert units.bandwidth(1.5 * (1 << 30)) == "1.50 GiB/s"


@given(POSITIVE)
def test_number_keeps_three_digits(value: float) -> None:
    """What is written is within half a unit of the third digit, and has no exponent."""
    text = units.number(value)

    assert "e" not in text
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=0.00501)


@given(POSITIVE)
def test_faster_is_never_below_one(ratio: float) -> None:
    """Neither direction is ever stated with a factor below one."""
    assert float(units.faster(ratio).partition("x")[0].replace(",", "")) >= 1


@given(st.floats(min_value=1e-9, max_value=999))
def test_seconds_never_show_a_thousand_of_a_unit(value_s: float) -> None:
    """A value that rounds up to the next unit is written in it."""
    assert float(units.seconds(value_s).partition(" ")[0].replace(",", "")) < 1000


@pytest.mark.parametrize(("text", "value_s"), [("90", 90), ("90s", 90), ("4.5m", 270), ("1h", 3600), (" 2 m ", 120)])
def test_parse_seconds(text: str, value_s: float) -> None:
    """A number and a unit, seconds where there is none."""
    assert units.parse_seconds(text) == value_s


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "s", "1ms", "1e3", "nan", "inf", "1m30s", "\u0663"])
def test_parse_seconds_refuses_the_rest(text: str) -> None:
    """With the text in the message."""
    with pytest.raises(ValueError, match="is no time: give"):
        units.parse_seconds(text)
