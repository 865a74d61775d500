"""What the README says came out is what the recording beside the other reference runs says."""

from pathlib import Path

import pytest

from bench.advise_rates.cells import is_reported
from bench.advise_rates.record import load
from bench.advise_rates.table import render

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "reports" / "reference" / "advise.jsonl"
README = ROOT / "bench" / "advise_rates" / "README.md"
pytestmark = pytest.mark.once


def test_the_tables_are_those_of_the_recording() -> None:
    """Line by line; all cells of it count, and none is there twice."""
    cells = load(RECORDING)
    assert all(is_reported(one["cell"]) for one in cells)
    assert len({(one["cell"], one["python"]) for one in cells}) == len(cells) > 0
    published = README.read_text("utf-8").splitlines()
    lines = [line.replace("## Python", "### Python") for line in render(cells, cells_are="not used in building")]
    assert [line for line in lines if line not in published] == []
