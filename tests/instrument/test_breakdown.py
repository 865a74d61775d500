"""What a time is made of: rows of parts, on their way into a file and back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.instrument.breakdown import MOST_ROWS, Breakdown
from bench.instrument.results import ResultsError, load
from bench.instrument.wire import PartsOfTime

if TYPE_CHECKING:
    from tests.instrument.conftest import Suite

SUITE = """
from bench.instrument.breakdown import Breakdown

def test_a(measure):
    measure(lambda: 1, expect=lambda r: r == 1, parameters={"suite": "pipeline"},
            breakdown=lambda: Breakdown.of(["there", "back"], [[0.001, 0.003], [0.002, 0.002]]))
"""


@given(st.lists(st.tuples(st.floats(-1, 1e6), st.floats(-1, 1e6)), min_size=1, max_size=200))
def test_there_and_back(rows_s: list[tuple[float, float]]) -> None:
    """What is read again is what was kept, to the nanosecond; the last rows are kept."""
    kept = Breakdown.of(("a", "b"), rows_s)
    read = PartsOfTime.model_validate_json(json.dumps(kept.to_json())).record()

    assert len(read.rows_s) == min(len(rows_s), MOST_ROWS)
    assert read.rows_s[-1] == pytest.approx(rows_s[-1], abs=1e-9)


@pytest.mark.parametrize("rows_s", [[], [[1.0]], [[1.0, 2.0], [1.0, 2.0, 3.0]]])
def test_rows_of_another_length_are_refused(rows_s: list[list[float]]) -> None:
    """Each row has a value for each name, and there is one at least."""
    with pytest.raises(ValueError, match="rows of 2 parts each"):
        Breakdown.of(("a", "b"), rows_s)


def test_visits_fit_the_rows() -> None:
    """What is read says how many rows each visit gave; where that is another number than there are, it is refused."""
    written = {"names": ["a"], "data_ns": [[1], [2], [3]], "visits": [2, 1]}
    assert PartsOfTime.model_validate_json(json.dumps(written)).record().visits == (2, 1)
    with pytest.raises(ValidationError, match="expected visits of 3 rows, found 4"):
        PartsOfTime.model_validate_json(json.dumps(written | {"visits": [2, 2]}))


def test_a_benchmark_keeps_its_breakdown(make_suite: Callable[..., "Suite"], tmp_path: Path) -> None:
    """It is in the file and in the record; a row that does not fit is a complaint that names the place."""
    outcome = make_suite(test_a=SUITE).run("--results", "out/a.json", "--quick")
    content: dict[str, Any] = outcome.results("a.json")
    (item,) = load(tmp_path / "out" / "a.json").benchmarks

    assert content["benchmarks"][0]["extra_info"]["breakdown"]["data_ns"] == [[1e6, 3e6], [2e6, 2e6]]
    assert item.breakdown == Breakdown(("there", "back"), ((0.001, 0.003), (0.002, 0.002)))
    assert "breakdown" not in item.parameters

    content["benchmarks"][0]["extra_info"]["breakdown"]["data_ns"][1] = [5]
    (tmp_path / "bad.json").write_text(json.dumps(content))
    with pytest.raises(ResultsError, match=r"benchmarks\[0\].extra_info.breakdown: expected rows of 2 parts each"):
        load(tmp_path / "bad.json")
