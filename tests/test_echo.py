"""The echo beside hogs: it answers, hogs compute only while they are loose, and nothing stays behind."""

import time

import psutil
import pytest

from flagkit.echo import EchoProcess
from tests.processes import command_line

TICK_S = 0.01
"""The grain of a process's times on Linux."""


def child_cpu_s() -> float:
    """Return the processor time of the one child that computes."""
    times = [process.cpu_times() for process in psutil.Process().children() if "spawn_main" in command_line(process)]
    assert len(times) == 1
    return float(times[0].user + times[0].system)


def computes(wanted_s: float) -> bool:
    """Return whether the child takes so much processor time, however long a busy machine makes that wait."""
    before_s, end_s = child_cpu_s(), time.monotonic() + 30
    while child_cpu_s() - before_s < wanted_s and time.monotonic() < end_s:
        time.sleep(0.01)
    return child_cpu_s() - before_s >= wanted_s


def rests() -> bool:
    """Return whether the child takes no more than a tick or two within a fifth of a second."""
    before_s = child_cpu_s()
    time.sleep(0.2)
    return child_cpu_s() - before_s <= 2 * TICK_S


@pytest.mark.parametrize("hogs", [1, 3])
def test_hogs_compute_while_they_are_loose(hogs: int) -> None:
    """Loose, they take the processor; halted, they take nothing; the echo answers in either state, again and again."""
    with EchoProcess(hogs, 0.005) as process:
        assert process.echo()
        for _ in range(2):
            process.loose()
            assert computes(10 * TICK_S)
            assert process.echo()
            process.halt()
            assert rests()
            assert process.echo()


def test_the_process_ends_with_the_block() -> None:
    """Even with hogs still loose, and after an error in the block."""
    before = psutil.Process().children()

    def fail() -> None:
        with EchoProcess(2, 0.005) as process:
            process.loose()
            raise RuntimeError("in the block")

    with pytest.raises(RuntimeError, match="in the block"):
        fail()
    left = [child for child in psutil.Process().children() if child not in before]
    assert [child for child in left if "resource_tracker" not in command_line(child)] == []
