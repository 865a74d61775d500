"""How recorded cells are judged: regret, families, coverage, and the table, on cells whose truth is known."""

import json
import random
import re
from math import inf
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import main
from bench.advise_rates import record
from bench.advise_rates.cells import BUILDING, CellItems, cell, is_reported
from bench.advise_rates.judge import ADVISE, coverage, families, family, regret, regret_at_most, scores
from bench.advise_rates.record import load
from bench.advise_rates.rules import RULES, rule_choices
from bench.advise_rates.table import render
from bench.advise_rates.truth import JOBLIB
from bench.instrument.json_lines import LineError
from flagkit.advise import Candidate
from tests.advise.made import measured

THREADS, PROCESSES = str(Candidate("thread", 2, 1)), str(Candidate("process-spawn", 2, 4))
REPORTED = BUILDING + 1
pytestmark = pytest.mark.once


def recorded(number: int = 1, choice: str = THREADS, **runs: list[float]) -> dict[str, Any]:
    """Return a cell in which serial takes 2 s, threads 1 s and processes 4 s, each the same in all rounds."""
    found = {"serial": [2.0] * 3, THREADS: [1.0] * 3, PROCESSES: [4.0] * 3, JOBLIB: [3.0]}
    return {
        "cell": number,
        "summary": "a cell",
        "python": "3.14",
        "machine": {"cpu": "Processor", "cores": 2},
        "choice": choice,
        "predicted": {
            choice: {"value": 1.0, "low": 0.9, "high": 1.1},
            "serial": {"value": 9.0, "low": 8.0, "high": 9.5},
        },
        "rules": dict.fromkeys(RULES, "serial"),
        "runs": found | runs,
    }


def test_regret_is_time_over_the_best() -> None:
    """The best choice has 1; another one as many times as it takes."""
    runs = recorded()["runs"]
    assert [regret(runs, name) for name in (THREADS, "serial", PROCESSES, JOBLIB)] == pytest.approx([1, 2, 4, 3])
    assert regret(runs, "what was not run") is None
    assert regret(runs | {PROCESSES: []}, PROCESSES) == regret_at_most(runs | {PROCESSES: []}, PROCESSES) == inf


def test_regret_is_between_its_two_estimates() -> None:
    """By the medians the best looks too good; in other rounds what looked the best is at times another."""
    drawn = random.Random(1)
    low, high = [], []
    for _ in range(400):
        runs = {f"thread, {n} workers": [drawn.lognormvariate(0.0, 0.1) for _ in range(5)] for n in range(2, 14)}
        runs["serial"] = [1.1 * drawn.lognormvariate(0.0, 0.1) for _ in range(5)]
        low.append(regret(runs, "serial") or 0)
        high.append(regret_at_most(runs, "serial") or 0)
    assert fmean(low) < 1.12 < fmean(high)
    assert fmean(low) == pytest.approx(1.1, abs=0.03)


def test_regret_where_some_were_run_more_often() -> None:
    """The best is one of those that were run in all rounds; a single run that was held up makes no difference."""
    runs = {"serial": [2.0], THREADS: [1.0, 9.0, 1.0, 1.0, 1.0], PROCESSES: [1.1, 1.1, 9.0, 1.1, 1.1]}
    for estimate in (regret, regret_at_most):
        assert [estimate(runs, name) for name in runs] == pytest.approx([2, 1, 1.1])


@given(st.lists(st.floats(0.9, 1.1), min_size=3, max_size=3), st.lists(st.floats(0.9, 1.1), min_size=3, max_size=3))
def test_regret_of_equals_is_not_above_their_noise(one: list[float], other: list[float]) -> None:
    """Two that are equally fast have a regret of about 1, which may be below 1: the best is found in other rounds."""
    value = regret({"serial": one, THREADS: other}, THREADS)
    assert value is not None
    assert 0.8 < value < 1.25


def test_each_chooser_has_a_score() -> None:
    """The advice, each rule and joblib's default, over all cells."""
    found = {one.chooser: one for one in scores([recorded(1), recorded(3, choice="serial")])}
    assert set(found) == {ADVISE, *RULES, JOBLIB}
    assert (found[ADVISE].median, found[ADVISE].worst, found[ADVISE].within) == (2, 2, 0.5)
    assert found[JOBLIB].median == pytest.approx(3)
    assert all(one.cells == 2 for one in found.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("serial", "serial"),
        (THREADS, "thread"),
        (PROCESSES, "workers"),
        ("interpreter, 2 workers", "workers"),
        ("shared, 2 workers", "shared"),
    ],
)
def test_families(name: str, expected: str) -> None:
    """Processes and interpreters are one, shared is another."""
    assert family(name) == expected


