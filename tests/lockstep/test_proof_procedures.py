"""python -m bench lockstep-procedures: lockstep beside other tools."""

import math
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from bench.__main__ import main
from bench.lockstep import identical
from bench.lockstep.estimate import PairedRounds
from bench.lockstep.proof import other_tools, procedures
from bench.lockstep.proof.other_tools import PyperfError


def pieces_of(name: str, sd: float, n: int = 12) -> list[dict[str, Any]]:
    """Return synthetic pieces."""
    rng = np.random.default_rng(len(name))
    ratios = rng.normal(0, sd, (n, 6))
    return [{"procedure": name, "seconds": 24.0, "log_ratios": dict(enumerate(row.tolist()))} for row in ratios]


def test_factor_of_synthetic_pieces() -> None:
    """Ten times the scatter is a factor of ten, within its interval."""
    wide = [piece["log_ratios"] for piece in pieces_of("wide", 0.1)]
    narrow = [piece["log_ratios"] for piece in pieces_of("narrow", 0.01)]

    found = procedures.factor(wide, narrow, seed=1)

    assert found.low is not None
    assert found.high is not None
    assert found.low < 10 < found.high
    assert found.value == pytest.approx(10, rel=0.3)
    assert procedures.factor(wide[:3], narrow, seed=1).low is None


def test_factor_of_what_does_not_scatter() -> None:
    """Pieces that are all alike have a factor without an interval."""
    alike = [{"a": 0.1}] * 8

    assert procedures.factor(alike, alike, seed=1) == procedures.Factor(1.0, None, None)


def test_table() -> None:
    """A row a procedure, with the seconds of a ratio; what is missing or not yet measured says so."""
    pieces: list[dict[str, Any]] = [
        *pieces_of(procedures.LOCKSTEP, 0.01),
        *pieces_of("pytest-benchmark, run twice", 0.1),
        {"procedure": "pyperf, run twice", "missing": "pyperf is not installed in this Python"},
    ]

    table = procedures.markdown(pieces, seed=1)

    assert "| pytest-benchmark, run twice | 72 in 12 | 4.00 | 0.1" in table or "| 72 in 12 | 4.00 | 0.09" in table
    assert "| pyperf, run twice | 0 | pyperf is not installed in this Python |" in table
    assert "| asv's interleaved rounds | 0 | not yet measured |" in table
    assert table.splitlines()[-1].startswith("| lockstep | 72 in 12 | 4.00 | 0.0")


def test_each_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """In as many pieces as there are procedures each is measured once, in orders that differ."""
    fakes = {name: lambda *_: {"a": 0.1} for name in procedures.PROCEDURES}
    monkeypatch.setattr(procedures, "PROCEDURES", MappingProxyType(fakes))
    monkeypatch.setattr(procedures, "find_spec", lambda _: object())

    order = [procedures.measure(1, number)["procedure"] for number in range(40)]

    assert Counter(order) == dict.fromkeys(fakes, 10)
    turns = [tuple(order[first : first + 4]) for first in range(0, 40, 4)]
    assert all(len(set(turn)) == 4 for turn in turns)
    assert len(set(turns)) > 1


def test_without_pyperf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyperf is not installed its pieces say so, and the others are measured."""
    monkeypatch.setattr(procedures, "find_spec", lambda _: None)
    fakes = {name: lambda *_: {"a": 0.1} for name in procedures.PROCEDURES}
    monkeypatch.setattr(procedures, "PROCEDURES", MappingProxyType(fakes))

    pieces = [procedures.measure(1, number) for number in range(4)]

    assert sum("log_ratios" in piece for piece in pieces) == 3
    assert [piece["missing"] for piece in pieces if "missing" in piece] == ["pyperf is not installed in this Python"]


def test_pytest_benchmark_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs give a log ratio of medians for each of the workloads asked for, in the time that starting leaves."""
    runs = iter(
        [{"test_workload[a]": 1.0, "test_workload[b]": 2.0}, {"test_workload[a]": 2.0, "test_workload[b]": 1.0}]
    )
    asked: list[float] = []

    def medians(_: object, benchmark_s: float, __: int) -> dict[str, float]:
        asked.append(benchmark_s)
        return next(runs)

    monkeypatch.setattr(other_tools, "medians", medians)

    ratios = other_tools.pytest_benchmark_twice(Random(1), ["a", "b"], budget_s=8.0)

    assert ratios == {"a": pytest.approx(math.log(2)), "b": pytest.approx(-math.log(2))}
    assert asked == [1.6, 1.6]


