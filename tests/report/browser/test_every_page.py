"""What holds for every page: it fits, says nothing, can be read by all, and hostile names are inert."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.report.browser.conftest import Watch

from tests.report.browser.conftest import chosen

Open = Callable[..., "Page"]

# The contrast (WCAG) of each text in a chart with the panel that it lies on; axe-core leaves SVG out.
CHART_CONTRASTS = """() => {
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number)
            .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const against = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const ground = element => getComputedStyle(element.closest('.panel')).backgroundColor;
    const seen = (selector, property) => [...document.querySelectorAll(selector)]
        .map(element => [getComputedStyle(element)[property], ground(element)])
        .filter(([colour]) => colour !== 'none');
    return {
        texts: seen('.panel text:not([fill="var(--paper)"], [fill="var(--paper)"] *)', 'fill')
            .map(pair => against(...pair)),
        inBars: [...document.querySelectorAll('.panel path[fill^="var(--series"]')]
            .map(element => against(getComputedStyle(element).fill, getComputedStyle(document.body).backgroundColor)),
        series: seen('.panel path[stroke^="var(--series"]', 'stroke').map(pair => against(...pair)),
    };
}"""


@pytest.mark.parametrize("name", ["one", "several", "hostile"])
def test_quiet(open_page: Open, watch: "Watch", page_file: Callable[[str], Path], name: str) -> None:
    """The page says nothing on the console, raises nothing, and asks for nothing but itself."""
    open_page(name)

    assert watch.said == []
    assert watch.asked == [page_file(name).as_uri()]


@pytest.mark.parametrize("name", ["one", "several", "hostile"])
def test_never_scrolls_sideways(open_page: Open, name: str) -> None:
    """From a phone to 4K the page fits; tables scroll in boxes of their own, folds open or not."""
    page = open_page(name)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")

    for width in (360, 768, 1280, 3840):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_chart_can_be_live(open_page: Open, watch: "Watch") -> None:
    """With all folds open every panel of every form is drawn live, and none says anything on the console."""
    page = open_page(name="several")
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    page.evaluate("Promise.all([...document.querySelectorAll('.panel')].map(drawLive))")

    assert page.locator(".panel:not([data-live])").count() == 0
    assert page.locator(".panel svg.marks").count() == page.locator(".panel").count() > 50
    assert watch.said == []


def test_filters_are_in_the_address(open_page: Open) -> None:
    """What a filter shows is in the address, and a page that is opened there shows the same."""
    page = open_page(name="several")
    chosen(page, "python", "CPython 3.11.9")
    chosen(page, "executor", "thread")
    chosen(page, "workload", "gcd-seed")
    address = page.url

    again = open_page(name="several", fragment=address.partition("#")[2])

    assert "python=CPython+3.11.9" in address
    assert "executor=thread" in address
    for held in (page, again):
        assert held.locator("#found").inner_text().startswith("3 of ")
        shown = held.locator("#workloads table tbody tr:not(.group):visible")
        held.evaluate("document.querySelectorAll('#workloads details').forEach(fold => { fold.open = true; })")
        assert {row.split("\t")[1] for row in shown.all_inner_texts()} == {"thread"}
        assert held.locator("#speed-up .panel:visible").count() == 1
        assert held.locator(".menu[data-filter=executor] .count").inner_text().strip() == "1 of 6"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chart_contrast(open_page: Open, scheme: Any) -> None:
    """Texts in charts have 4.5:1 with what they lie on, lines 3:1 (WCAG 1.4.3, 1.4.11)."""
    contrasts = open_page("several", color_scheme=scheme).evaluate(CHART_CONTRASTS)

    assert min(contrasts["texts"]) >= 4.5
    assert min(contrasts["inBars"]) >= 4.5
    assert min(contrasts["series"]) >= 3


@pytest.mark.parametrize(("name", "scheme"), [("several", "dark"), ("hostile", "light")])
def test_accessible(open_page: Open, name: str, scheme: Any) -> None:
    """axe-core finds nothing against WCAG 2.2 AA, contrast included, folds open."""
    # axe is a script that is put into the page, which the page's own policy rightly refuses.
    page = open_page(name, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")

    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-core is brought by the browser dependency group"
    )
    # Nearly all of the time would go to the contrast of some thousand cells that look like the first ones.
    found = axe.Axe().run(page, context={"exclude": [["tbody > tr:nth-child(n+5)"]]})

    assert found.violations_count == 0, found.generate_report()


def test_hostile_names_are_inert(open_page: Open, watch: "Watch") -> None:
    """Markup in names is text: no element comes of it, nothing runs."""
    page = open_page("hostile")

    assert page.locator("img").count() == 0
    page.evaluate("Promise.all([...document.querySelectorAll('.panel')].map(drawLive))")
    assert page.locator("img, .panel script").count() == 0
    assert page.get_by_text("<img src=x onerror=alert(1)>").count() > 100
    assert watch.said == []
