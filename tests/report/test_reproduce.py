"""The commands that make a run again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.results import load
from bench.report.reproduce import commands

WriteRun = Callable[..., Path]
MakeRun = Callable[..., dict[str, Any]]


def test_an_ordinary_run(write_run: WriteRun, make_run: MakeRun) -> None:
    """The commit, the environment and the command with its arguments."""
    content = make_run()
    content["machine_info"]["instrument"]["arguments"] = ["bench", "-k", "gil or floor"]
    (steps,) = commands([load(write_run(content))])

    assert steps.commands == (
        f"git checkout {content['commit_info']['id']}",
        "tox run -e bench-py314 --notest",
        ".tox/bench-py314/bin/python -m pytest bench -k 'gil or floor'",
    )
    assert steps.gap is None


def test_an_arm_of_a_lockstep_run(write_run: WriteRun, make_run: MakeRun) -> None:
    """It takes lockstep to make it again, with other arms, of which its file does not tell."""
    content = make_run()
    content["machine_info"]["instrument"]["arguments"] = ["bench", "--quick"]
    for benchmark in content["benchmarks"]:
        benchmark["extra_info"]["lockstep"] = {"arm": "cp314", "base": "cp311", "generation": [0]}
    (steps,) = commands([load(write_run(content))])

    assert steps.commands[-1] == (
        "python -m bench lockstep --arm cp314=.tox/bench-py314 --arm NAME=PYTHON -- bench --quick"
    )
    assert steps.gap == "Not exactly this run: it was measured in turn with other arms, which lockstep.json names."


@pytest.mark.parametrize("value", [3, "cp314", {"arm": 3}, {}])
def test_a_parameter_named_lockstep(write_run: WriteRun, make_run: MakeRun, value: object) -> None:
    """Whatever else stands there makes no arm of a run."""
    content = make_run()
    content["benchmarks"][0]["extra_info"]["lockstep"] = value
    (steps,) = commands([load(write_run(content))])

    assert "-m pytest" in steps.commands[-1]
    assert steps.gap is None
