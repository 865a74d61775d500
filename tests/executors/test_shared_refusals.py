"""SharedMemoryExecutor: where there is no memory, and what cannot be pickled or unpickled."""

import asyncio
import gc
import logging
import multiprocessing
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import leases, memory, missing
from flagkit.executors.shared.parcels import Parcel
from flagkit.payloads import echo

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

BIG = np.arange(300_000, dtype=np.float64)


@pytest.fixture
def pool() -> Iterator[SharedMemoryExecutor]:
    """Give a pool of one worker that knows this module."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork")) as executor:
        yield executor


PROGRAM = """
import multiprocessing, resource, sys
import numpy as np
from flagkit.executors import SharedMemoryExecutor
from flagkit.payloads import echo

BIG = np.arange(300_000, dtype=np.float64)

def limit():
    # Refuses to make a file larger, memory included, and says so with SIGXFSZ, which Python ignores, and EFBIG
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))

if __name__ == "__main__":
    if sys.argv[2] == "parent":
        limit()
    with SharedMemoryExecutor(
        2, multiprocessing.get_context(sys.argv[1]), initializer=limit if sys.argv[2] == "workers" else None
    ) as pool:
        for _ in range(2):
            for value in (BIG, [BIG, BIG + 1], b"x" * 3_000_000, list(range(400_000)), BIG[:20_000]):
                for result in pool.map(echo, [value] * 2):
                    assert np.array_equal(result, value) if not isinstance(value, bytes) else result == value
                    assert not isinstance(result, np.ndarray) or result.flags.writeable
    print("all")
"""


@pytest.mark.parametrize("where", ["parent", "workers"])
@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_too_little_memory_means_the_pipe_and_one_warning(tmp_path: Path, method: str, where: str) -> None:
    """Where memory cannot grow, every task gets its result by the pipe, and one line says so."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, str(program), method, where]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout == "all\n", done.stderr
    (line,) = done.stderr.splitlines()
    assert line == "no shared memory to be had (File too large): large data is pickled as a whole"


