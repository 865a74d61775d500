"""Recorded cells, advised again by what was measured then."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.advise_rates.again import advised, advised_again, as_json, from_json
from bench.advise_rates.cells import BUILDING
from flagkit.advise import Candidate
from flagkit.advise.records import Evidence
from tests.advise.made import CORES, costs, measured, piloted
from tests.advise_rates.test_judge import recorded

pytestmark = pytest.mark.once
PILOT = piloted(Candidate("process-fork", CORES, 5), 20, 0.06, 0.07)
EVIDENCE = Evidence(
    measured(gil_share=0.7),
    {kind: costs(kind) for kind in ("thread", "process-fork")},
    {"process-fork": PILOT},
    CORES,
    (replace(PILOT, candidate=Candidate("process-fork", 2, 5)),),
)


def test_evidence_comes_back_from_json() -> None:
    """All of it, to the digits that are kept."""
    assert from_json(json.loads(json.dumps(as_json(EVIDENCE)))) == EVIDENCE
    long = replace(EVIDENCE, measured=replace(EVIDENCE.measured, first_s=0.123456789))
    assert from_json(as_json(long)).measured.first_s == 0.12346


def test_the_advice_is_that_of_the_model_of_today() -> None:
    """Whatever was advised then; a cell without evidence is left out."""
    cell: dict[str, Any] = recorded(BUILDING, choice="serial")
    assert not list(advised_again([cell]))
    (again,) = advised_again([cell | {"evidence": as_json(EVIDENCE)}])
    assert again["choice"] == advised(EVIDENCE)["choice"] != "serial"
    assert again["choice"] in again["predicted"]
    assert again["runs"] == cell["runs"]


def test_again_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cells of a file are judged by either; evidence of another version is refused in one line."""
    path = tmp_path / "advise.jsonl"
    cell = recorded(BUILDING, choice="serial") | {"evidence": as_json(EVIDENCE)}
    cell["runs"][advised(EVIDENCE)["choice"]] = [0.5] * 3
    path.write_text(json.dumps(cell) + "\n", "utf-8")
    worst = []
    for options in ([], ["--again"]):
        assert main(["advise-rates", str(path), *options]) == 0
        out = capsys.readouterr().out
        worst.append(next(line for line in out.splitlines() if line.startswith("| flagkit advise")))
    assert worst == [
        "| flagkit advise | 1 | 4.00 | 4.00 | 4.00 | 0% | 4.00, 4.00 |",
        "| flagkit advise | 1 | 1.00 | 1.00 | 1.00 | 100% | 1.00, 1.00 |",
    ]
    path.write_text(json.dumps(recorded(BUILDING)) + "\n", "utf-8")
    assert main(["advise-rates", str(path), "--again"]) == 2
    assert "no recorded cell has the evidence for --again; give --time" in capsys.readouterr().err
    del cell["evidence"]["measured"]["n"]
    path.write_text(json.dumps(cell) + "\n", "utf-8")
    assert main(["advise-rates", str(path), "--again"]) == 2
    assert "recorded by another version" in capsys.readouterr().err
