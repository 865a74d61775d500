"""The table of properties: it says what the tests hold, and the file in the repository is not stale."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from flagkit.executors import EXECUTORS
from flagkit.executors.properties import DEVIATIONS, Property, deviation, inapplicable
from flagkit.executors.property_table import table

HERE = Path(__file__).parent
README = HERE.parents[1] / "flagkit" / "executors" / "README.md"


@pytest.mark.parametrize("property_", Property, ids=lambda property_: property_.name)
def test_a_property_is_tested(property_: Property) -> None:
    """Each property is what a test of the contract suite is marked with."""
    marked = {
        node.args[0].attr
        for path in HERE.glob("test_contract*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.property"
        if isinstance(node.args[0], ast.Attribute)
    }
    assert property_.name in marked


def test_a_deviation_is_of_a_kind_and_of_what_it_should_have() -> None:
    """Deviations are declared for kinds that there are, and not where a property means nothing."""
    for kind, lacking in DEVIATIONS.items():
        assert kind in EXECUTORS
        assert [one for one in lacking if inapplicable(kind, one)] == []


@pytest.mark.parametrize("kind", [kind for kind in ("serial", "shared") if kind in EXECUTORS])
def test_ours_have_every_property(kind: str) -> None:
    """The executors of this repository deviate in nothing."""
    assert [one for one in Property if deviation(kind, one)] == []


def test_the_table_has_every_property_and_reason() -> None:
    """A row stands for each property, and a line below for each reason, of those kinds that this Python has."""
    text = table()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == [f"| {one}" for one in Property]
    assert len({len(row.split(" | ")) for row in rows}) == 1
    for lacking in DEVIATIONS.values():
        assert all(f". {reason}\n" in text for reason in lacking.values())


def test_the_file_is_not_stale(tmp_path: Path) -> None:
    """The table in the repository is what the command writes."""
    written = tmp_path / "README.md"
    subprocess.run([sys.executable, "-m", "flagkit.executors.property_table", written], check=True)
    assert written.read_text("utf-8") == README.read_text("utf-8")
