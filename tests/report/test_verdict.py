"""A gate's result beside the results: how it is read, and how it is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.instrument.results import ResultsError
from bench.report import judged, verdict

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

    assert (held.verdict, held.status, held.is_pass) == ("regression", 1, False)
    assert judged.table(held).rows == (
        ("", "test_a", "1.00x slower", "[1.00x faster, 1.00x slower]", "no change"),
        ("", "test_b[json]", "1.07x slower", "[1.04x slower, 1.10x slower]", "slower"),
        ("", "test_c", "1.01x faster", "\N{EN DASH}", "inconclusive"),
    )


def test_pass(write: Callable[[str], Path], make_gate: Make) -> None:
    """Status 0 is a pass, whatever the words."""
    assert verdict.load(write(json.dumps(make_gate(status=0, verdict="pass", benchmarks=[])))).is_pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "EOF while parsing"),
        ('{"gate": 1, "ver', "EOF while parsing"),
        ("[]", "no result of the gate"),
        ('{"benchmarks": []}', "gate: Field required"),
        ('{"gate": 1, "verdict": "pass", "status": "0"}', "status: Input should be a valid integer"),
        ('{"gate": 9, "verdict": "pass", "status": 0}', "written by a newer flagkit"),
        (
            '{"gate": 1, "verdict": "x", "status": 0, "benchmarks": [{"name": "a", "ratio": NaN, "decision": "x"}]}',
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
    page = tmp_path / "x.html"

    assert main(["report", str(write_run()), "--gate", str(tmp_path / "none.json"), "-o", str(page)]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "none.json: cannot be read" in line
    assert not page.exists()
