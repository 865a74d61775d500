"""Make a renderer's SVG fit to stand in the page: only drawing elements, theme colours, ids of its own, a name.

What is not on the lists below is left out, so that nothing in a chart can run, load or link, whatever was drawn; and
so is what draws nothing, which is half of the text: a page holds a hundred charts.
"""

import itertools
import re
import xml.etree.ElementTree as ET

from bench.report.path_data import shortened

INK, MUTED, GRID, ON_SERIES = "#010101", "#010102", "#010103", "#010104"
FONT_SIZE = "12px"
_SERIES = "#0102{:02x}"
_NEUTRAL = "#0103ff"
_SPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "defs", "clipPath"}
_ATTRIBUTES = {
    "clip-path", "cx", "cy", "d", "display", "dx", "dy", "fill", "fill-opacity", "font-size", "font-weight", "height",
    "id", "opacity", "r", "rx", "ry", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor", "transform", "viewBox",
    "width", "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
_DEFAULTS = {
    "opacity": "1", "stroke-width": "1", "font-size": FONT_SIZE, "font-weight": "normal", "stroke-miterlimit": "10",
    "transform": "translate(0,0)", "x2": "0", "y2": "0", "stroke-dasharray": "1,0",
}  # fmt: skip
"""Values that change nothing here: SVG's own defaults, and what page.css gives a text of a chart."""
_OF_STROKE = {"stroke-width", "stroke-dasharray", "stroke-opacity"}
"""Nothing to a path that has no stroke."""
_NUMBER = re.compile(r"-?\d*\.\d+")
_ANY_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_COMMAND = re.compile(r"([MLAhvlZ])([^MLAhvlZ]*)")
_LAST_SPACE = re.compile(r'(?<=") />')
"""A text or a value that has these characters has the last one escaped."""
_MOVED = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")
_ROUNDED = {"d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height"}


def series_stand_in(colour: int | None) -> str:
    """Return the colour to draw a series in, which `themed` will turn into its CSS variable."""
    return _NEUTRAL if colour is None else _SERIES.format(colour)


def variables(colours: int) -> dict[str, str]:
    """Return the CSS value for each stand-in colour, with that many colours of series."""
    own = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", ON_SERIES: "var(--paper)"}
    return own | {_NEUTRAL: "var(--neutral)"} | {_SERIES.format(n): f"var(--series-{n})" for n in range(colours)}


def themed(text: str, *, name: str, prefix: str, colours: int) -> str:
    """Return SVG for inlining: filtered, in theme colours, its ids prefixed, and announced as an image by that name.

    Raises xml.etree.ElementTree.ParseError for text that is no XML.
    """
    root = ET.fromstring(text)  # noqa: S314 - our own renderer's output, no document of somebody else
    _filter(root)
    _prune(root)
    themes = variables(colours)
    given = (identifier for element in root.iter() if (identifier := element.get("id")))
    identifiers = {identifier: f"{prefix}{number}" for number, identifier in enumerate(given)}
    for element in root.iter():
        for attribute in ("fill", "stroke"):
            if (value := element.get(attribute)) in themes:
                element.set(attribute, themes[value])
        # Numbered anew: the renderer counts on from chart to chart, so the same chart would not be the same text.
        if identifier := element.get("id"):
            element.set("id", identifiers[identifier])
        if clip := element.get("clip-path"):
            element.set("clip-path", f"url(#{identifiers[clip.removeprefix('url(#').removesuffix(')')]})")
        if drawn := element.get("d"):
            element.set("d", shortened(drawn))
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    _drop_empty(root)
    root.attrib |= {"role": "img", "aria-label": name}
    ET.register_namespace("", _SPACE.strip("{}"))
    # Within HTML an svg element needs no namespace, and ElementTree writes none on its children.
    return _LAST_SPACE.sub("/>", ET.tostring(root, encoding="unicode").replace(f' xmlns="{_SPACE.strip("{}")}"', "", 1))


def _drop_empty(element: ET.Element) -> None:
    """Leave out paths of which nothing was left."""
    for child in list(element):
        _drop_empty(child)
        if child.get("d") == "":
            element.remove(child)


def _filter(element: ET.Element) -> None:
    kept = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
    element.attrib = {
        name: _NUMBER.sub(_rounded, value) if name in _ROUNDED else value
        for name, value in kept.items()
        if _DEFAULTS.get(name) != value
        and not (name in _OF_STROKE and element.tag.endswith("}path") and "stroke" not in kept)
    }
    for child in list(element):
        if child.tag.removeprefix(_SPACE) in _ELEMENTS and child.tag.startswith(_SPACE):
            _filter(child)
        else:
            element.remove(child)


def _prune(element: ET.Element) -> None:
    """Leave out what is not seen, and groups that group nothing."""
    children: list[ET.Element] = []
    for child in list(element):
        _prune(child)
        tag = child.tag.removeprefix(_SPACE)
        if child.get("display") == "none" or (tag == "path" and not {"fill", "stroke"} & child.attrib.keys()):
            continue
        if tag == "g" and not len(child):
            continue
        children += list(child) if tag == "g" and not child.attrib else [child]
    element[:] = _gathered(_joined(children))


def _gathered(children: list[ET.Element]) -> list[ET.Element]:
    """Let neighbouring texts that look the same, such as an axis's, have it in common, and each only its place."""
    gathered: list[ET.Element] = []
    for looks, neighbours in itertools.groupby(map(_placed, children), _text_looks):
        texts = list(neighbours)
        if looks is None or len(texts) == 1:
            gathered += texts
            continue
        group = ET.Element(f"{_SPACE}g", dict(sorted(looks)))
        for text in texts:
            text.attrib = {name: text.attrib[name] for name in ("x", "y") if name in text.attrib}
            group.append(text)
        gathered.append(group)
    return gathered


def _placed(element: ET.Element) -> ET.Element:
    """Return a text that is moved as one that stands there; anything else as it is."""
    moved = _MOVED.fullmatch(element.get("transform", ""))
    if moved is not None and element.tag == f"{_SPACE}text" and {"x", "y"}.isdisjoint(element.attrib):
        del element.attrib["transform"]
        element.attrib |= {"x": moved[1], "y": moved[2]}
    return element


def _text_looks(element: ET.Element) -> frozenset[tuple[str, str]] | None:
    """Return all that a text has beside its place; None for what is no text that only stands somewhere."""
    if element.tag != f"{_SPACE}text" or not {"id", "transform", "opacity"}.isdisjoint(element.attrib):
        return None
    return frozenset((name, value) for name, value in element.attrib.items() if name not in {"x", "y"})


def _joined(children: list[ET.Element]) -> list[ET.Element]:
    """Draw neighbours that look the same as one path: gridlines, interval bars, marks of a series."""
    joined: list[ET.Element] = []
    for child in map(_as_path, children):
        last = joined[-1] if joined else None
        if last is not None and _is_path(child) and _is_path(last) and _looks(child) == _looks(last):
            last.set("d", last.get("d", "") + child.get("d", ""))
        else:
            joined.append(child)
    return joined


def _is_path(element: ET.Element) -> bool:
    return element.tag == f"{_SPACE}path" and "transform" not in element.attrib and "id" not in element.attrib


def _looks(element: ET.Element) -> dict[str, str]:
    return {name: value for name, value in element.attrib.items() if name != "d"}


def _as_path(element: ET.Element) -> ET.Element:
    """Return a line, or a path that is moved, as a path where it stands; anything else as it is."""
    moved = _MOVED.fullmatch(element.get("transform", "translate(0,0)"))
    if moved is None or element.tag not in {f"{_SPACE}line", f"{_SPACE}path"}:
        return element
    x, y = float(moved[1]), float(moved[2])
    if element.tag == f"{_SPACE}line":
        if not {"x1", "y1"}.isdisjoint(element.attrib):
            return element
        drawn = f"M{_short(x)},{_short(y)}l{element.get('x2', '0')},{element.get('y2', '0')}"
    else:
        drawn = _moved(element.get("d", ""), x, y)
    kept = {name: value for name, value in element.attrib.items() if name not in {"x2", "y2", "transform", "d"}}
    return ET.Element(f"{_SPACE}path", kept | {"d": drawn})


def _moved(drawn: str, x: float, y: float) -> str:
    """Return a path's commands with its absolute points moved; relative commands stay as they are."""
    if (x, y) == (0, 0):
        return drawn
    parts = []
    for command, numbers in _COMMAND.findall(drawn):
        values = [float(number) for number in _ANY_NUMBER.findall(numbers)]
        if command.isupper():
            # The last two of an arc's seven numbers are its end; all others come in points.
            width = 7 if command == "A" else 2
            for start in range(0, len(values) - 1, width):
                values[start + width - 2] += x
                values[start + width - 1] += y
        parts.append(command + ",".join(map(_short, values)))
    return "".join(parts)


def _rounded(number: re.Match[str]) -> str:
    return _short(float(number[0]))


def _short(value: float) -> str:
    """Write a coordinate to a tenth of a unit, which is finer than a screen's pixel; adding 0.0 makes -0.0 plain 0."""
    return f"{round(value, 1) + 0.0:.10g}"
