"""What a person sees during a recorded run: one line, in a real terminal."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.instrument.conftest import Suite

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

SUITE = """
import pytest

def run(measure):
    measure(lambda: 1, expect=bool, parameters={})

def test_a(measure):
    run(measure)

@pytest.mark.skip(reason="not here")
def test_b(measure):
    run(measure)

def test_c(measure):
    measure(lambda: 0, expect=bool, parameters={})

@pytest.fixture
def broken():
    raise ValueError

def test_d(broken, measure):
    run(measure)

@pytest.mark.xfail(reason="known")
def test_e(measure):
    assert 0
"""


def seen(suite: "Suite", *options: str) -> str:
    """Return all that a run writes to a terminal of its own."""
    import pty  # noqa: PLC0415  # not on Windows

    ours, its = pty.openpty()
    with subprocess.Popen(
        suite.command("--quick", *options), cwd=suite.folder, env=suite.environment(), stdout=its, stderr=its, stdin=its
    ):
        os.close(its)
        read = []
        while chunk := _read(ours):
            read.append(chunk)
    os.close(ours)
    return b"".join(read).decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way of saying that nobody writes any more
        return b""


def test_a_line_tells_how_far_it_is(make_suite: Callable[..., "Suite"]) -> None:
    """Number, total and time to go, with what runs; a failure is told at once; the summary is pytest's own."""
    screen = seen(make_suite(test_a=SUITE), "--results", "out")

    assert "0 of 5, 00:00 so far, about ? to go: test_a.py::test_a" in screen
    assert "3 of 5" in screen
    assert screen.index("FAILED test_a.py::test_c") < screen.index("4 of 5")
    assert "ERROR test_a.py::test_d" in screen
    assert "passed" in screen
    assert "1 benchmark, 2 skipped: out" in screen.splitlines()[-1]


@pytest.mark.parametrize("options", [(), ("--results", "out", "-vv"), ("--results", "out", "--collect-only")])
def test_no_line_where_none_is_wanted(make_suite: Callable[..., "Suite"], options: tuple[str, ...]) -> None:
    """Without results, with -v, or where nothing is run, pytest shows what it always shows."""
    assert "so far" not in seen(make_suite(test_a=SUITE), *options)


def test_a_file_gets_no_line(make_suite: Callable[..., "Suite"]) -> None:
    """What is no terminal gets pytest's dots."""
    output = make_suite(test_a=SUITE).run("--quick", "--results", "out").output
    assert ".sFEx" in output
    assert "so far" not in output
