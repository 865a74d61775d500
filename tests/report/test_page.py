"""The page as HTML; needs Altair and vl-convert, which has no wheel for free-threaded builds."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument.results import load, load_all
from bench.report import document, rows, verdict

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

    def panels(self) -> list[dict[str, str | None]]:
        """Return the attributes of every panel of a chart."""
        return [attributes for attributes in self.all("div") if attributes.get("class") == "panel"]

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
    path.write_text(json.dumps(make_run(studies=True)), encoding="utf-8")
    return page_of(path)


def test_sections(page: Page) -> None:
    """Findings come first, then trust, the questions, all results and the method; each is linked from the top."""
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == [
        "findings", "trust", "threads", "sending", "steps", "starting", "pythons", "sharing", "distributions",
        "results", "method",
    ]  # fmt: skip
    links = {href[1:] for attributes in page.all("a") if (href := attributes["href"] or "").startswith("#")}
    ids = {attributes["id"] for _, attributes in page.elements if attributes.get("id")}
    assert links <= ids


def test_charts_are_drawn(page: Page) -> None:
    """Each panel is an image with a name, in the page's own colours."""
    pictures = [attributes for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert len(pictures) == len(page.panels())
    assert len(pictures) > 20
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
    """The page has no handler, no address but data of its own, and a policy that allows its own style and scripts."""
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "form", "base"}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in {"src", "style"}]
    hrefs = {attributes["href"] for attributes in page.all("a")}
    assert all(href and href.startswith(("#", "data:application/gzip;base64,")) for href in hrefs)
    (policy,) = [attributes["content"] for attributes in page.all("meta") if "http-equiv" in attributes]
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+' 'sha256-[\w+/=]+'; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )


def test_policy_is_of_these_very_texts(write_run: WriteRun, make_run: MakeRun) -> None:
    """The hashes are those of the style, of the script, and of the library as it is unpacked."""
    content = make_run()
    content["benchmarks"] = content["benchmarks"][:2]
    text = as_html.render(document.report([load(write_run(content))]))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    vega = re.search(r'<script type="text/plain" id="vega">(.*?)</script>', text, re.DOTALL)
    assert style
    assert script
    assert vega
    library = gzip.decompress(base64.b64decode(vega[1])).decode()

    for held in (style[1], script[1], library):
        digest = base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()
        assert f"sha256-{digest}&#39;" in text
    assert "vegaEmbed" in library


def test_hostile_names_are_text(write_run: WriteRun, hostile_run: dict[str, Any], tmp_path: Path) -> None:
    """Names that are markup stand in the page as text, everywhere, and make no element; files to download likewise."""
    path = tmp_path / "gate.json"
    path.write_text(json.dumps(hostile_gate()), encoding="utf-8")
    page = Page(as_html.render(document.report([load(write_run(hostile_run))], verdict=verdict.load(path))))

    assert not page.all("img")
    assert [attributes.get("id") for attributes in page.all("script")] == ["live", "vega", None]
    assert page.text.count(EVIL) > 100
    csv_text, json_text = (unpacked(page, name) for name in ("csv", "json"))
    assert "'=HYPERLINK(1)" in csv_text
    assert ",=HYPERLINK" not in csv_text
    assert "<" not in json_text


EVIL = "</script><img src=x onerror=alert(1)>"


def hostile_gate() -> dict[str, Any]:
    """Return a gate's result whose words try to be markup."""
    judged = {"name": EVIL, "ratio": 1.1, "low": 1.0, "high": 1.2, "decision": EVIL, "why": EVIL}
    opening = {"format": "flagkit-gate", "schema": 1, "status": 1, "benchmarks": [judged]}
    return opening | {"outcome": EVIL, "line": EVIL, "why": [EVIL], "base": {"ref": EVIL}, "head": {"ref": EVIL}}


