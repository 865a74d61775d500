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
        texts: seen('.panel text:not([fill="var(--paper)"], [fill="var(--paper)"] *)', 'fill')
            .map(pair => against(...pair)),
        inBars: [...document.querySelectorAll('.panel path[fill^="var(--series"]')]
            .map(element => against(getComputedStyle(element).fill, getComputedStyle(document.body).backgroundColor)),
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
        "one": [make_run(studies=True)],
        "several": [make_run("3.11.9"), make_run("3.14.7", studies=True), make_run("3.14.8", free_threaded=True)],
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

    def open_it(name: str = "one", *, width: int = 1280, fragment: str = "", **options: Any) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: watch.said.append(message.text))
        page.on("pageerror", lambda error: watch.said.append(str(error)))
        page.on("dialog", lambda dialog: watch.said.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: watch.asked.append(request.url))
        page.goto(files[name].as_uri() + (f"#{fragment}" if fragment else ""))
        if options.get("java_script_enabled", True):
            page.wait_for_function("document.documentElement.dataset.ready === ''")
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


def test_charts_are_drawn_live(open_page: Open, watch: Watch) -> None:
    """Charts that come into view are drawn by Vega in place of their pictures, with as many marks, policy and all."""
    page = open_page()
    panel = page.locator("#speed-up-0-0")
    still = panel.locator("path[fill^='var(--series']").count()
    panel.scroll_into_view_if_needed()
    page.wait_for_selector("#speed-up-0-0[data-live]")

    # Of the picture's marks those of a series are one path.
    assert (still, panel.locator("svg.marks path[fill^='var(--series']").count()) == (4, 3 * 4)
    box = panel.locator("svg").bounding_box()
    assert box is not None
    assert box["width"] > 250
    assert box["height"] > 150
    assert watch.said == []


def test_every_chart_can_be_live(open_page: Open, watch: Watch) -> None:
    """With all folds open every panel of every form is drawn live, and none says anything on the console."""
    page = open_page(name="several")
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    page.evaluate("Promise.all([...document.querySelectorAll('.panel')].map(drawLive))")

    assert page.locator(".panel:not([data-live])").count() == 0
    assert page.locator(".panel svg.marks").count() == page.locator(".panel").count() > 50
    assert watch.said == []


def test_a_mark_says_what_it_is(open_page: Open) -> None:
    """Pointing at a mark shows its series, its value with interval, and n."""
    page = open_page()
    page.locator("#speed-up-0-0").scroll_into_view_if_needed()
    page.wait_for_selector("#speed-up-0-0[data-live]")

    page.locator("#speed-up-0-0 svg.marks path[fill='var(--series-0)']").last.hover(force=True)

    said = page.locator("#tip").inner_text()
    assert said.startswith("thread\n")
    assert "n = 10" in said


def chosen(page: "Page", menu: str, *names: str) -> None:
    """Leave these names alone checked in a menu of the filter."""
    page.locator(f".menu[data-filter={menu}] summary").click()
    for box in page.locator(f".menu[data-filter={menu}] label").all():
        if box.inner_text().strip() not in names:
            box.locator("input").uncheck()
    page.keyboard.press("Escape")


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


def test_filters_reach_live_charts(open_page: Open) -> None:
    """A series that the filter hides is gone from charts that are drawn already, and comes back."""
    page = open_page()
    page.locator("#speed-up-0-0").scroll_into_view_if_needed()
    page.wait_for_selector("#speed-up-0-0[data-live]")
    marks = page.locator("#speed-up-0-0 svg.marks path[fill^='var(--series']")

    chosen(page, "executor", "thread", "serial")
    page.wait_for_function(
        "document.querySelectorAll('#speed-up-0-0 svg.marks path[fill^=\"var(--series\"]').length === 3"
    )
    page.locator("#all").click()
    page.wait_for_function(
        "document.querySelectorAll('#speed-up-0-0 svg.marks path[fill^=\"var(--series\"]').length > 3"
    )

    assert marks.count() == 12
    assert "executor" not in page.url


def test_filter_that_leaves_nothing_says_so(open_page: Open) -> None:
    """A figure of which nothing is left says why it is empty."""
    page = open_page(fragment="speed-up?workload=bytes")

    assert page.locator("#speed-up .nothing").is_visible()
    assert not page.locator("#round-trips .nothing").is_visible()


