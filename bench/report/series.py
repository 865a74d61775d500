"""How a series looks: a colour, a shape and a dash of its own, so that none of the three is needed to tell it.

The colours are CSS variables, set for light and dark in page.css, from palettes that colour-blind readers can tell
apart. Known kinds keep their style on every page; others share what is left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MEMCPY = "memcpy"
KINDS = ("thread", "process-fork", "process-forkserver", "process-spawn", "interpreter")
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
_DASHES: tuple[tuple[int, ...], ...] = (
    (1, 0),
    (8, 3),
    (3, 3),
    (8, 3, 2, 3),
    (12, 4),
    (2, 2, 6, 2),
    (5, 2),
    (1, 3),
)
# The same shapes as the charts draw, for the legend: 12 units wide around 0,0.
_OUTLINES = {
    "circle": "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0Z",
    "square": "M-3.6,-3.6h7.2v7.2h-7.2Z",
    "triangle-up": "M0,-4.5L4.5,3.6H-4.5Z",
    "diamond": "M0,-5L4,0L0,5L-4,0Z",
    "cross": "M-1.5,-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z",
    "triangle-down": "M0,4.5L4.5,-3.6H-4.5Z",
    "triangle-right": "M4.5,0L-3.6,4.5V-4.5Z",
    "triangle-left": "M-4.5,0L3.6,4.5V-4.5Z",
}
COLOURS = len(_SHAPES)


@dataclass(frozen=True, slots=True)
class Style:
    """Colour number (the CSS variable --series-N; None for the neutral ink of memcpy), Vega shape, dash in pixels."""

    colour: int | None
    shape: str
    dash: tuple[int, ...]

    @property
    def variable(self) -> str:
        """Return the CSS value of its colour."""
        return "var(--neutral)" if self.colour is None else f"var(--series-{self.colour})"

    @property
    def outline(self) -> str:
        """Return its shape as an SVG path around 0,0."""
        return _OUTLINES[self.shape]


_NEUTRAL = Style(None, "circle", (2, 4))


def styles(names: Iterable[str], first: Sequence[str] = KINDS) -> dict[str, Style]:
    """Return a style for each name: those of `first` keep theirs whatever is beside them, the others share the rest."""
    unique = set(names)
    others = sorted(unique - {*first, MEMCPY})
    slots = {name: index for index, name in enumerate((*first, *others))}
    chosen = {name: _style(slot) for name, slot in slots.items() if name in unique and name != MEMCPY}
    return chosen | ({MEMCPY: _NEUTRAL} if MEMCPY in unique else {})


def _style(slot: int) -> Style:
    # Dashes step on once a turn through the shapes, so that even many unknown kinds do not look alike.
    return Style(slot % COLOURS, _SHAPES[slot % COLOURS], _DASHES[(slot + slot // COLOURS) % len(_DASHES)])
