"""The echo beside hogs: it answers, hogs compute only while they are loose, and nothing stays behind."""

import time

import psutil
import pytest

from flagkit.echo import EchoProcess


def child_cpu_s() -> float:
    """Return the processor time of the one child that computes."""
    times = [
        process.cpu_times() for process in psutil.Process().children() if "spawn_main" in " ".join(process.cmdline())
    ]
    assert len(times) == 1
    return float(times[0].user + times[0].system)


def used_s(seconds: float) -> float:
    """Return how much processor time the child takes within some time."""
    before_s = child_cpu_s()
    time.sleep(seconds)
    return child_cpu_s() - before_s


@pytest.mark.parametrize("hogs", [1, 3])
def test_hogs_compute_while_they_are_loose(hogs: int) -> None:
    """Loose, they take the processor; halted, they take nothing; the echo answers in either state, again and again."""
    with EchoProcess(hogs, 0.005) as process:
        assert process.echo()
        for _ in range(2):
            process.loose()
            loose_s = used_s(0.3)
            assert process.echo()
            process.halt()
            halted_s = used_s(0.3)
            assert process.echo()
            assert loose_s > 0.05 > halted_s


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
    assert [child for child in left if "resource_tracker" not in " ".join(child.cmdline())] == []
