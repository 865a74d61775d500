"""What is let into the page of a renderer's SVG."""

import xml.etree.ElementTree as ET

import pytest

from bench.report import svg

HOSTILE = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="5" '
    'viewBox="0 0 10 5" onload="alert(1)"><script>alert(1)</script><style>* {}</style>'
    '<a xlink:href="javascript:alert(1)"><text>in a link</text></a><image href="http://example.org/x"/>'
    '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">html</p></foreignObject>'
    '<defs><clipPath id="clip17"><rect width="1" height="1"/></clipPath></defs>'
    '<g clip-path="url(#clip17)" style="fill: red" onclick="alert(1)">'
    f'<path d="M0,0L1,1" stroke="{svg.series_stand_in(3)}" fill="{svg.INK}"/>'
    "<text>&lt;/script&gt;&lt;img src=x&gt;</text></g></svg>"
)


@pytest.fixture
def root() -> ET.Element:
    """Return the element that is made of the hostile SVG."""
    return ET.fromstring(svg.themed(HOSTILE, name='a "name" <b>', prefix="p-", colours=8))  # noqa: S314 - what is under test made it


def test_only_drawing_is_let_in(root: ET.Element) -> None:
    """Scripts, styles, links, images, foreign markup and handlers are left out."""
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}

    assert names == {"svg", "defs", "clipPath", "rect", "g", "path", "text"}
    assert not {name for name in attributes if name.startswith("on") or "href" in name or name == "style"}


def test_text_stays_text() -> None:
    """Markup within a text is escaped, and so is the image's name."""
    made = svg.themed(HOSTILE, name="<img src=x>", prefix="", colours=8)

    assert "<img" not in made
    assert "&lt;img src=x&gt;</text>" in made


def test_colours_follow_the_theme(root: ET.Element) -> None:
    """Stand-ins become CSS variables."""
    path = root.find(".//{*}path")

    assert path is not None
    assert (path.get("stroke"), path.get("fill")) == ("var(--series-3)", "var(--ink)")


def test_ids_are_its_own(root: ET.Element) -> None:
    """Two charts in one page do not take each other's clips."""
    clip, clipped = root.find(".//{*}clipPath"), root.find(".//{*}g")

    assert clip is not None
    assert clipped is not None
    assert clip.get("id") == "p-0"
    assert clipped.get("clip-path") == "url(#p-0)"


def test_it_is_an_image_with_a_name_and_scales(root: ET.Element) -> None:
    """It is announced by name, and its size comes from the page."""
    assert (root.get("role"), root.get("aria-label")) == ("img", 'a "name" <b>')
    assert root.get("viewBox") == "0 0 10 5"
    assert root.get("width") is None


def test_the_same_chart_is_the_same_text() -> None:
    """Neighbouring texts have what they share in one order, whatever the process's hash seed."""
    labels = "".join(f'<text fill="red" text-anchor="end" font-size="9" x="{x}">{x}</text>' for x in range(2))
    made = svg.themed(f'<svg xmlns="http://www.w3.org/2000/svg">{labels}</svg>', name="", prefix="", colours=1)

    assert '<g fill="red" font-size="9" text-anchor="end"><text x="0">' in made


def test_no_xml_is_refused() -> None:
    """Text that is no XML never reaches the page."""
    with pytest.raises(ET.ParseError):
        svg.themed("<svg", name="", prefix="", colours=1)
