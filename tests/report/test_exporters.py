"""Markdown, CSV and JSON: the same report, safe for what reads it."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.results import load, load_all
from bench.report import document, rows, verdict
from bench.report.document import Report
from bench.report.exporters import as_csv, as_json, as_markdown

WriteRun = Callable[..., Path]


@pytest.fixture
def report(write_run: WriteRun) -> Report:
    """Return a report on one run."""
    return document.report([load(write_run())])


@pytest.fixture
def hostile(write_run: WriteRun, hostile_run: dict[str, Any]) -> Report:
    """Return a report on a run whose names try to be more than text."""
    return document.report([load(write_run(hostile_run))])


def test_csv_has_every_result(report: Report) -> None:
    """A row a benchmark, times in seconds and ratios as numbers, parameters in columns of their own."""
    read = list(csv.DictReader(io.StringIO(as_csv.render(report))))
    run = report.runs[0]

    assert [row["benchmark"] for row in read] == [item.fullname for item in run.benchmarks]
    assert [float(row["median_s"]) for row in read] == [item.median_s for item in run.benchmarks]
    threads = next(row for row in read if row["kind"] == "thread" and row["workers"] == "2")
    assert float(threads["speed_up_low"]) <= float(threads["speed_up"]) <= float(threads["speed_up_high"])
    serial = next(row for row in read if row["kind"] == "serial")
    assert (serial["reference"], serial["speed_up"]) == ("", "")


def test_csv_cells_are_no_formulas(hostile: Report) -> None:
    """A text that a spreadsheet would run begins with an apostrophe; numbers stay numbers."""
    read = list(csv.DictReader(io.StringIO(as_csv.render(hostile))))

    assert {row["formula"] for row in read} == {"'=HYPERLINK(1)"}
    assert all(float(row["min_s"]) > 0 for row in read)


def test_csv_names_stay_in_their_cell(write_run: WriteRun, make_run: Callable[..., dict[str, Any]]) -> None:
    """Tabs and line breaks of a name, before what would be a formula, end no cell and start none."""
    content = make_run()
    content["benchmarks"][0]["fullname"] = "\t=1\r\n=2,3"

    read = list(csv.reader(io.StringIO(as_csv.render(document.report([load(write_run(content))])))))

    assert len(read) == len(content["benchmarks"]) + 1
    assert read[1][2] == "\N{REPLACEMENT CHARACTER}=1\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}=2,3"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_formula_starts(write_run: WriteRun, make_run: Callable[..., dict[str, Any]], start: str) -> None:
    """Every character that starts a formula is made harmless, in headers as well."""
    content = make_run()
    content["benchmarks"][0]["extra_info"][f"{start}x"] = f"{start}1"

    header, first = list(csv.reader(io.StringIO(as_csv.render(document.report([load(write_run(content))])))))[:2]

    assert first[header.index(f"'{start}x")] == f"'{start}1"


def test_markdown(report: Report) -> None:
    """Findings first, then a table a figure with as many cells in each line."""
    text = as_markdown.render(report)

    assert text.index("2 threads ran the seed") < text.index("## ")
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" | ") for line in block.splitlines()}) == 1
    assert text.count("\n| ") > len(report.figures)
    assert text.count("<details>") == text.count("</details>") > len(report.figures)


def test_markdown_says_what_is_absent(report: Report) -> None:
    """A question without data names the command that measures it."""
    assert "`tox -e bench -- -k pipeline` measures it" in as_markdown.render(report)


def test_markdown_tables_are_short(report: Report) -> None:
    """A table longer than a summary can hold is cut, and says so."""
    blocks = as_markdown.render(report).split("\n\n")
    lengths = [len(block.splitlines()) for block in blocks if block.startswith("|")]

    assert max(lengths) == as_markdown.MOST_ROWS + 2
    assert any(block.startswith("The first 40 of ") for block in blocks)


def test_json_has_every_result(report: Report) -> None:
    """JSON has a row a benchmark with its parameters and ratios as numbers, and the findings in words."""
    read = json.loads(as_json.render(report))
    run = report.runs[0]

    assert [row["benchmark"] for row in read["rows"]] == [item.fullname for item in run.benchmarks]
    assert [row["median_s"] for row in read["rows"]] == [item.median_s for item in run.benchmarks]
    assert [row["parameters"] for row in read["rows"]] == [dict(item.parameters) for item in run.benchmarks]
    assert [row["id"] for row in read["rows"]] == [row.anchor for row in report.rows]
    assert read["findings"][0]["sentence"].startswith("2 threads ran the seed's gcd")
    assert read["schema"] == as_json.SCHEMA


def test_json_holds_no_markup(hostile: Report) -> None:
    """A name that is markup cannot end a script that the JSON would stand in, and comes back as it was."""
    text = as_json.render(hostile)

    assert "<" not in text
    assert json.loads(text)["rows"][0]["name"] == hostile.runs[0].benchmarks[0].name


def test_markdown_shows_the_verdict(
    write_run: WriteRun, make_gate: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """A gate's verdict comes before the findings, its table folded."""
    (tmp_path / "gate.json").write_text(json.dumps(make_gate()), encoding="utf-8")

    text = as_markdown.render(document.report([load(write_run())], verdict=verdict.load(tmp_path / "gate.json")))

    assert text.index("**The gate: regression** (exit status 1)") < text.index("2 threads ran")
    assert "| test\\_b\\[json\\] | 1\\.07x slower | \\[1\\.04x slower, 1\\.10x slower\\] | slower |" in text


def test_markdown_is_text(hostile: Report) -> None:
    """No name becomes HTML, a link, a mention or another cell."""
    text = as_markdown.render(hostile)

    assert "<img" not in text
    assert "&lt;img" in text
    assert "\x1b" not in text


def test_markdown_without_findings(write_run: WriteRun, plain_run: dict[str, Any]) -> None:
    """A run without findings says so."""
    assert "none of the benchmarks" in as_markdown.render(document.report([load(write_run(plain_run))]))


def test_anchors_are_stable_and_their_own(write_run: WriteRun, make_run: Callable[..., dict[str, Any]]) -> None:
    """Every row of several runs has an id of its own, the same when made again, free of what names hold."""
    runs = load_all([write_run(make_run(version), f"{version}.json") for version in ("3.11.9", "3.14.7")])

    anchors = [row.anchor for row in rows.rows(runs)]

    assert len(set(anchors)) == len(anchors) == sum(len(run.benchmarks) for run in runs)
    assert anchors == [row.anchor for row in rows.rows(runs)]
    assert all(anchor.removeprefix("row-").isalnum() for anchor in anchors)


def test_row_cells(report: Report) -> None:
    """A row has times, the ratio to its named reference with interval, and rounds with iterations."""
    row = next(row for row in report.rows if row.benchmark.text("kind") == "process-fork")

    assert row.cells[2].endswith("slower than serial")
    assert row.cells[3].startswith("[1.")
    assert row.cells[4] == "10 \N{MULTIPLICATION SIGN} 1"
    assert row.parameters == "workload = gcd-seed, kind = process-fork, workers = 1, tasks = 4, temperature = warm"
