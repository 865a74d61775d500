"""What a reader does with a page: charts, filters, the table, downloads, the keyboard."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.report.browser.conftest import Watch

from bench.report.findings import FOREMOST
from tests.report.browser.conftest import chosen

Open = Callable[..., "Page"]


def test_charts_are_drawn_live(open_page: Open, watch: "Watch") -> None:
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


def test_a_mark_says_what_it_is(open_page: Open) -> None:
    """Pointing at a mark shows its series, its value with interval, and n."""
    page = open_page()
    page.locator("#speed-up-0-0").scroll_into_view_if_needed()
    page.wait_for_selector("#speed-up-0-0[data-live]")

    page.locator("#speed-up-0-0 svg.marks path[fill='var(--series-0)']").last.hover(force=True)

    said = page.locator("#tip").inner_text()
    assert said.startswith("thread\n")
    assert "n = 10" in said


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


def test_filters_reach_a_chart_that_is_being_drawn(open_page: Open) -> None:
    """What is chosen while Vega draws a chart holds for that one too."""
    page = open_page()
    page.evaluate(
        """async () => {
            const drawing = drawLive(document.getElementById('speed-up-0-0'));
            await liveData();
            await library();
            change(state => state.shown.set('executor', new Set(['thread', 'serial'])));
            await drawing;
        }"""
    )

    page.wait_for_selector("#speed-up-0-0[data-live]")
    assert page.locator("#speed-up-0-0 svg.marks path[fill^='var(--series']").count() == 3


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


def test_reads_without_javascript(open_page: Open) -> None:
    """With JavaScript off findings, charts, folds and tables are there, of results the foremost."""
    from bench.report.exporters import as_html  # noqa: PLC0415 - it needs what draws

    page = open_page(java_script_enabled=False)

    assert page.locator("#findings > .findings > li").count() == FOREMOST
    assert page.locator(".panel svg path").first.is_visible()
    assert page.locator("#all-results tbody tr").count() >= as_html.STATIC_ROWS
    assert not page.locator("#bar").is_visible()
    fold = page.locator("#speed-up details.same")
    assert not fold.locator("table").is_visible()
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()


def test_a_findings_row_is_found(open_page: Open) -> None:
    """The link of a finding leads to its row in the full table."""
    page = open_page()

    page.locator("#search").fill("no such benchmark")
    page.locator(".findings a", has_text="its row").first.click()

    row = page.locator("tr.target")
    assert row.count() == 1
    assert "gcd-seed-thread-2" in row.inner_text()
    assert row.evaluate("row => row.getBoundingClientRect().top < innerHeight")


def test_a_row_that_the_filter_hides_is_found(open_page: Open) -> None:
    """A link to it takes filter and search off, as menus, count, figures and the address then say."""
    page = open_page(fragment="?executor=process-forkserver&search=gcd")
    page.locator(".findings a", has_text="its row").first.click()

    assert "gcd-seed-thread-2" in page.locator("tr.target").inner_text()
    assert page.locator(".menu[data-filter=executor] input:not(:checked)").count() == 0
    assert page.locator(".menu[data-filter=executor] .count").inner_text() == ""
    assert not page.locator("#all").is_visible()
    assert page.locator("#search").input_value() == ""
    assert page.locator("table.data tr[hidden]").count() == 0
    assert "executor" not in page.url


def test_a_page_beyond_the_last(open_page: Open) -> None:
    """An address that asks for one shows the last page, says so, and the one before it is a click away."""
    page = open_page(fragment="?page=99")
    assert page.locator("#page").inner_text() == "Page 4 of 4"
    assert "page=4" in page.url

    page.locator("#back").click()
    assert page.locator("#page").inner_text() == "Page 3 of 4"


def test_print_opens_the_folds(open_page: Open) -> None:
    """On paper every fold is open and no table is cut."""
    page = open_page()
    page.emulate_media(media="print")

    assert page.locator("main details table").first.is_visible()
    assert not page.locator("#bar").is_visible()
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(box => box.scrollHeight <= box.clientHeight)")
