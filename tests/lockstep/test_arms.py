"""Arms as they are written on a command line."""

import sys
from pathlib import Path

import pytest

from bench.lockstep.arms import Arm, ArmError, check, parse


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Return what looks like a virtual environment of this Python."""
    folder = tmp_path / "env"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").touch()
    return folder


def test_a_virtual_environment(venv: Path, tmp_path: Path) -> None:
    """Its folder means its Python, which is not followed to the one that it was made from."""
    arm = parse("new=env", tmp_path)
    assert arm == Arm("new", venv / "bin" / "python", tmp_path.resolve(), {})
    assert arm.environment == venv


def test_an_interpreter_and_this_one_and_a_command(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, by nothing, and by its name on PATH."""
    monkeypatch.setenv("PATH", str(venv / "bin"))
    assert parse("a=env/bin/python", tmp_path).python == venv / "bin" / "python"
    assert parse("a=", tmp_path).python == Path(sys.executable)
    (tmp_path / "elsewhere").mkdir()
    assert parse("a=python", tmp_path / "elsewhere").python == venv / "bin" / "python"


def test_a_checkout_and_variables(tmp_path: Path) -> None:
    """They come after the Python, and a value may hold an equals sign."""
    (tmp_path / "old").mkdir()
    arm = parse("a=,in=old,PYTHON_JIT=1,OPTS=x=y", tmp_path)
    assert arm.checkout == (tmp_path / "old").resolve()
    assert arm.variables == {"PYTHON_JIT": "1", "OPTS": "x=y"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("python", "give NAME=PYTHON"),
        ("=python", "give NAME=PYTHON"),
        ("../a=python", "give NAME=PYTHON"),
        ("lockstep=", "give NAME=PYTHON"),
        ("a=no-such-python", "no Python no-such-python"),
        ("a=empty", "has no bin/python"),
        ("a=,in=nowhere", "is no directory"),
        ("a=,lower=1", "'lower=1' is neither in=DIR nor VARIABLE=VALUE"),
        ("a=,in=", "'in=' is neither in=DIR nor VARIABLE=VALUE"),
    ],
)
def test_what_cannot_be(text: str, complaint: str, tmp_path: Path) -> None:
    """One line says what is wrong, and quotes the argument."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArmError) as caught:
        parse(text, tmp_path)
    assert complaint in str(caught.value)
    assert str(caught.value).startswith(f"--arm {text}: ")


def test_a_comparison_has_two_arms_of_different_names_and_a_base(tmp_path: Path) -> None:
    """The first is the base unless another is named."""
    one, two = parse("one=", tmp_path), parse("two=", tmp_path)
    assert check([one, two], None) == "one"
    assert check([one, two], "two") == "two"
    for arms, base, complaint in (
        ([], None, "0 arms: a comparison needs two or more"),
        ([one], None, "1 arm: a comparison"),
        ([one, one], None, "two arms are called one"),
        ([one, two], "three", "--base three: no such arm; there are one, two"),
    ):
        with pytest.raises(ArmError, match=complaint):
            check(arms, base)
