"""SVG path data as short as it can be: steps instead of points, and no letter or mark that may be left out.

Source of the grammar: SVG 2, chapter 9, https://www.w3.org/TR/SVG2/paths.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["shortened"]

_COMMAND = re.compile(r"([a-zA-Z])([^a-zA-Z]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_PARAMETERS = {"m": 2, "l": 2, "h": 1, "v": 1, "a": 7, "z": 0}
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Segment:
    """Leads to `end` by a line, or an arc with these parameters; `closes` where that is the subpath's start."""

    end: Point
    arc: tuple[float, ...] = ()
    closes: bool = False


def shortened(data: str) -> str:
    """Return the same path to a tenth of a unit, without subpaths that draw nothing: those of a single point.

    It knows the commands M, L, H, V, A and Z, absolute or relative; data with any other is returned as it is.
    """
    commands = [(letter, _NUMBER.findall(numbers)) for letter, numbers in _COMMAND.findall(data)]
    if any(letter.lower() not in _PARAMETERS for letter, _ in commands):
        return data
    written: list[str] = []
    here = (0, 0)
    for subpath in _subpaths(commands):
        if all(segment.end == subpath[0].end and not segment.arc for segment in subpath):
            continue
        start = _tenths(subpath[0].end)
        written.append("m" + _numbers(start[0] - here[0], start[1] - here[1]))
        here = start
        for segment in subpath[1:]:
            if segment.closes:
                written.append("z")
                here = start
                continue
            there = _tenths(segment.end)
            written.append(_step(there[0] - here[0], there[1] - here[1], segment.arc))
            here = there
    return _without_repeated_letters(written)


def _subpaths(commands: list[tuple[str, list[str]]]) -> Iterator[list[_Segment]]:
    """Yield the segments of each subpath, the first of which is where it starts."""
    subpath: list[_Segment] = []
    here, start = (0.0, 0.0), (0.0, 0.0)
    for letter, numbers in commands:
        name = letter.lower()
        count = _PARAMETERS[name]
        for first in range(0, max(len(numbers), 1), count or 1):
            own = [float(number) for number in numbers[first : first + count]]
            if name == "z":
                subpath.append(_Segment(start, closes=True))
                here = start
                continue
            here = _end(letter, own, here)
            if name == "m" and first == 0:
                if subpath:
                    yield subpath
                subpath, start = [], here
            subpath.append(_Segment(here, tuple(own[:5]) if name == "a" else ()))
    if subpath:
        yield subpath


def _end(letter: str, own: list[float], here: Point) -> Point:
    x, y = here if letter.islower() else (0.0, 0.0)
    if letter.lower() == "h":
        return x + own[0], here[1]
    if letter.lower() == "v":
        return here[0], y + own[0]
    return x + own[-2], y + own[-1]


def _tenths(point: Point) -> tuple[int, int]:
    """Return whole numbers of tenths: steps between these add up to where they lead."""
    return round(point[0] * 10), round(point[1] * 10)


def _step(right: int, down: int, arc: tuple[float, ...]) -> str:
    if arc:
        return "a" + _numbers(*(round(value * 10) for value in arc), right, down)
    if down == 0:
        return "h" + _numbers(right)
    return "v" + _numbers(down) if right == 0 else "l" + _numbers(right, down)


def _numbers(*tenths: int) -> str:
    """Write numbers one after the other; a minus is mark enough between two."""
    written = ""
    for value in tenths:
        whole, part = divmod(abs(value), 10)
        number = f"{whole or (0 if not part else '')}{f'.{part}' if part else ''}"
        written += f"{'-' if value < 0 else ',' if written else ''}{number}"
    return written


def _without_repeated_letters(steps: list[str]) -> str:
    """Join steps; a letter holds until another one comes, and lines follow a move without one."""
    joined, last = "", ""
    for step in steps:
        if (step[0] == last and last not in "mz") or (step[0], last) == ("l", "m"):
            joined += step[1:] if step[1] == "-" else f",{step[1:]}"
        else:
            joined += step
        last = step[0]
    return joined