def test_all_results(open_page: Open) -> None:
    """The table shows a page of rows, finds words, sorts by number, and keeps both in the address."""
    page = open_page()
    rows = page.locator("#all-results tbody tr")
    assert rows.count() == 50

    page.locator("#forth").click()
    assert page.locator("#page").inner_text() == "Page 2 of 4"
    page.locator("#search").fill("sha256 thread")
    assert page.locator("#found").inner_text() == "3 of 151 results"
    page.get_by_role("button", name="Median").click()
    page.get_by_role("button", name="Median").click()

    assert page.locator("#all-results th[aria-sort=descending]").inner_text().startswith("Median")
    assert "search=sha256+thread" in page.url
    assert "sort=-median" in page.url
    assert "workers = 1" in rows.first.inner_text()


def test_table_says_the_same_with_and_without_its_script(open_page: Open) -> None:
    """The script writes every number of the table as the page has it without."""
    texts = "[...document.querySelectorAll('#all-results tbody tr')].map(row => row.id + row.innerText)"
    own = open_page(java_script_enabled=False).locator("#all-results tbody tr")
    without = [(row.get_attribute("id") or "") + row.inner_text() for row in own.all()[:50]]

    assert open_page().evaluate(texts) == without


def test_theme_can_be_switched(open_page: Open) -> None:
    """The switch turns day to night and back, whatever the reader prefers."""
    page = open_page(color_scheme="dark")
    red = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"

    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(red) > 128
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(red) < 128


@pytest.mark.parametrize(("link", "start"), [("json", '{"schema":1'), ("csv", "python,suite,benchmark")])
def test_data_can_be_downloaded(open_page: Open, tmp_path: Path, link: str, start: str) -> None:
    """The data of the page comes as a file that needs no unpacking."""
    page = open_page()

    with page.expect_download() as download:
        page.locator(f"#{link}").click()

    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"results.{link}"
    assert path.read_text(encoding="utf-8").startswith(start)


def test_keyboard_reaches_everything(open_page: Open) -> None:
    """Tab goes to the menus, the switch, links, folds, sortable heads and boxes that scroll."""
    page = open_page()
    reached = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(e => e.closest('.menu') ? 'menu' : e.id || (e.closest('#all-results thead') ? 'head' : e.tagName))"
                "(document.activeElement)"
            )
        )

    assert {"A", "menu", "theme", "SUMMARY", "DIV", "search", "head", "forth"} <= reached


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
    assert min(contrasts["inBars"]) >= 4.5
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

    assert page.locator("#findings > .findings > li").count() == 5
    assert page.locator(".panel svg path").first.is_visible()
    assert page.locator("#all-results tbody tr").count() >= as_html.STATIC_ROWS
    assert not page.locator("#bar").is_visible()
    fold = page.locator("#speed-up details.same")
    assert not fold.locator("table").is_visible()
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()


def test_hostile_names_are_inert(open_page: Open, watch: Watch) -> None:
    """Markup in names is text: no element comes of it, nothing runs."""
    page = open_page("hostile")

    assert page.locator("img").count() == 0
    page.evaluate("Promise.all([...document.querySelectorAll('.panel')].map(drawLive))")
    assert page.locator("img, .panel script").count() == 0
    assert page.get_by_text("<img src=x onerror=alert(1)>").count() > 100
    assert watch.said == []


def test_a_findings_row_is_found(open_page: Open) -> None:
    """The link of a finding leads to its row in the full table."""
    page = open_page()

    page.locator("#search").fill("no such benchmark")
    page.locator(".findings a", has_text="its row").first.click()

    row = page.locator("tr.target")
    assert row.count() == 1
    assert "gcd-seed-thread-2" in row.inner_text()
    assert row.evaluate("row => row.getBoundingClientRect().top < innerHeight")


def test_print_opens_the_folds(open_page: Open) -> None:
    """On paper every fold is open and no table is cut."""
    page = open_page()
    page.emulate_media(media="print")

    assert page.locator("main details table").first.is_visible()
    assert not page.locator("#bar").is_visible()
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(box => box.scrollHeight <= box.clientHeight)")
