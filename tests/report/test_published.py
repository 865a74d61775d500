"""What the README says came out is what the reference runs say, and their page says it too."""

import html
import re
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.report import document, findings, reading, wording

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reports" / "reference"
LEAD = "CPython 3.14.7"
pytestmark = pytest.mark.once


def test_the_readme_has_findings_of_the_reference() -> None:
    """Word by word; those of one Python are said without its name, and one is the heading of a figure of lockstep's."""
    held = reading.read([*sorted(REFERENCE.glob("cp*.json")), REFERENCE / "lockstep.json"])
    found = {(run.label, wording.sentence(one)) for run in held.runs for one in findings.of_run(run)}
    headings = {one.heading for one in document.report(held.runs, held.sides).figures}
    found |= {(LEAD, f"{heading}.") for heading in headings}
    claimed = claims((ROOT / "README.md").read_text("utf-8"))
    assert len(claimed) > 5
    assert claimed - found == set()
    page = (REFERENCE / "index.html").read_text("utf-8")
    shown = {html.unescape(text) for text in re.findall(r'<p class="said">(.*?)</p>', page)}
    shown |= {f"{html.unescape(text)}." for text in re.findall(r'<h3 id="[^"]*-heading">(.*?) <a ', page)}
    assert {said if label == LEAD else f"{label}: {said}" for label, said in claimed} - shown == set()


def test_the_reference_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The runs stand beside each other as `python -m bench table --help` says, the ratios among their files or not."""
    assert main(["table", *map(str, sorted(REFERENCE.glob("*.json")))]) == 0
    assert LEAD in capsys.readouterr().out


def claims(readme: str) -> set[tuple[str, str]]:
    """Return the Python and the sentence of each item below the heading."""
    section = re.search(r"^## What came out\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    assert section is not None
    items = re.findall(r"^- (.*(?:\n  .*)*)", section[1], re.MULTILINE)
    split = [re.fullmatch(r"(?:(CPython \S+): )?(.*)", " ".join(item.split())) for item in items]
    return {(one[1] or LEAD, one[2]) for one in split if one is not None}
