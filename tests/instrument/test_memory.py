"""Peak memory of a command, as it is seen from outside."""

import sys

import pytest

from bench.instrument import memory
from bench.instrument.memory import PeakError

pytestmark = pytest.mark.skipif(memory.unavailable() is not None, reason=memory.unavailable() or "")

MIB = 1 << 20
HOLD = """
import time
held = bytearray({} << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
time.sleep(0.3)
"""
FORK = """
import os, time
held = bytearray(64 << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
if os.fork() == 0:
    time.sleep(0.3)
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
