"""The page as HTML; needs Altair and vl-convert, which has no wheel for free-threaded builds."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument.results import load, load_all
from bench.report import document

pytest.importorskip("altair", reason="drawing needs Altair: see the report dependency group")
pytest.importorskip("vl_convert", reason="drawing needs vl-convert, which has no wheel for free-threaded builds")

from bench.report.exporters import as_html

WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]


class Page(HTMLParser):
    """What a browser would make of a page, as far as tests ask: elements with attributes, and their text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of that tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(*paths: Path) -> Page:
    """Make a page of run files."""
    return Page(as_html.render(document.report(load_all(paths))))


@pytest.fixture(scope="module")
def page(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Return a page of one whole run."""
    path = tmp_path_factory.mktemp("page") / "run.json"
    path.write_text(json.dumps(make_run()), encoding="utf-8")
    return page_of(path)


def test_sections(page: Page) -> None:
    """Findings come first, then trust, the figures, and all results; each is linked from the top."""
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == ["findings", "trust", "speed-up", "sending", "downloads", "starting", "results"]
    links = {href.removeprefix("#") for attributes in page.all("a") if (href := attributes["href"])}
    ids = {attributes["id"] for _, attributes in page.elements if attributes.get("id")}
    assert links <= ids


def test_charts_are_drawn(page: Page) -> None:
    """Each panel is an image with a name, in the page's own colours."""
    pictures = [attributes for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert len(pictures) == 4 + 2 + 2 + 1
    assert all(picture["aria-label"] for picture in pictures)
    strokes = {attributes.get("stroke") for attributes in page.all("path")}
    assert {f"var(--series-{number})" for number in range(4)} <= strokes
    assert not [stroke for stroke in strokes if stroke and stroke.startswith("#01")]


def test_ids_are_unique(write_run: WriteRun, make_run: MakeRun) -> None:
    """No two elements share an id, with several runs as well."""
    page = page_of(*(write_run(make_run(version), f"{version}.json") for version in ("3.11.9", "3.14.7")))

    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert "not measured side by side" in page.text


def test_tables_are_headed(page: Page) -> None:
    """Each table has a caption, and each header cell says what it heads."""
    assert len(page.all("caption")) == len(page.all("table"))
    assert {attributes.get("scope") for attributes in page.all("th")} == {"col", "row"}


def test_nothing_is_requested(page: Page) -> None:
    """The page has no script, no handler and no address, and its policy allows its own style alone."""
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [name for _, attributes in page.elements for name in attributes if name in {"src", "style"}]
    (policy,) = [attributes["content"] for attributes in page.all("meta") if "http-equiv" in attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_hostile_names_are_text(write_run: WriteRun, hostile_run: dict[str, Any]) -> None:
    """Names that are markup stand in the page as text, everywhere, and make no element."""
    page = page_of(write_run(hostile_run))

    assert not page.all("img")
    assert not page.all("script")
    assert page.text.count("</script><img src=x onerror=alert(1)>") > 100


def test_no_results(write_run: WriteRun, make_run: MakeRun) -> None:
    """A run without any result is a page that says so."""
    page = page_of(write_run(make_run() | {"benchmarks": []}))

    assert "none of the benchmarks that the findings speak of" in page.text
    assert "All 0 results" in page.text


def test_run_of_another_project(write_run: WriteRun, plain_run: dict[str, Any]) -> None:
    """Any pytest-benchmark JSON is shown, with what is not known said."""
    page = page_of(write_run(plain_run))

    assert "not written by this instrument" in page.text
    assert len(page.all("tr")) > len(plain_run["benchmarks"])


def test_extreme_values(write_run: WriteRun, make_run: MakeRun) -> None:
    """The shortest and longest times that a file may hold are drawn as any other."""
    content = make_run()
    for number, benchmark in enumerate(content["benchmarks"]):
        stats = benchmark["stats"]
        stats["data"] = [1e-12 if number % 2 else 1e9] * stats["rounds"]

    assert len([item for item in page_of(write_run(content)).all("svg") if item.get("role") == "img"]) == 9


def test_by_the_command(write_run: WriteRun, make_run: MakeRun, tmp_path: Path) -> None:
    """The command writes this page, drawn by the real libraries."""
    content = make_run(rounds=4)
    content["benchmarks"] = [item for item in content["benchmarks"] if item["extra_info"]["suite"] == "download"]

    assert main(["report", str(write_run(content)), "-o", str(tmp_path / "index.html")]) == 0

    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert [item["id"] for item in page.all("section")] == ["findings", "trust", "downloads", "results"]
    assert "not decided by this run (n = 4" in page.text


def test_the_same_again(write_run: WriteRun, make_run: MakeRun) -> None:
    """The same files make the same page, byte by byte."""
    content = make_run()
    content["benchmarks"] = [item for item in content["benchmarks"] if item["extra_info"]["suite"] == "startup"]
    report = document.report([load(write_run(content))])

    assert as_html.render(report) == as_html.render(report)
