"""SharedMemoryExecutor: however it ends, nothing is left: no process, no name in /dev/shm, no word on stderr.

Each test runs a program of its own and then looks for what it left. Memory without a name is gone with the last process
that has it, so processes are what has to be looked for.
"""

import multiprocessing
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from flagkit.executors.shared import missing
from tests.processes import command_line, runs

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

METHODS = multiprocessing.get_all_start_methods()
PATIENCE_S = 30

PREAMBLE = """
import contextlib, gc, multiprocessing, operator, os, signal, sys, threading, time
from concurrent.futures import BrokenExecutor, wait
from pathlib import Path
import numpy as np
import psutil
from flagkit.executors.shared import SharedMemoryExecutor, share

ARRAY = np.arange(300_000, dtype=np.float64)
kept = []

def pool(workers=2, **options):
    return SharedMemoryExecutor(workers, multiprocessing.get_context(sys.argv[1]), **options)

def double(array): return array * 2
def fail(array): raise ValueError("no flag")
def slow(array, seconds): time.sleep(seconds); return array
def die(array): os.kill(os.getpid(), signal.SIGKILL)
def keep(array): kept.append(array)
def nested(array):
    with pool(1) as inner:
        return inner.submit(double, inner.submit(double, array).result()).result()
def named():
    found = set()
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        found.update(m.path for m in process.memory_maps() if "/dev/shm" in m.path)
        found.update(os.readlink(fd) for fd in Path(f"/proc/{process.pid}/fd").iterdir() if fd.is_symlink())
    return {path for path in found if "/dev/shm" in path}

"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Give a function that runs a program by a start method and checks that nothing is left of it."""

    def run(body: str, method: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        indented = "\n".join("    " + line for line in body.strip("\n").splitlines())
        program = tmp_path / "program.py"
        program.write_text(f"{PREAMBLE}\nif __name__ == '__main__':\n{indented}\n", encoding="utf-8")
        mark = uuid.uuid4().hex
        done = subprocess.run(
            [sys.executable, str(program), method],
            env={**os.environ, "FLAGKIT_MARK": mark},
            check=False,
            capture_output=True,  # ends when the last process that could write has ended
            text=True,
            timeout=2 * PATIENCE_S,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert done.stderr == ""
        assert remaining(mark) == []
        return done

    return run


def remaining(mark: str) -> list[str]:
    """Return the processes that carry the mark in their environment and do not end."""
    deadline = time.monotonic() + PATIENCE_S
    while found := [command_line(process) for process in psutil.process_iter() if is_marked(process, mark)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return found


def is_marked(process: psutil.Process, mark: str) -> bool:
    """Return whether a process that still runs has the mark."""
    try:
        return process.environ().get("FLAGKIT_MARK") == mark and runs(process)
    except psutil.Error:
        return False


@pytest.mark.parametrize("method", METHODS)
def test_exceptions_cancelled_futures_and_kept_arrays_leave_nothing(run: Run, method: str) -> None:
    """A pool at work has nothing in /dev/shm, open or mapped, and an ordinary end leaves nothing."""
    run(
        """
with pool() as p:
    futures = [p.submit(f, ARRAY) for f in (double, fail, keep) * 4]
    slow_ones = [p.submit(slow, ARRAY, 0.02) for _ in range(60)]
    cancelled = [future.cancel() for future in reversed(slow_ones)]
    assert any(cancelled)
    wait(futures + slow_ones)
    assert all(np.array_equal(f.result(), ARRAY * 2) for f in futures[::3])
    assert {type(f.exception()) for f in futures[1::3]} == {ValueError}
    assert p.submit(double, ARRAY).result()[1] == 2
    kept.extend(future.result() for future in futures[::3])
    assert named() == set(), named()
""",
        method,
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_killed_parent_takes_its_workers_along(run: Run, method: str) -> None:
    """After kill -9 of the parent its workers end, idle, at work or amid a transfer, and no tracker complains."""
    run(
        """
p, other = pool(), pool(1)
p.submit(double, ARRAY).result()
other.submit(keep, ARRAY).result()
handle = share(ARRAY)
futures = [p.submit(slow, handle, 60), *[p.submit(double, ARRAY) for _ in range(20)]]
time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
""",
        method,
        status=-9,
    )


@pytest.mark.parametrize("refusal", ["OSError(38, 'Function not implemented')", "PermissionError(1, 'not here')"])
def test_a_killed_parent_takes_its_workers_along_without_its_descriptor(run: Run, refusal: str) -> None:
    """Where the system has no descriptors of processes, or allows none, workers end with their parent all the same."""
    run(
        f"""
def refuse(process): raise {refusal}
os.pidfd_open = refuse
p = pool()
p.submit(double, ARRAY).result()
os.kill(os.getpid(), signal.SIGKILL)
""",
        "fork",
        status=-9,
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_killed_worker_breaks_the_pool_and_leaves_nothing(run: Run, method: str) -> None:
    """When a worker is killed, every future is resolved, results that arrived stay usable, and a new pool works."""
    run(
        """
p = pool()
first = p.submit(double, ARRAY).result()
futures = []
with contextlib.suppress(BrokenExecutor):  # a worker may have died before the last one is submitted
    for function in (double, die) * 3:
        futures.append(p.submit(function, ARRAY))
done, late = wait(futures, timeout=30)
assert not late
assert any(isinstance(future.exception(), BrokenExecutor) for future in done)
assert np.array_equal(first, ARRAY * 2)
p.shutdown()
with pool(1) as p:
    assert np.array_equal(p.submit(double, ARRAY).result(), ARRAY * 2)
""",
        method,
    )


@pytest.mark.parametrize("ending", ["p.shutdown(wait=False)", "p.shutdown(wait=False, cancel_futures=True)", "pass"])
def test_the_end_of_the_interpreter_leaves_nothing(run: Run, ending: str) -> None:
    """A program may end with a pool at work and arrays in use, whether it was told to shut down or not."""
    run(
        f"""
p = pool()
result = p.submit(double, ARRAY).result()
handle = share(ARRAY)
view = handle.value
futures = [p.submit(slow, ARRAY, 0.01) for _ in range(8)]
{ending}
""",
        "forkserver",
    )


def test_workers_that_are_replaced_lose_nothing(run: Run) -> None:
    """With max_tasks_per_child=1 each worker ends right after its result, which arrives nevertheless."""
    run(
        """
with pool(max_tasks_per_child=1) as p:
    for result in p.map(double, [ARRAY + i for i in range(4)]):
        kept.append(result)
assert [array[0] for array in kept] == [0, 2, 4, 6]
""",
        "forkserver",
    )


def test_a_failing_initializer_breaks_the_pool(tmp_path: Path) -> None:
    """As for any process pool, the initializer's traceback is logged and the pool is broken."""
    program = tmp_path / "program.py"
    body = """
def initialize(text): raise ValueError(text)

if __name__ == '__main__':
    with pool(1, initializer=initialize, initargs=("no flags today",)) as p:
        print(type(p.submit(double, ARRAY).exception()).__name__)
"""
    program.write_text(PREAMBLE + body, encoding="utf-8")
    command = [sys.executable, str(program), "forkserver"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout == "BrokenProcessPool\n"
    assert "no flags today" in done.stderr


@pytest.mark.parametrize("method", METHODS)
def test_pools_within_workers_leave_nothing(run: Run, method: str) -> None:
    """A task may have a pool of its own, whose results go on to the task's caller."""
    run(
        """
with pool(1) as p:
    assert np.array_equal(p.submit(nested, ARRAY).result(), ARRAY * 4)
""",
        method,
    )
