"""A gate's result beside the results: how it is read, and how it is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.gate.exporters import as_json
from bench.gate.verdict import Finding, Rules, Side, Status, Verdict
from bench.instrument.results import ResultsError
from bench.report import judged, verdict
from bench.report.wording import NONE

OPENING = '{"format": "flagkit-gate", "schema": 1, '
Make = Callable[..., dict[str, Any]]
WriteRun = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a text as a gate's result and return its path."""

    def write_it(text: str) -> Path:
        path = tmp_path / "gate.json"
        path.write_text(text, encoding="utf-8")
        return path

    return write_it


def test_verdict_is_read(write: Callable[[str], Path], make_gate: Make) -> None:
    """Verdict, status, reason and each benchmark's decision come as the gate states them."""
    held = verdict.load(write(json.dumps(make_gate())))

    assert (held.outcome, held.status, held.is_pass) == ("regression", 1, False)
    assert (held.base, held.head, held.why) == ("main", "working tree", ("its lower bound is above 1.01x",))
    assert judged.table(held).rows == (
        ("", "the suite", "1.01x slower", "[1.00x slower, 1.02x slower]", "no change", NONE),
        ("", "test_a", "1.00x slower", "[1.00x faster, 1.00x slower]", "no change", NONE),
        ("", "test_b[json]", "1.07x slower", "[1.04x slower, 1.10x slower]", "slower", NONE),
        ("", "test_c", NONE, NONE, "removed", "head does not have it"),
    )


def test_gates_own_file(write: Callable[[str], Path]) -> None:
    """What the gate's exporter writes is read, word for word."""
    rules = Rules(0.01, 0.001, 0.01, 0.005, 1.01, 0.9, allow_removed=False, inconclusive="pass")
    sides = (Side("main", "abc", dirty=False, packages=()), Side("working tree", "def", dirty=True, packages=()))
    found = Finding("test_a", "slower", "", "confirm", 8, 1.07, 1.04, 1.1)
    made = Verdict("regression", Status.REGRESSION, "1 slower", ("why",), *sides, rules, 300.0, 200.0, "now", "any")
    made = replace(made, benchmarks=(found,))

    held = verdict.load(write(json.dumps(as_json.content(made))))

    assert (held.outcome, held.status, held.line) == ("regression", 1, "1 slower")
    assert (held.base, held.head) == ("main", "working tree")
    assert [(one.name, one.ratio, one.decision) for one in held.benchmarks] == [("test_a", 1.07, "slower")]


def test_pass(write: Callable[[str], Path], make_gate: Make) -> None:
    """Status 0 is a pass, whatever the words."""
    assert verdict.load(write(json.dumps(make_gate(status=0, outcome="pass", benchmarks=[])))).is_pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "EOF while parsing"),
        ('{"format": "flagkit-gate", "sch', "EOF while parsing"),
        ("[]", "no result of the gate"),
        ('{"benchmarks": []}', "format: Field required"),
        (OPENING + '"outcome": "pass", "status": "0"}', "status: Input should be a valid integer"),
        ('{"format": "flagkit-gate", "schema": 9}', "written by a newer flagkit"),
        (
            OPENING + '"outcome": "x", "status": 0, "benchmarks": [{"name": "a", "ratio": NaN, "decision": "x"}]}',
            "ratio",
        ),
    ],
    ids=["empty", "truncated", "list", "foreign", "type", "newer", "nan"],
)
def test_malformed(write: Callable[[str], Path], text: str, said: str) -> None:
    """Anything else is one line that names the file."""
    with pytest.raises(ResultsError, match=r"gate\.json") as caught:
        verdict.load(write(text))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_one_line(write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gate's result that is not there: status 2, one line, no page."""
    page = tmp_path / "x.md"

    assert main(["report", str(write_run()), "--gate", str(tmp_path / "none.json"), "--markdown", str(page)]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "none.json: cannot be read" in line
    assert not page.exists()