def test_a_family_that_is_as_good_as_the_best_is_right() -> None:
    """Within 5% of the best two families are right, however many rounds each was run; one that is slower is not."""
    near = recorded(choice="serial", serial=[1.04])
    assert families([recorded(), recorded(choice="serial"), near]) == (2, 3)


def test_coverage_counts_runs() -> None:
    """Of the choice, or of all that was ranked and measured."""
    one = recorded()
    one["runs"][THREADS] = [1.0, 1.05, 2.0]
    cells = [one]
    assert coverage(cells, of_choice=True) == [(2, 3)]
    assert coverage(cells, of_choice=False) == [(2, 6)]


def test_a_choice_that_failed_is_wrong_in_all() -> None:
    """It counts in each table, and is no cell that is left out."""
    failed = recorded()
    failed["runs"][THREADS] = []
    found = {one.chooser: one for one in scores([failed, recorded(2)])}
    assert (found[ADVISE].cells, found[ADVISE].worst) == (2, inf)
    assert families([failed]) == (0, 1)
    assert coverage([failed], of_choice=True) == [(0, 1)]
    lines = "\n".join(render([failed, recorded(2)], cells_are="of a test"))
    assert "| flagkit advise | 2 | failed | failed | failed | 50% | failed, failed |" in lines
    assert "- failed: cell 1 (a cell): thread, 2 workers, 1.00 s predicted, failed in truth; best serial" in lines


def test_what_was_not_measured_is_told() -> None:
    """A model of today may choose what nobody ran: it is in no row, and said."""
    other = recorded(choice="process-fork, 2 workers")
    assert "what is advised now in 1 cells." in "\n".join(render([other, recorded(2)], cells_are="of a test"))


def test_where_it_was_wrong_says_what_was_foreseen() -> None:
    """Of the best's kind: the time and by what, or that it is the chosen one's; and what the cells were measured on."""
    elsewhere = recorded(3, choice="serial") | {"machine": {"cpu": None}}
    elsewhere["predicted"] = {"serial": {"value": 2.0, "low": 1.0, "high": 3.0}}
    threads = {"value": 3.0, "low": 1.0, "high": 9.0}
    other = recorded(4, choice="serial") | {"evidence": {"pilots": {"thread": {}}}}
    other["predicted"] = {"serial": {"value": 2.0, "low": 1.0, "high": 3.0}, "thread, 4 workers": threads}
    lines = list(render([recorded(2), elsewhere, other], cells_are="of a test"))

    assert "Measured: 2 of them on 2 cores of Processor, 1 of them on a machine that was not noted." in lines
    ends = {line.partition("cell ")[2][0]: line.rpartition("best ")[2] for line in lines if line.startswith("- ")}
    assert ends == {
        "2": f"{THREADS}, 1.00 s, the same kind",
        "3": f"{THREADS}, 1.00 s, a kind that was ruled out",
        "4": f"{THREADS}, 1.00 s, of whose kind 3.00 s was predicted by a pilot",
    }


def test_coverage_has_an_interval_by_cells() -> None:
    """Runs of a cell share its luck: half of the cells in full is no 50% of independent runs."""
    cells = [recorded(number) for number in range(20)]
    for one in cells[::2]:
        one["predicted"][THREADS] = {"value": 9.0, "low": 8.0, "high": 9.5}
    line = next(line for line in render(cells, cells_are="of a test") if "within the 90%" in line)
    stated = re.search(r"interval: 30 of 60 \[(.*)%, (.*)%\] of", line)
    assert stated is not None
    assert float(stated[1]) < 33
    assert float(stated[2]) > 67


