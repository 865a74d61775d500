# ruff: noqa: PLR0917 - a layer takes what its line of designs.txt has, in that order
"""The layers that a flag is drawn from: stripes, crosses, triangles, discs, stars, crescents, and emblems.

x goes over the flag's width and y over its height, from 0 to 1; radii and the widths of lines are in heights.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["COLOURS", "LAYERS", "Canvas"]

COLOURS: Mapping[str, str] = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#d21034",
    "green": "#00843d",
    "blue": "#0033a0",
    "yellow": "#fcd116",
    "sky": "#75aadb",
    "navy": "#012169",
    "purple": "#8d3f97",
}
"""Names for colours that a flag's law does not give more exactly; others are #rrggbb."""

Point = tuple[float, float]
CELLS = 9
"""An emblem is a grid of so many cells each way, the same on the left and on the right."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A flag being drawn; `colour` gives the palette's index of a colour's name."""

    draw: "ImageDraw"
    width: int
    height: int
    colour: Callable[[str], int]
    code: str

    def at(self, x: float, y: float) -> Point:
        """Return a place in pixels."""
        return x * self.width, y * self.height

    def polygon(self, colour: str, points: Sequence[Point]) -> None:
        """Fill a polygon given in pixels."""
        self.draw.polygon(list(points), fill=self.colour(colour))

    def rectangle(self, colour: str, x0: float, y0: float, x1: float, y1: float) -> None:
        """Fill a rectangle up to, and without, its right and lower edges."""
        (left, top), (right, bottom) = self.at(x0, y0), self.at(x1, y1)
        if round(right) > round(left) and round(bottom) > round(top):
            box = (round(left), round(top), round(right) - 1, round(bottom) - 1)
            self.draw.rectangle(box, fill=self.colour(colour))


def stripes(canvas: Canvas, words: Sequence[str], *, across: bool) -> None:
    """Draw stripes from the top, or `across` from the hoist; `colour*weight` makes one wider."""
    parts = [(colour, float(weight or 1)) for colour, _, weight in (word.partition("*") for word in words)]
    total = sum(weight for _, weight in parts)
    begin = 0.0
    for colour, weight in parts:
        end = begin + weight / total
        canvas.rectangle(colour, *((begin, 0, end, 1) if across else (0, begin, 1, end)))
        begin = end


def fill(canvas: Canvas, colour: str) -> None:
    """Fill the flag with one colour."""
    canvas.rectangle(colour, 0, 0, 1, 1)


def rect(canvas: Canvas, colour: str, x0: float, y0: float, x1: float, y1: float) -> None:
    """Fill a rectangle between two places."""
    canvas.rectangle(colour, x0, y0, x1, y1)


def poly(canvas: Canvas, colour: str, *places: float) -> None:
    """Fill a polygon: x y x y ..."""
    canvas.polygon(colour, [canvas.at(x, y) for x, y in zip(places[::2], places[1::2], strict=True)])


def tri(canvas: Canvas, colour: str, depth: float) -> None:
    """Fill a triangle on the hoist, which reaches to x = `depth`."""
    poly(canvas, colour, 0, 0, depth, 0.5, 0, 1)


def nordic(canvas: Canvas, colour: str, arm: float, x: float) -> None:
    """Draw a cross over the whole flag, its upright centred at `x`."""
    half = arm * canvas.height / canvas.width / 2
    canvas.rectangle(colour, 0, 0.5 - arm / 2, 1, 0.5 + arm / 2)
    canvas.rectangle(colour, x - half, 0, x + half, 1)


def cross(canvas: Canvas, colour: str, arm: float) -> None:
    """Draw a cross over the whole flag, centred."""
    nordic(canvas, colour, arm, 0.5)


def plus(canvas: Canvas, colour: str, x: float, y: float, reach: float, arm: float) -> None:
    """Draw a cross that ends at `reach` from its centre."""
    per_width = canvas.height / canvas.width
    canvas.rectangle(colour, x - reach * per_width, y - arm / 2, x + reach * per_width, y + arm / 2)
    canvas.rectangle(colour, x - arm / 2 * per_width, y - reach, x + arm / 2 * per_width, y + reach)


def saltire(canvas: Canvas, colour: str, arm: float) -> None:
    """Draw a cross from corner to corner."""
    for begin, end in ((0, 1), (1, 0)):
        line = [canvas.at(-0.1, begin + (begin - end) * 0.1), canvas.at(1.1, end + (end - begin) * 0.1)]
        canvas.draw.line(line, fill=canvas.colour(colour), width=round(arm * canvas.height))


def disc(canvas: Canvas, colour: str, x: float, y: float, radius: float) -> None:
    """Fill a circle."""
    canvas.draw.circle(canvas.at(x, y), radius * canvas.height, fill=canvas.colour(colour))


def half(canvas: Canvas, colour: str, x: float, y: float, radius: float, turn: float) -> None:
    """Fill the lower half of a disc, turned clockwise by `turn` degrees."""
    (across, down), reach = canvas.at(x, y), radius * canvas.height
    box = (across - reach, down - reach, across + reach, down + reach)
    canvas.draw.pieslice(box, turn, turn + 180, fill=canvas.colour(colour))


def ring(canvas: Canvas, colour: str, x: float, y: float, radius: float, width: float) -> None:
    """Draw a circle's line."""
    line = max(1, round(width * canvas.height))
    canvas.draw.circle(canvas.at(x, y), radius * canvas.height, outline=canvas.colour(colour), width=line)


