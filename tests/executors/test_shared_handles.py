"""share(): an array in shared memory for good, known by its handle."""

import gc
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import GoneError, Shared, memory, missing, share
from flagkit.payloads import echo

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

KEPT: list[Any] = []


@pytest.fixture
def pool() -> Iterator[SharedMemoryExecutor]:
    """Give a pool of one worker that knows this module."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork")) as executor:
        executor.submit(echo, None).result()  # the worker is forked before anything is shared, which it would inherit
        yield executor


def total(handle: Shared[Any]) -> float:
    """Return the sum of what is shared."""
    return float(handle.value.sum())


def write(handle: Shared[Any], value: float) -> None:
    """Write to what is shared."""
    handle.value[:] = value


def make(size: int) -> Shared[Any]:
    """Share an array and keep nothing of it."""
    return share(np.arange(size, dtype=np.float64))


def keep(handle: Shared[Any]) -> None:
    """Keep the handle for later tasks."""
    KEPT.append(handle)


def kept() -> Shared[Any]:
    """Return what was kept, and forget it."""
    handle: Shared[Any] = KEPT.pop()
    return handle


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def shared_bytes(process: int) -> int:
    """Return how much memory without a name the process has mapped or open."""
    inodes = {}
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            if str(entry.readlink()).startswith("/memfd:flagkit"):
                status = entry.stat()
                inodes[status.st_ino] = status.st_size
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return sum(inodes.values())


def test_a_handle_is_small_whatever_it_names() -> None:
    """Handles of 64 KiB and of 64 MiB pickle to about as many bytes."""
    small, large = (len(pickle.dumps(share(np.zeros(size // 8)))) for size in (1 << 16, 1 << 26))
    assert large - small < 16
    assert large < 1024


def test_workers_read_and_write_the_same_bytes(pool: SharedMemoryExecutor) -> None:
    """What a worker writes to a shared array, the caller reads, and the other way."""
    handle = share(np.ones(1000))
    array = handle.value
    assert pool.submit(total, handle).result() == 1000
    pool.submit(write, handle, 3.0).result()
    assert array[999] == 3
    array[:] = 2
    assert pool.submit(total, handle).result() == 2000


def test_sharing_copies_the_array() -> None:
    """The array that was shared stays as it is, private to its owner."""
    original = np.zeros(1000)
    share(original).value[:] = 1
    assert not original.any()


def test_a_read_only_array_is_shared_read_only() -> None:
    """Who may not write to the array may not write to what is shared of it either."""
    original = np.zeros(1000)
    original.flags.writeable = False
    assert not share(original).value.flags.writeable


def test_any_object_can_be_shared(pool: SharedMemoryExecutor) -> None:
    """Several arrays in one object are shared together; what has no buffers is copied at each look."""
    handle: Shared[Any] = share({"a": np.arange(10), "b": [np.ones(1000), "text"], "c": b"x" * 100_000})
    received = pool.submit(echo, handle).result().value
    received["b"][0][5] = 7
    assert handle.value["b"][0][5] == 7
    assert handle.value["c"] == b"x" * 100_000
    assert handle.value["b"][1] == "text"


def test_the_same_handle_comes_back(pool: SharedMemoryExecutor) -> None:
    """A handle that goes there and back names the same memory, which the caller does not open twice."""
    handle = share(np.zeros(1000))
    before = descriptors()
    returned = pool.submit(echo, handle).result()
    returned.value[0] = 5
    assert handle.value[0] == 5
    assert descriptors() == before


def test_a_worker_can_share(pool: SharedMemoryExecutor) -> None:
    """A handle made in a worker outlives it: its memory was on the way before the result was."""
    handle = pool.submit(make, 1000).result()
    assert handle.value.sum() == 499_500
    assert pool.submit(total, handle).result() == 499_500
    handles = pool.submit(many, 300).result()
    assert [handle.value[0] for handle in handles] == list(range(300))


def many(count: int) -> list[Shared[Any]]:
    """Share more arrays than fit one message."""
    return [share(np.full(10, float(number))) for number in range(count)]


def test_threads_may_look_at_once(pool: SharedMemoryExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads are the first to look at what a worker shares, it is mapped once, and all see it."""
    handle = pool.submit(make, 1000).result()
    mapped = 0
    mmap = memory.Memory._mmap

    def slowly(self: memory.Memory, *arguments: Any) -> int:
        nonlocal mapped
        mapped += 1
        time.sleep(0.1)
        return mmap(self, *arguments)

    monkeypatch.setattr(memory.Memory, "_mmap", slowly)
    with ThreadPoolExecutor(4) as threads:
        arrays = [future.result() for future in [threads.submit(lambda: handle.value) for _ in range(4)]]
    assert mapped == 1
    arrays[0][:] = 7
    assert all(array.sum() == 7000 for array in arrays)


def test_a_worker_may_keep_what_the_caller_forgets(pool: SharedMemoryExecutor) -> None:
    """When the caller has let go of its handle, the worker's is as good, and can be sent back."""
    handle = share(np.full(1000, 2.0))
    pool.submit(keep, handle).result()
    del handle
    gc.collect()
    assert pool.submit(kept).result().value.sum() == 2000


def test_memory_is_freed_with_the_last_handle(pool: SharedMemoryExecutor) -> None:
    """Neither the caller nor the worker has any of it once handles and arrays are gone."""
    size = 1 << 22
    handle = share(np.zeros(size // 8))
    pool.submit(total, handle).result()
    (worker,) = pool._processes
    assert shared_bytes(os.getpid()) >= size
    array = handle.value
    del handle
    assert array.sum() == 0
    assert shared_bytes(os.getpid()) >= size
    del array
    gc.collect()
    pool.submit(gc.collect).result()
    assert shared_bytes(os.getpid()) < size
    assert shared_bytes(worker) < size


def test_a_killed_user_frees_its_share() -> None:
    """After kill -9 of the worker that shared it, the caller's handle works, and is the last."""
    size = 1 << 22
    pool = SharedMemoryExecutor(1, multiprocessing.get_context("fork"))
    handle = pool.submit(make, size // 8).result()
    (worker,) = pool._processes
    os.kill(worker, signal.SIGKILL)
    pool.shutdown()
    assert handle.value[-1] == size // 8 - 1
    del handle
    gc.collect()
    assert shared_bytes(os.getpid()) < size


def test_a_handle_that_comes_too_late_says_so() -> None:
    """Sent by other ways than an executor of ours, a handle needs its sender: GoneError names the cause."""
    handle = share(np.zeros(10))
    pickled = pickle.dumps(handle)
    assert pickle.loads(pickled).value.size == 10
    del handle
    gc.collect()
    with pytest.raises(GoneError, match=r"no such memory|let go of that memory"):
        pickle.loads(pickled)


def test_handles_travel_by_other_executors_too() -> None:
    """An ordinary process pool can send a handle, as long as the caller keeps it."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    handle = share(np.ones(1000))
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        pool.submit(write, handle, 4.0).result()
    assert handle.value.sum() == 4000


def test_a_fork_goes_on_sharing() -> None:
    """What is shared for good stays so in a forked child, unlike what was received as a copy."""
    handle = share(np.zeros(1000))
    array = handle.value
    child = os.fork()
    if child == 0:  # pragma: no cover - coverage does not follow it
        array[0] = 9
        os._exit(0)
    os.waitpid(child, 0)
    assert array[0] == 9
