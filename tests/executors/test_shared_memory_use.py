"""SharedMemoryExecutor needs little memory beside the data itself."""

import multiprocessing
import threading

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


def test_the_peak_is_at_most_one_payload_above_the_data() -> None:
    """While an array goes there and back, its copies there and here are all that there is, but for one at most."""
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
            result = pool.submit(echo, value).result()
            assert result[-1] == 1
            del result
        done.set()
        watcher.join()
    argument_and_result = 2 * PAYLOAD_BYTES
    assert peak - before <= argument_and_result + PAYLOAD_BYTES
    assert peak - before >= argument_and_result * 0.9  # or it was not watched at the right time
