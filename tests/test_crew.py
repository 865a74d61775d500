"""Threads that are released together."""

import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from flagkit.crew import Crew


def late(wait_s: float, number: int) -> tuple[int, int]:
    """Wait, and return the number and the thread that did."""
    time.sleep(wait_s)
    return number, threading.get_ident()


def fail_late(wait_s: float) -> None:
    """Wait, and fail."""
    time.sleep(wait_s)
    raise RuntimeError("late")


def test_results_come_in_the_order_of_the_jobs() -> None:
    """Each job runs once, on a thread of its own, whatever order they end in; the threads stay from run to run."""
    with Crew(3) as crew:
        jobs = [partial(late, 0.01 * (3 - number), number) for number in range(3)]
        first, second = crew.run(jobs), crew.run(jobs)

    assert [number for number, _ in first] == [0, 1, 2]
    assert len({thread for _, thread in first}) == 3
    assert first == second


def test_all_stand_ready_before_any_begins() -> None:
    """Jobs that wait for each other end: none is run before the others' threads are there."""
    meeting = threading.Barrier(4)
    with Crew(4) as crew:
        assert sorted(crew.run([lambda: meeting.wait(10)] * 4)) == [0, 1, 2, 3]


def test_an_error_of_a_job_is_raised_and_the_crew_goes_on() -> None:
    """The run of a job that fails raises what it raised; the next run is a run like any other."""
    with Crew(2) as crew:
        with pytest.raises(ZeroDivisionError):
            crew.run([lambda: 1 // 0, lambda: 1])
        assert crew.run([lambda: 1, lambda: 2]) == [1, 2]


def test_the_first_error_of_several_is_raised_once() -> None:
    """The others are of that run too, and of no later one."""
    with Crew(3) as crew:
        with pytest.raises(ZeroDivisionError):
            crew.run([lambda: 1 // 0, partial(fail_late, 0.5), partial(fail_late, 0.6)])
        assert crew.run([int, int, int]) == [0, 0, 0]


INTERRUPTED = """\
import signal, threading, time
from flagkit.crew import Crew

def interrupt():
    time.sleep(0.05)  # until the main thread waits for the jobs
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    time.sleep(0.05)

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with Crew(2) as crew:
        crew.run([interrupt, int])
except KeyboardInterrupt:
    print(threading.active_count(), "thread")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C alone")
def test_ctrl_c_while_jobs_run_ends_the_block() -> None:
    """The threads end with their jobs, and nobody waits for ever."""
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 thread\n", "")


def test_nobody_stays_behind() -> None:
    """Leaving the block ends its threads, after an error too."""
    before = threading.active_count()

    def fail() -> None:
        with Crew(2) as crew:
            assert threading.active_count() == before + 2
            crew.run([int, int])
            raise RuntimeError("in the block")

    with pytest.raises(RuntimeError, match="in the block"):
        fail()
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [0, -1])
def test_a_crew_has_somebody(threads: int) -> None:
    """Without a thread there is none."""
    with pytest.raises(ValueError, match="at least 1 thread"):
        Crew(threads)


def test_a_job_a_thread() -> None:
    """Another number of jobs than of threads is refused, and nothing is run."""
    with Crew(2) as crew, pytest.raises(ValueError, match="2 threads take as many jobs, not 1"):
        crew.run([int])