def test_table_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cells are judged by Python, those for building apart; half a line, which a crash has left, is no cell."""
    path = tmp_path / "cells.jsonl"
    lines = [*map(recorded, (REPORTED, 4, REPORTED + 2)), recorded(REPORTED + 4) | {"python": "3.11"}]
    lines.append({**recorded(REPORTED + 6), "error": "no"})
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines) + '{"cell": 9, "py')
    assert len(load(path)) == 5

    assert main(["advise-rates", str(path)]) == 0
    out = capsys.readouterr().out
    assert "## Python 3.11: 1 cells not used in building" in out
    assert "## Python 3.14: 2 cells not used in building" in out
    assert "| flagkit advise | 3 | 1.00 | failed | failed | 67% |" in out
    assert "Right family: 2 of 3 [" in out
    assert f"No advice for cell {REPORTED + 6} (a cell): no" in out
    assert main(["advise-rates", str(path), "--built"]) == 0
    assert "## Python 3.14: 1 cells that the model was built with" in capsys.readouterr().out


def test_what_is_no_file_of_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one line with status 2, as is a file without cells."""
    path = tmp_path / "cells.jsonl"
    path.write_text('{"a": 1}\n{}\n')
    with pytest.raises(LineError, match="line 1 is no cell of advise-rates"):
        load(path)
    assert main(["advise-rates", str(path)]) == 2
    assert main(["advise-rates", str(tmp_path / "absent.jsonl")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[1] == "python -m bench advise-rates: nothing is recorded; give --time"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff\xfe\x00\n", "line 1 is no cell of advise-rates: it is not JSON"),
        (b"\xff\xfe\x00", "line 1 is no cell of advise-rates: it is not JSON"),
        (b"null\n", "line 1 is no cell of advise-rates: it is no JSON object"),
        (b"3\n", "line 1 is no cell of advise-rates: it is no JSON object"),
        (b'{"cell": 99, "py\n', "line 1 is no cell of advise-rates: it is not JSON"),
        (
            json.dumps(recorded(REPORTED) | {"machine": None}).encode() + b"\n",
            "line 1 is no cell of advise-rates: it has no machine",
        ),
        (
            json.dumps(recorded(REPORTED) | {"choice": None}).encode() + b"\n",
            "line 1 is no cell of advise-rates: it has no choice",
        ),
    ],
    ids=["no text", "nor a line", "nothing", "a number", "half a line", "no machine", "no choice"],
)
def test_lines_that_are_no_cells(
    content: bytes, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands there is named in one line, with status 2, and the file stays as it is."""
    path = tmp_path / "cells.jsonl"
    path.write_bytes(content)

    assert main(["advise-rates", str(path)]) == 2
    assert capsys.readouterr().err == f"python -m bench advise-rates: {path}: {complaint}\n"
    assert path.read_bytes() == content


@given(st.integers(0, 500))
def test_cells_are_the_same_whenever_they_are_drawn(number: int) -> None:
    """By their number alone; the first ones are for building."""
    assert cell(number) == cell(number)
    assert is_reported(number) == (number >= BUILDING)
    assert cell(number).n >= 2
    assert (":" in cell(number).summary) == (number % 4 == 3)


@pytest.mark.parametrize("number", [0, 1, 3, 7, 11, 15, 19, 23, 27, 31])
def test_items_of_a_cell(number: int) -> None:
    """They are as many as it says, in real ones too."""
    address = "http://localhost:1/flags" if cell(number).function.endswith(":download") else None
    assert len(CellItems(number, address)) == cell(number).n


def test_rules_are_what_people_use() -> None:
    """Computing goes to processes, waiting to threads, by the one; the others do not look."""
    computing, waiting = (rule_choices(measured(cpu_share=share), 4) for share in (0.9, 0.1))
    assert [one.kind.partition("-")[0] for one in computing.values()] == ["process", "thread", "process", "serial"]
    assert next(iter(waiting.values())).kind == "thread"


def test_recording_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell is a line when it is done, and none is measured twice; at least one is, however short the time."""
    monkeypatch.setattr(record, "_measure", lambda one, python, _: recorded(one.number) | {"python": python})
    path = tmp_path / "cells.jsonl"
    for done in range(1, 4):
        record.record(path, 1e-6, budget_s=1.0, built=False)
        assert [one["cell"] for one in load(path)] == list(range(BUILDING, BUILDING + done))


def test_cells_for_building_are_recorded_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are few, and once all are there no other takes their place."""
    monkeypatch.setattr(record, "_measure", lambda one, python, _: recorded(one.number) | {"python": python})
    path = tmp_path / "cells.jsonl"
    for _ in range(2):
        record.record(path, 60.0, budget_s=1.0, built=True)
        assert [one["cell"] for one in load(path)] == list(range(BUILDING))
