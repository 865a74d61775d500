"""Peak memory of a command, as it is seen from outside."""

import sys
from pathlib import Path

import pytest

from bench.instrument import memory
from bench.instrument.memory import PeakError
from tests.processes import left_running

pytestmark = pytest.mark.skipif(memory.unavailable() is not None, reason=memory.unavailable() or "")

MIB = 1 << 20
HOLD = """
import time
held = bytearray({} << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
time.sleep(1)
"""
FORK = """
import os, time
held = bytearray(64 << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
if os.fork() == 0:
    time.sleep(1)
    os._exit(0)
os.wait()
"""


def test_what_a_command_holds() -> None:
    """64 MiB more are 64 MiB more, within a little."""
    little, much = (memory.peak([sys.executable, "-c", HOLD.format(size)]) for size in (1, 65))

    assert (little.processes, much.processes) == (1, 1)
    assert 60 * MIB < much.pss_bytes - little.pss_bytes < 70 * MIB


def test_shared_pages_are_counted_once() -> None:
    """A forked child that only looks adds next to nothing, though its resident size is its parent's."""
    found = memory.peak([sys.executable, "-c", FORK])

    assert found.processes == 2
    assert 64 * MIB < found.pss_bytes < 96 * MIB


def test_a_command_that_fails_has_no_peak() -> None:
    """Its exit status and the end of what it said are the error."""
    with pytest.raises(PeakError, match=r"exit status 3: .*it broke"):
        memory.peak([sys.executable, "-c", "import sys; print('it broke', file=sys.stderr); sys.exit(3)"])


def test_a_command_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed with what it has started when patience is at an end, and the error says so."""
    monkeypatch.setattr(memory, "PATIENCE_S", 3)
    ended, pid = tmp_path / "ended", tmp_path / "pid"
    with pytest.raises(PeakError, match=r"^had not ended after 3 s: so far$"):
        memory.peak(["sh", "-c", f"echo so far >&2; (sleep 30; touch '{ended}') & echo $! >'{pid}'; wait"])

    assert left_running([int(pid.read_text())]) == []
    assert not ended.exists()


def test_a_command_that_says_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """It need not wait until somebody listens."""
    monkeypatch.setattr(memory, "PATIENCE_S", 5)
    assert memory.peak([sys.executable, "-c", "import sys; sys.stderr.write('x' * (1 << 20))"]).processes == 1