def star(canvas: Canvas, colour: str, x: float, y: float, radius: float, points: float = 5) -> None:
    """Fill a star with one of its points up; those of more than eight points are suns, with shorter ones."""
    (across, down), reach = canvas.at(x, y), radius * canvas.height
    inner = {3: 0.5, 4: 0.45, 5: 0.382, 6: 0.577}.get(int(points), 0.5 if points <= 8 else 0.62)  # noqa: PLR2004
    corners = []
    for corner in range(2 * int(points)):
        angle = math.pi * corner / points
        distance = reach * (inner if corner % 2 else 1)
        corners.append((across + distance * math.sin(angle), down - distance * math.cos(angle)))
    canvas.polygon(colour, corners)


def stars(canvas: Canvas, colour: str, x: float, y: float, radius: float, size: float, count: float) -> None:
    """Draw a ring of `count` stars."""
    for number in range(int(count)):
        angle = 2 * math.pi * number / count
        across = x + radius * math.sin(angle) * canvas.height / canvas.width
        star(canvas, colour, across, y - radius * math.cos(angle), size)


def grid(canvas: Canvas, colour: str, *numbers: float) -> None:
    """Draw rows of stars: x0 y0 x1 y1 of the outermost centres, how many across and down, and their radius."""
    x0, y0, x1, y1, across, down, radius = numbers
    for row in range(int(down)):
        for column in range(int(across)):
            star(canvas, colour, x0 + (x1 - x0) * column / (across - 1), y0 + (y1 - y0) * row / (down - 1), radius)


def crescent(canvas: Canvas, colour: str, x: float, y: float, radius: float, turn: float = 0) -> None:
    """Fill a crescent that opens to the fly, or `turn` degrees further against the clock."""
    (across, down), reach = canvas.at(x, y), radius * canvas.height
    inner, shift = 0.8 * reach, 0.25 * reach
    # where the two circles meet, seen from each centre
    cut = (shift**2 + reach**2 - inner**2) / (2 * shift)
    outer_angle = math.acos(cut / reach)
    inner_angle = math.acos((cut - shift) / inner)
    steps = [step / 40 for step in range(41)]
    corners = [_polar(reach, outer_angle + step * 2 * (math.pi - outer_angle), 0.0) for step in steps]
    corners += [_polar(inner, inner_angle + (1 - step) * 2 * (math.pi - inner_angle), shift) for step in steps]
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    canvas.polygon(colour, [(across + a * cos + b * sin, down - a * sin + b * cos) for a, b in corners])


def _polar(radius: float, angle: float, shift: float) -> Point:
    return shift + radius * math.cos(angle), radius * math.sin(angle)


def checks(canvas: Canvas, first: str, second: str, *numbers: float) -> None:
    """Fill a chequered rectangle: x0 y0 x1 y1, and how many checks across and down."""
    x0, y0, x1, y1, across, down = numbers
    for row in range(int(down)):
        for column in range(int(across)):
            left, top = x0 + (x1 - x0) * column / across, y0 + (y1 - y0) * row / down
            right, bottom = left + (x1 - x0) / across, top + (y1 - y0) / down
            canvas.rectangle(second if (row + column) % 2 else first, left, top, right, bottom)


def union(canvas: Canvas, width: float, height: float) -> None:
    """Draw the flag of the United Kingdom in the upper corner of the hoist, simplified."""
    w, h = width, height
    canvas.rectangle("navy", 0, 0, w, h)
    for colour, arm in (("white", 0.1), ("#c8102e", 0.035)):
        a, b = arm * w, arm * 2 * h
        poly(canvas, colour, 0, 0, a, 0, w, h - b, w, h, w - a, h, 0, b)
        poly(canvas, colour, w, 0, w, b, a, h, 0, h, 0, h - b, w - a, 0)
    for colour, arm in (("white", 1 / 6), ("#c8102e", 0.1)):
        canvas.rectangle(colour, 0, h * (0.5 - arm), w, h * (0.5 + arm))
        canvas.rectangle(colour, w * (0.5 - arm / 2), 0, w * (0.5 + arm / 2), h)


def emblem(canvas: Canvas, x: float, y: float, radius: float, colour: str = "") -> None:
    """Draw, in place of a coat of arms, a round pattern from the country's code, in one colour or in several."""
    chance = random.Random(canvas.code)
    colours = [colour] if colour else ["yellow", "red", "green", "navy", "white"]
    side = 2 * radius / CELLS
    for row in range(CELLS):
        for column in range(CELLS // 2 + 1):
            drawn, shade = chance.random() < 0.6, chance.choice(colours)  # noqa: PLR2004
            middle = CELLS // 2
            if drawn and math.hypot(row - middle, column - middle) <= CELLS / 2:
                for mirrored in {column, CELLS - 1 - column}:
                    left = x + (mirrored - CELLS / 2) * side * canvas.height / canvas.width
                    top = y + (row - CELLS / 2) * side
                    canvas.rectangle(shade, left, top, left + side * canvas.height / canvas.width, top + side)


LAYERS: Mapping[str, Callable[..., None]] = {
    layer.__name__: layer
    for layer in (
        *(fill, rect, poly, tri, checks, union, emblem),
        *(nordic, cross, plus, saltire),
        *(disc, half, ring, star, stars, grid, crescent),
    )
}
"""The layers by the words of `designs.txt`."""
