"""SharedMemoryExecutor needs little memory beside the data itself."""

import multiprocessing
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import missing
from flagkit.payloads import echo

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

PAYLOAD_BYTES = 64 << 20


def used_bytes() -> int:
    """Return what this process and its children have in memory, each shared page counted once (PSS)."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(process.memory_full_info().pss for process in processes)


def other(array: Any) -> Any:
    """Return another array of that size."""
    return np.ones_like(array)


@pytest.mark.parametrize(
    ("task", "needed", "seen"),
    [
        (echo, 1, 1),  # the argument's memory is the result's
        (other, 3, 2),  # the argument, the array that the task makes, and its copy here: the three for a moment only
    ],
)
def test_the_peak_is_at_most_one_payload_above_the_data(task: Callable[[Any], Any], needed: int, seen: int) -> None:
    """While an array goes there and another comes back, the copies there and here are all, but for one at most."""
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, used_bytes())

    with SharedMemoryExecutor(1, multiprocessing.get_context("fork")) as pool:
        pool.submit(echo, np.zeros(10)).result()
        value = np.ones(PAYLOAD_BYTES // 8)
        before = used_bytes()
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(6):
            result = pool.submit(task, value).result()
            assert result[-1] == 1
            del result
        done.set()
        watcher.join()
    assert peak - before <= (needed + 1) * PAYLOAD_BYTES
    assert peak - before >= seen * PAYLOAD_BYTES * 0.9  # or it was not watched at the right time
