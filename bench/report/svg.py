"""Make a renderer's SVG fit to stand in the page: only drawing elements, theme colours, ids of its own, a name.

What is not on the lists below is left out, so that nothing in a chart can run, load or link, whatever was drawn.
"""

import xml.etree.ElementTree as ET

INK, MUTED, GRID = "#010101", "#010102", "#010103"
_SERIES = "#0102{:02x}"
_NEUTRAL = "#0103ff"
_SPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "defs", "clipPath"}
_ATTRIBUTES = {
    "class", "clip-path", "cx", "cy", "d", "display", "dx", "dy", "fill", "fill-opacity", "font-family", "font-size",
    "font-weight", "height", "id", "opacity", "pointer-events", "r", "rx", "ry", "stroke", "stroke-dasharray",
    "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width",
    "text-anchor", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip


def series_stand_in(colour: int | None) -> str:
    """Return the colour to draw a series in, which `themed` will turn into its CSS variable."""
    return _NEUTRAL if colour is None else _SERIES.format(colour)


def themed(text: str, *, name: str, prefix: str, colours: int) -> str:
    """Return SVG for inlining: filtered, in theme colours, its ids prefixed, and announced as an image by that name.

    Raises xml.etree.ElementTree.ParseError for text that is no XML.
    """
    root = ET.fromstring(text)  # noqa: S314 - our own renderer's output, no document of somebody else
    _filter(root)
    variables = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", _NEUTRAL: "var(--neutral)"}
    variables |= {_SERIES.format(number): f"var(--series-{number})" for number in range(colours)}
    given = (identifier for element in root.iter() if (identifier := element.get("id")))
    identifiers = {identifier: f"{prefix}{number}" for number, identifier in enumerate(given)}
    for element in root.iter():
        for attribute in ("fill", "stroke"):
            if (value := element.get(attribute)) in variables:
                element.set(attribute, variables[value])
        # Numbered anew: the renderer counts on from chart to chart, so the same chart would not be the same text.
        if identifier := element.get("id"):
            element.set("id", identifiers[identifier])
        if clip := element.get("clip-path"):
            element.set("clip-path", f"url(#{identifiers[clip.removeprefix('url(#').removesuffix(')')]})")
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.attrib |= {"role": "img", "aria-label": name}
    ET.register_namespace("", _SPACE.strip("{}"))
    return ET.tostring(root, encoding="unicode")


def _filter(element: ET.Element) -> None:
    element.attrib = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
    for child in list(element):
        if child.tag.removeprefix(_SPACE) in _ELEMENTS and child.tag.startswith(_SPACE):
            _filter(child)
        else:
            element.remove(child)
