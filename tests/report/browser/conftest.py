"""Pages on disk, and Chromium to open them."""

import functools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.instrument.results import load_all
from bench.report import document

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MakeRun = Callable[..., dict[str, Any]]
Open = Callable[..., "Page"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("FLAGKIT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Return a running Chromium."""
    playwright_api = pytest.importorskip(
        "playwright.sync_api", reason="a browser is driven by playwright: see the browser dependency group"
    )
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH (Debian's package is called chromium), nor in FLAGKIT_CHROMIUM")
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page_file(
    make_run: MakeRun, make_hostile_run: MakeRun, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return a function that gives a page on disk: of one run, of several, or of a run with hostile names.

    Each is drawn when it is first asked for, as it takes seconds.
    """
    pytest.importorskip("altair", reason="drawing needs Altair: see the browser dependency group")
    pytest.importorskip("vl_convert", reason="drawing needs vl-convert, which has no wheel for free-threaded builds")
    from bench.report.exporters import as_html  # noqa: PLC0415 - it needs them

    folder = tmp_path_factory.mktemp("pages")
    contents: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "one": lambda: [make_run(studies=True)],
        "several": lambda: [
            make_run("3.11.9"),
            make_run("3.14.7", studies=True),
            make_run("3.14.8", free_threaded=True),
        ],
        "hostile": lambda: [make_hostile_run()],
    }

    @functools.cache
    def page_file(name: str) -> Path:
        runs = contents[name]()
        paths = [folder / f"{name}-{number}.json" for number in range(len(runs))]
        for path, run in zip(paths, runs, strict=True):
            path.write_text(json.dumps(run), encoding="utf-8")
        page = folder / f"{name}.html"
        page.write_text(as_html.render(document.report(load_all(paths))), encoding="utf-8")
        return page

    return page_file


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
def open_page(browser: "Browser", page_file: Callable[[str], Path], watch: Watch) -> Iterator[Open]:
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
        page.goto(page_file(name).as_uri() + (f"#{fragment}" if fragment else ""))
        if options.get("java_script_enabled", True):
            page.wait_for_function("document.documentElement.dataset.ready === ''")
        return page

    yield open_it
    for context in contexts:
        context.close()


def chosen(page: "Page", menu: str, *names: str) -> None:
    """Leave these names alone checked in a menu of the filter."""
    page.locator(f".menu[data-filter={menu}] summary").click()
    for box in page.locator(f".menu[data-filter={menu}] label").all():
        if box.inner_text().strip() not in names:
            box.locator("input").uncheck()
    page.keyboard.press("Escape")