def unpacked(page: Page, identifier: str) -> str:
    """Return the text of a file to download."""
    (href,) = [item["href"] for item in page.all("a") if item.get("id") == identifier]
    return gzip.decompress(base64.b64decode((href or "").partition(",")[2])).decode()


def test_downloads_are_the_exports(page: Page, make_run: MakeRun) -> None:
    """The files to download hold every result, one row each."""
    count = len(make_run(studies=True)["benchmarks"])

    assert len(json.loads(unpacked(page, "json"))["rows"]) == count
    assert len(unpacked(page, "csv").splitlines()) == count + 1


def test_comparison_and_verdict(
    write_run: WriteRun, tmp_path: Path, make_lockstep: MakeRun, make_gate: MakeRun
) -> None:
    """Ratios between Pythons and a gate's verdict, given with --gate, are in the page."""
    for name, content in (("lockstep.json", make_lockstep()), ("gate.json", make_gate())):
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    given = [str(write_run()), str(tmp_path / "lockstep.json"), "--gate", str(tmp_path / "gate.json")]

    assert main(["report", *given, "-o", str(tmp_path / "index.html")]) == 0

    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "The gate: regression (exit status 1)" in page.text
    assert "1.07x slower" in page.text
    assert {"pythons-by-suite", "free-threading-tax"} <= {item.get("id") for item in page.all("figure")}


def test_row_of_a_finding_is_among_those_shown(write_run: WriteRun, make_run: MakeRun) -> None:
    """Where results are too many for the page without its script, those that findings speak of are there still."""
    content = make_run()
    content["benchmarks"].reverse()
    report = document.report([load(write_run(content))])

    shown = rows.foremost(report, 3)

    cited = {finding.benchmark.fullname for finding in report.findings}
    assert cited <= {row.benchmark.fullname for row in shown}
    assert len(shown) < len(report.rows)


def test_no_results(write_run: WriteRun, make_run: MakeRun) -> None:
    """A run without any result is a page that says so."""
    page = page_of(write_run(make_run() | {"benchmarks": []}))

    assert "none of the benchmarks that the findings speak of" in page.text
    assert "0 results from 1 run." in page.text


def test_run_of_another_project(write_run: WriteRun, plain_run: dict[str, Any]) -> None:
    """Any pytest-benchmark JSON is shown, with what is not known said."""
    page = page_of(write_run(plain_run))

    assert "not written by this instrument" in page.text
    assert len(page.all("tr")) > min(as_html.STATIC_ROWS, len(plain_run["benchmarks"]))


def test_extreme_values(write_run: WriteRun, make_run: MakeRun) -> None:
    """The shortest and longest times that a file may hold are drawn as any other."""
    content = make_run()
    for number, benchmark in enumerate(content["benchmarks"]):
        stats = benchmark["stats"]
        stats["data"] = [1e-12 if number % 2 else 1e9] * stats["rounds"]

    page = page_of(write_run(content))

    assert len([item for item in page.all("svg") if item.get("role") == "img"]) == len(page.panels()) > 20


def test_by_the_command(write_run: WriteRun, make_run: MakeRun, tmp_path: Path) -> None:
    """The command writes this page, drawn by the real libraries."""
    content = make_run(rounds=4)
    content["benchmarks"] = [item for item in content["benchmarks"] if item["extra_info"]["suite"] == "download"]

    assert main(["report", str(write_run(content)), "-o", str(tmp_path / "index.html")]) == 0

    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert [item["id"] for item in page.all("figure")] == ["downloads", "spread", "drift", "overview"]
    assert "not decided by this run (n = 4" in page.text


def test_the_same_again(write_run: WriteRun, make_run: MakeRun) -> None:
    """The same files make the same page, byte by byte."""
    content = make_run()
    content["benchmarks"] = [item for item in content["benchmarks"] if item["extra_info"]["suite"] == "startup"]
    report = document.report([load(write_run(content))])

    assert as_html.render(report) == as_html.render(report)