def test_no_descriptor_left_means_the_pipe(
    pool: SharedMemoryExecutor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that may open no further file still gets its results, with one warning."""
    pool.submit(echo, 0).result()
    pool._home.memory.close()  # forgets what is idle

    def refuse(*_: object) -> NoReturn:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("os.memfd_create", refuse)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert np.array_equal(pool.submit(echo, BIG).result(), BIG)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


HOARD = """
import multiprocessing, os, resource
import numpy as np
from flagkit.executors import SharedMemoryExecutor

def numbers(count):
    return np.arange(count, dtype=np.float64)

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    with SharedMemoryExecutor(2, multiprocessing.get_context("fork")) as pool:
        assert pool.submit(numbers, 1).result() == 0
        hoard = []
        try:
            while True:
                hoard.append(os.dup(0))
        except OSError:
            pass
        for count, result in enumerate(pool.map(numbers, range(100_000, 100_050)), 100_000):
            assert np.array_equal(result, numbers(count)) and result.flags.writeable
        for descriptor in hoard:
            os.close(descriptor)
        for count, result in enumerate(pool.map(numbers, range(100_000, 100_050)), 100_000):
            assert np.array_equal(result, numbers(count)) and result.flags.writeable
    print("all")
"""


def test_a_process_that_may_open_nothing_more_gets_what_workers_have_made(tmp_path: Path) -> None:
    """Large results of a pool that has no memory to lend yet arrive by the descriptors that it has put by."""
    program = tmp_path / "program.py"
    program.write_text(HOARD, encoding="utf-8")
    done = subprocess.run([sys.executable, str(program)], check=False, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("all\n", "")


def test_memory_that_cannot_be_handed_over_means_the_pipe(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot send the memory of a result, as too much is on the way, sends the result by the pipe."""

    def refuse(*_: object) -> NoReturn:
        raise OSError(109, "Too many references: cannot splice")

    monkeypatch.setattr("flagkit.executors.shared.tasks.send", refuse)
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork")) as pool, caplog.at_level(logging.WARNING):
        for _ in range(3):
            first, second = pool.submit(several, 300_000).result(timeout=30)
            assert np.array_equal(first, BIG)
            assert first.flags.writeable
            assert second == b"x" * 300_000
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def several(count: int) -> tuple[Any, bytes]:
    """Return an array and bytes, both large."""
    return np.arange(count, dtype=np.float64), b"x" * count


def test_what_a_worker_makes_is_lent_again(pool: SharedMemoryExecutor) -> None:
    """The memory that a worker has made for a first large result is what the next one comes in."""
    before = set(memory.opened)
    for _ in range(20):
        assert np.array_equal(pool.submit(several, 300_000).result()[0], BIG)
    gc.collect()
    made = [memory.opened.get(serial, lambda: None)() for serial in set(memory.opened) - before]
    used = [one for one in made if one is not None and one.capacity]
    assert 1 <= len(used) <= 3  # without a GIL, a result may die a little after its last user has let go


def test_memory_that_cannot_be_mapped_is_read(pool: SharedMemoryExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system allows no further mapping, a result is read into ordinary memory."""
    assert np.array_equal(pool.submit(echo, BIG).result(), BIG)

    def refuse(*_: object) -> NoReturn:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(memory.Memory, "lend", refuse)
    result = pool.submit(echo, [BIG, b"x" * 100_000]).result()
    assert np.array_equal(result[0], BIG)
    assert result[0].flags.writeable


class NotThereError(Exception):
    """An exception that pickles, and whose pickle cannot be loaded."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")


def test_a_pool_may_break_while_a_call_is_pickled(pool: SharedMemoryExecutor) -> None:
    """What a call has borrowed whose future is done by the time it is sent is not lent again, and not kept."""
    future: Future[Any] = Future()
    future.set_exception(BrokenProcessPool())
    parcel = Parcel(pool._home, echo, ([BIG, b"x" * 1_000_000, BIG],), {})
    parcel.meet(future)
    pickle.dumps(parcel)
    assert pool._home.memory.is_empty
    assert not leases._leases
    del parcel, future
    gc.collect()
    assert pool.submit(echo, 1).result(timeout=30) == 1


class Broken:
    """An object whose pickle cannot be loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


def fail_oddly() -> NoReturn:
    """Raise what cannot be unpickled."""
    raise NotThereError("xx", "no such country")


def lock_of(_: object) -> Any:
    """Return what cannot be pickled."""
    return threading.Lock()


def test_what_cannot_travel_is_an_error_of_its_future_alone(pool: SharedMemoryExecutor) -> None:
    """Arguments and results that cannot be pickled or unpickled fail their future, and the pool goes on."""
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(echo, [BIG, threading.Lock()]).result(timeout=30)
    with pytest.raises(TypeError, match="pickle"):
        pool.submit(lock_of, BIG).result(timeout=30)
    with pytest.raises(ValueError, match="no number"):
        pool.submit(echo, [BIG, Broken()]).result(timeout=30)
    arrived_broken = pool.submit(Broken)
    with pytest.raises(ValueError, match="no number"):
        arrived_broken.result(timeout=30)
    assert isinstance(arrived_broken.exception(), ValueError)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pool.submit(lambda: 1).result(timeout=30)
    assert np.array_equal(pool.submit(echo, BIG).result(timeout=30), BIG)


def test_what_cannot_travel_is_told_to_asyncio_too(pool: SharedMemoryExecutor) -> None:
    """Who awaits a result that cannot be unpickled is told of it as its future tells."""

    async def wait_for_it() -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, Broken)

    with pytest.raises(ValueError, match="no number"):
        asyncio.run(wait_for_it())


class Waiting:
    """An object that says when it is being pickled, and cannot be once `may_fail` is set."""

    def __init__(self) -> None:
        self.is_pickling = threading.Event()
        self.may_fail = threading.Event()

    def __reduce__(self) -> NoReturn:
        self.is_pickling.set()
        self.may_fail.wait(30)
        raise ValueError("no pickle")


@pytest.fixture
def refused(pool: SharedMemoryExecutor) -> tuple[Waiting, Future[Any], threading.Thread]:
    """Give an object that is being pickled for a call of the pool, the call's future, and the pool's thread."""
    waiting = Waiting()
    future = pool.submit(echo, waiting)
    assert waiting.is_pickling.wait(30)
    manager: Any = pool._executor_manager_thread
    return waiting, future, manager


def test_a_call_fails_under_the_lock_of_its_executor(
    pool: SharedMemoryExecutor, refused: tuple[Waiting, Future[Any], threading.Thread]
) -> None:
    """The executor waits for the thread that sends with that lock, while it shuts down."""
    waiting, future, _ = refused
    with pool._shutdown_lock:
        waiting.may_fail.set()
        error = future.exception(timeout=30)
    assert isinstance(error, ValueError)
    assert "in __reduce__" in str(error.__cause__)


def test_a_call_fails_while_others_are_cancelled(
    pool: SharedMemoryExecutor, refused: tuple[Waiting, Future[Any], threading.Thread]
) -> None:
    """The pool ends, though the call was on its way to a worker when the rest were cancelled."""
    waiting, future, thread = refused
    others = [pool.submit(echo, number) for number in range(10)]
    pool.shutdown(wait=False, cancel_futures=True)
    deadline = time.monotonic() + 30
    while not others[-1].cancelled():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    waiting.may_fail.set()
    assert isinstance(future.exception(timeout=30), ValueError)
    thread.join(30)
    assert not thread.is_alive()


def test_an_exception_that_cannot_be_unpickled_is_told(pool: SharedMemoryExecutor) -> None:
    """Its place takes an UnpicklingError that names it, with the task's traceback; the pool goes on."""
    with pytest.raises(pickle.UnpicklingError, match=r"NotThereError.*no such country") as caught:
        pool.submit(fail_oddly).result(timeout=30)
    assert "in fail_oddly" in str(caught.value.__cause__)
    assert pool.submit(echo, 1).result(timeout=30) == 1


def test_what_fails_does_not_use_up_memory(pool: SharedMemoryExecutor) -> None:
    """However many tasks fail, in every way, no more memory is open than a pool keeps idle."""
    for _ in range(10):
        wait([pool.submit(echo, [BIG, threading.Lock()]), pool.submit(lock_of, BIG), pool.submit(Broken)])
    gc.collect()
    assert len(memory.opened) <= pool._home.memory._keep


def test_a_wrong_initializer_is_refused_as_ever() -> None:
    """The constructor checks what ProcessPoolExecutor's checks."""
    with pytest.raises(TypeError, match="initializer must be a callable"):
        SharedMemoryExecutor(1, initializer=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_workers"):
        SharedMemoryExecutor(0)
