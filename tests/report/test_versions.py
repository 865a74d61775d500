"""What a table of several Pythons says of threads."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.metrics import Missing
from bench.instrument.records import Run
from bench.instrument.results import load_all
from bench.instrument.statistics import Estimate
from bench.report import versions
from bench.report.exporters import as_table
from bench.report.side_by_side import side_by_side


@pytest.fixture
def runs(write_run: Callable[..., Path], make_run: Callable[..., dict[str, Any]]) -> tuple[Run, ...]:
    """Return runs of 3.14, of 3.14 without the GIL, and of 3.15 without it."""
    contents = (
        make_run("3.14.7", studies=True),
        make_run("3.14.7", free_threaded=True, studies=True),
        make_run("3.15.0", free_threaded=True, studies=True),
    )
    return load_all([write_run(content, f"{number}.json") for number, content in enumerate(contents)])


def test_contention(runs: tuple[Run, ...]) -> None:
    """Two threads that take 3% longer than one have a contention of 0.03; what was not run has a reason."""
    found = versions.contention(runs[0], "sha256")

    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.03, abs=0.02)
    assert versions.contention(runs[0], "json") == Missing("threads did not run json together")


def test_tax(runs: tuple[Run, ...]) -> None:
    """A free-threaded run has a tax where the run of its version with the GIL is beside it, and a reason elsewhere."""
    tax = versions.tax(runs[1], runs)

    assert isinstance(tax, Estimate)
    assert tax.value == pytest.approx(1, abs=0.05)
    assert tax.n == 4
    assert versions.tax(runs[2], runs) == Missing("no run of 3.15.0 with a GIL is beside it")
    assert versions.tax(runs[0], runs) == Missing("the tax is that of a free-threaded build over one with a GIL")


def test_within(runs: tuple[Run, ...]) -> None:
    """Rounds that are all alike give an interval of no width; those of the made-up runs are a few per cent wide."""
    alike = replace(runs[0], benchmarks=tuple(replace(b, rounds_s=(1.0,) * 8) for b in runs[0].benchmarks))
    few = replace(runs[0], benchmarks=tuple(replace(b, rounds_s=(1.0,) * 3) for b in runs[0].benchmarks))
    every = len(runs[0].benchmarks)

    assert versions.within(alike, 0.05) == (every, every)
    assert versions.within(few, 0.05) == (0, every)
    assert 0 <= versions.within(runs[0], 0.05)[0] < versions.within(runs[0], 1.0)[0] == every


@pytest.mark.parametrize("style", ["simple", "github"])
def test_the_table_has_them(runs: tuple[Run, ...], style: str) -> None:
    """A line a Python, with figures and intervals, or the reason why there is none."""
    said = as_table.render(side_by_side(runs), style)

    assert "contention, sha256" in said
    assert "free" in said
    assert "no run of 3" in said
