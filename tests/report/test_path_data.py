"""A shortened path is the same path: what it passes through is worked out here step by step."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.path_data import shortened

Points = list[tuple[float, ...]]
TAKEN = {"m": 2, "l": 2, "h": 1, "v": 1, "a": 7, "z": 0}
number = st.integers(-9999, 9999).map(lambda tenths: tenths / 10)
pair = st.tuples(number, number).map(lambda both: f"{both[0]:g},{both[1]:g}")
segment = st.one_of(
    st.builds("{}{}".format, st.sampled_from("Ll"), pair),
    st.builds("{}{:g}".format, st.sampled_from("HhVv"), number),
    st.builds("{}{:g},{:g},0,{:d},1,{}".format, st.sampled_from("Aa"), number, number, st.integers(0, 1), pair),
)
subpath = st.builds(
    "{}{}{}{}".format,
    st.sampled_from("Mm"),
    pair,
    st.lists(segment, max_size=6).map("".join),
    st.sampled_from(["", "Z", "z"]),
)


def passed_through(data: str) -> list[Points]:
    """Return where each subpath leads, one entry a segment, of those that draw; arcs with their parameters."""
    read = re.findall(r"[a-zA-Z]|-?(?:\d+\.?\d*|\.\d+)", data)
    x = y = 0.0
    subpaths: list[Points] = []
    letter, place = "", 0
    while place < len(read):
        if read[place].isalpha():
            letter, place = read[place], place + 1
        values = [float(value) for value in read[place : place + TAKEN[letter.lower()]]]
        place += len(values)
        before = (x, y) if letter.islower() else (0.0, 0.0)
        match letter.lower():
            case "h":
                x = before[0] + values[0]
            case "v":
                y = before[1] + values[0]
            case "z":
                x, y = subpaths[-1][0][:2]
            case _:
                x, y = before[0] + values[-2], before[1] + values[-1]
        if letter in "Mm":
            subpaths.append([])
            letter = {"M": "L", "m": "l"}[letter]  # as more points after a move are lines
        subpaths[-1].append((x, y, *(values[:5] if letter in "Aa" else ())))
    return [one for one in subpaths if len(set(one)) > 1]


@given(st.lists(subpath, min_size=1, max_size=4).map("".join))
def test_it_passes_through_the_same_points(data: str) -> None:
    """To a tenth."""
    short = shortened(data)
    expected, found = passed_through(data), passed_through(short)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert len(one) == len(other)
        for reached, wanted in zip(one, other, strict=True):
            assert reached == pytest.approx(wanted, abs=0.06)


@pytest.mark.parametrize(
    ("data", "short"),
    [
        ("M0,0L10,0L10,10L0,10Z", "m0,0h10v10h-10z"),
        ("M1.04,2L3,4L5,6L4,6", "m1,2,2,2,2,2h-1"),
        ("M5,5ZM1,1L2,1.5", "m1,1,1,.5"),
        ("M181,120.2Z", ""),
        ("M2,0A1,1,0,1,1,0,0", "m2,0a1,1,0,1,1-2,0"),
        ("M0,0C1,1,2,2,3,3", "M0,0C1,1,2,2,3,3"),
    ],
)
def test_what_it_writes(data: str, short: str) -> None:
    """Steps without a letter or mark to spare; nothing of what draws nothing, and no curve that it does not know."""
    assert shortened(data) == short
