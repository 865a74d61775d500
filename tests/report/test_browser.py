"""The page in a real browser: Chromium, from disk."""

import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.instrument.results import load_all
from bench.report import document

pytest.importorskip("altair", reason="drawing needs Altair: see the browser dependency group")
pytest.importorskip("vl_convert", reason="drawing needs vl-convert, which has no wheel for free-threaded builds")
pytest.importorskip("playwright", reason="a browser is driven by playwright: see the browser dependency group")
pytest.importorskip("axe_playwright_python", reason="axe-core is brought by the browser dependency group")

with warnings.catch_warnings():
    warnings.simplefilter("ignore", EncodingWarning)  # of axe's own module, where encodings are asked for by name
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import sync_playwright

from bench.report.exporters import as_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MakeRun = Callable[..., dict[str, Any]]
Open = Callable[..., "Page"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("FLAGKIT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH (Debian's package is called chromium), nor in FLAGKIT_CHROMIUM"
)

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

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
        texts: seen('.panel text', 'fill').map(pair => against(...pair)),
        series: seen('.panel path[stroke^="var(--series"]', 'stroke').map(pair => against(...pair)),
    };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Return a running Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def files(make_run: MakeRun, make_hostile_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return pages on disk: of one run, of several, and of a run with hostile names."""
    folder = tmp_path_factory.mktemp("pages")
    contents = {
        "one": [make_run()],
        "several": [make_run("3.11.9"), make_run("3.14.7"), make_run("3.14.7", free_threaded=True, quick=True)],
        "hostile": [make_hostile_run()],
    }
    pages = {}
    for name, runs in contents.items():
        paths = [folder / f"{name}-{number}.json" for number in range(len(runs))]
        for path, run in zip(paths, runs, strict=True):
            path.write_text(json.dumps(run), encoding="utf-8")
        pages[name] = folder / f"{name}.html"
        pages[name].write_text(as_html.render(document.report(load_all(paths))), encoding="utf-8")
    return pages


class Watch:
    """What a page said and asked for while it was open."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []


@pytest.fixture
def watch() -> Watch:
    """Return an empty record."""
    return Watch()


@pytest.fixture
def open_page(browser: "Browser", files: dict[str, Path], watch: Watch) -> Iterator[Open]:
    """Open a page from disk; keyword arguments are the browser context's."""
    contexts = []

    def open_it(name: str = "one", *, width: int = 1280, **options: Any) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: watch.said.append(message.text))
        page.on("pageerror", lambda error: watch.said.append(str(error)))
        page.on("dialog", lambda dialog: watch.said.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: watch.asked.append(request.url))
        page.goto(files[name].as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["one", "several", "hostile"])
def test_quiet(open_page: Open, watch: Watch, files: dict[str, Path], name: str) -> None:
    """The page says nothing on the console, raises nothing, and asks for nothing but itself."""
    open_page(name)

    assert watch.said == []
    assert watch.asked == [files[name].as_uri()]


@pytest.mark.parametrize("width", [360, 768, 1280, 3840])
@pytest.mark.parametrize("name", ["one", "several", "hostile"])
def test_never_scrolls_sideways(open_page: Open, name: str, width: int) -> None:
    """From a phone to 4K the page fits; tables scroll in boxes of their own, folds open or not."""
    page = open_page(name, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_charts_are_drawn(open_page: Open) -> None:
    """Every panel shows its marks, in the colours of the page."""
    page = open_page()

    assert page.locator(".panel svg").count() == 9
    assert page.locator(".panel path[stroke^='var(--series']").count() > 9
    box = page.locator(".panel svg").first.bounding_box()
    assert box is not None
    assert box["width"] > 250
    assert box["height"] > 150


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_scheme(open_page: Open, scheme: Any) -> None:
    """Light paper by day, dark by night."""
    page = open_page(color_scheme=scheme)

    red = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
    assert (red > 128) is (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chart_contrast(open_page: Open, scheme: Any) -> None:
    """Texts in charts have 4.5:1 with what they lie on, lines 3:1 (WCAG 1.4.3, 1.4.11)."""
    contrasts = open_page("several", color_scheme=scheme).evaluate(CHART_CONTRASTS)

    assert min(contrasts["texts"]) >= 4.5
    assert min(contrasts["series"]) >= 3


@pytest.mark.parametrize(("name", "scheme"), [("several", "dark"), ("hostile", "light")])
def test_accessible(open_page: Open, name: str, scheme: Any) -> None:
    """axe-core finds nothing against WCAG 2.2 AA, contrast included, folds open."""
    # axe is a script that is put into the page, which the page's own policy rightly refuses.
    page = open_page(name, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


def test_reads_without_javascript(open_page: Open) -> None:
    """With JavaScript off all is there: findings, charts, tables, folds."""
    page = open_page(java_script_enabled=False)

    assert page.locator(".findings > li").count() == 5
    assert page.locator(".panel svg path").first.is_visible()
    fold = page.locator("#speed-up details")
    assert not fold.locator("table").is_visible()
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()


def test_hostile_names_are_inert(open_page: Open, watch: Watch) -> None:
    """Markup in names is text: no element comes of it, nothing runs."""
    page = open_page("hostile")

    assert page.locator("img, script").count() == 0
    assert page.get_by_text("<img src=x onerror=alert(1)>").count() > 100
    assert watch.said == []


def test_a_findings_row_is_found(open_page: Open) -> None:
    """The link of a finding leads to its row in the full table."""
    page = open_page()

    page.locator(".findings a").first.click()

    row = page.locator("tr:target")
    assert row.count() == 1
    assert "gcd-seed-thread-2" in row.inner_text()
    assert row.evaluate("row => row.getBoundingClientRect().top < innerHeight")


def test_print_opens_the_folds(open_page: Open) -> None:
    """On paper every fold is open and no table is cut."""
    page = open_page()
    page.emulate_media(media="print")

    assert page.locator("details table").first.is_visible()
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(box => box.scrollHeight <= box.clientHeight)")
