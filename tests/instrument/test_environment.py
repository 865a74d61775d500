"""What is noted about a run: versions of what it imported, and nothing that says where it was."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from bench.instrument import build
from bench.instrument.environment import Environment, imported_packages, without_locations


def test_versions_of_what_was_imported() -> None:
    """Distributions by name, as far as a module of theirs has been imported."""
    packages = imported_packages()
    assert packages["pytest-benchmark"] == version("pytest-benchmark")
    assert "mypy" not in packages
    assert list(packages) == sorted(packages, key=str.lower)


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("-q", "-q"),
        ("bench/bench_gil.py::test_gil[serial-1]", "bench/bench_gil.py::test_gil[serial-1]"),
        ("/home/ann/flagkit/bench/bench_gil.py::test_gil", "bench/bench_gil.py::test_gil"),
        ("/home/ann/flagkit", "."),
        ("--results=/home/ann/flagkit/reports", "--results=reports"),
        ("--results=/mnt/secret/reports", "--results=reports"),
        ("/mnt/secret/a.py", "a.py"),
        ("--benchmark-max-time=1.0", "--benchmark-max-time=1.0"),
        ("a=/b", "a=/b"),
    ],
)
def test_arguments_without_locations(argument: str, shown: str) -> None:
    """Paths below the project are relative, others are reduced to their last part."""
    assert without_locations([argument], Path("/home/ann/flagkit")) == [shown]


def test_a_description_is_json_and_says_when() -> None:
    """The start is noted when it begins, the end when it is asked for."""
    environment = Environment(arguments=["-q"], quick=False, gil_before_imports=build.is_gil_enabled())
    reasons = [{"benchmark": "test_a", "reason": "no such thing"}]

    described = environment.describe(interrupted=True, unavailable=reasons, cpu_model="Some CPU")

    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["started"] <= described["finished"]
    assert described["started"].endswith("+00:00")
    assert described["interrupted"] is True
    assert described["unavailable"] == reasons
    assert described["host"]["usable_cores"] <= described["host"]["logical_cores"]
    assert described["python"]["gil_disabled_build"] is build.is_gil_disabled_build()
