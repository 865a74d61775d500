"""How tests look at processes: at one that runs, one that has ended and waits to be reaped, and one that is gone."""

import subprocess
import sys
import time

import psutil

from tests.processes import command_line, left_running, runs


def test_a_process_that_runs_ends_and_is_gone() -> None:
    """A zombie has ended: it has no command line, which is no error, and nobody waits for it."""
    program = "input(print('runs', flush=True))"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"runs\n"  # a process that just began has no command line yet
    process = psutil.Process(child.pid)
    assert command_line(process).endswith(f" -c {program}")
    assert runs(child.pid)
    assert left_running([process], within_s=0) == [process]

    process.kill()
    deadline_s = time.monotonic() + 60
    while process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert command_line(process) == ""
    assert not runs(process)
    assert left_running([process, child.pid], within_s=60) == []

    child.communicate()
    assert command_line(process) == ""
    assert not runs(child.pid)