def test_asv_interleaved() -> None:
    """Rounds of fresh processes, base then head, give a log ratio for each workload."""
    ratios = other_tools.asv_interleaved(Random(1), ["recursion"], budget_s=0.1)

    assert list(ratios) == ["recursion"]
    assert math.isfinite(ratios["recursion"])


FAKE_PYPERF = """
import json, pathlib, sys
output = next(a.partition("=")[2] for a in sys.argv if a.startswith("--output="))
runs = [{"metadata": {}}, {"values": [1.0, 2.0]}, {"values": [3.0]}]
pathlib.Path(output).write_text(json.dumps({"benchmarks": [{"runs": runs}]}))
"""


def test_pyperf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mean is that of all values of its file, calibration left out; a failure is told with its last line."""
    (tmp_path / "pyperf.py").write_text(FAKE_PYPERF)
    monkeypatch.setattr(other_tools, "ROOT", tmp_path)

    assert other_tools.pyperf_twice(Random(1), ["recursion"], budget_s=2.0) == {"recursion": 0.0}

    (tmp_path / "pyperf.py").write_text("raise SystemExit('out of luck')")
    with pytest.raises(PyperfError, match="status 1: out of luck"):
        other_tools.pyperf_twice(Random(1), ["recursion"], budget_s=2.0)


class Slow:
    """A machine on which each step takes so many seconds of its own clock."""

    def __init__(self, step_s: float) -> None:
        self.now_s = 0.0
        self.step_s = step_s
        self.steps = 0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now_s

    def step(self, times: int = 1) -> None:
        """Take the time of so many steps."""
        self.steps += times
        self.now_s += times * self.step_s


@pytest.mark.parametrize(("step_s", "steps"), [(0.5, 24), (3.0, 4), (20.0, 1)])
def test_lockstep_keeps_to_the_time(step_s: float, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lockstep has as many generations as the time holds, and one at least."""
    slow = Slow(step_s)

    def generations(*_: object) -> Generator[dict[str, PairedRounds]]:
        while True:
            slow.step()
            yield {"a": PairedRounds((1.0,), (2.0,))}

    monkeypatch.setattr(identical, "generations", generations)
    monkeypatch.setattr(procedures, "time", slow)

    assert procedures.lockstep(Random(1), ["a"], 12.0) == {"a": pytest.approx(math.log(2))}
    assert slow.steps == steps


@pytest.mark.parametrize(("step_s", "processes"), [(0.5, 24), (3.0, 4)])
def test_asv_keeps_to_the_time(step_s: float, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of one process a side go on while the time holds one more, and are two at least."""
    slow = Slow(step_s)

    def process(*_: object) -> list[float]:
        slow.step()
        return [1.0]

    monkeypatch.setattr(other_tools, "_asv_process", process)
    monkeypatch.setattr(other_tools, "time", slow)

    assert other_tools.asv_interleaved(Random(1), ["a"], 12.0) == {"a": 0.0}
    assert slow.steps == processes


@pytest.mark.parametrize(("step_s", "at_most_s"), [(0.36, 12.5), (0.8, 14.0), (2.0, 20.0)])
def test_pyperf_keeps_to_the_time(step_s: float, at_most_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has as many processes as the time holds, by what those before took; two a benchmark and side at least."""
    slow = Slow(step_s)

    def pyperf(_: str, processes: int) -> float:
        slow.step(processes + 1)
        return 1.0

    monkeypatch.setattr(other_tools, "_pyperf", pyperf)
    monkeypatch.setattr(other_tools, "time", slow)

    assert other_tools.pyperf_twice(Random(1), ["a", "b"], 12.0) == {"a": 0.0, "b": 0.0}
    assert 10 <= slow.now_s <= at_most_s


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It measures into the file and prints the table of all procedures."""
    monkeypatch.setattr(procedures, "PROCEDURES", dict.fromkeys(procedures.PROCEDURES, lambda *_: {"a": 0.1}))

    assert main(["lockstep-procedures", str(tmp_path / "proof.jsonl"), "--minutes", "0.001"]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in procedures.PROCEDURES)


def test_lockstep_needs_nothing_of_the_others() -> None:
    """The instrument knows pyperf by its command line alone: importing all of the proof imports none of it."""
    assert "pyperf" not in sys.modules
