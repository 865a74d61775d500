"""SharedMemoryExecutor under kill -9 at every step of a task's way: no hang, no leak, every future resolved."""

import gc
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, wait
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import memory, missing, share

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

SHORT, LONG = range(15), range(1000)
WORKERS = 2
SIZE = 60_000  # elements: 480 kB, well above min_bytes

STEPS = {
    "1 queue": "idle",
    "2 pickle": "pickle argument",
    "3 send": "random",
    "4 unpickle": "unpickle argument",
    "5 import": "import",
    "6 run": "run",
    "7 pickle the result": "pickle result",
    "8 send back": "random",
    "9 unpickle the result": "unpickle result",
    "10 merge": "merge",
}
"""The ten steps of a task, and where in them a worker is killed."""


class Trap:
    """An object beside an array that kills a worker when it is pickled or unpickled, there or here."""

    def __init__(self, where: str, victim: int) -> None:
        self.where = where
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        is_here = os.getpid() == self.victim
        if self.where == ("pickle result" if is_here else "pickle argument"):
            os.kill(self.victim, signal.SIGKILL)
        return spring, (self.where, self.victim)


def spring(where: str, victim: int) -> Trap:
    """Unpickle a trap, which may be the moment."""
    if where == ("unpickle argument" if os.getppid() == PARENT.get("pid") else "unpickle result"):
        os.kill(os.getpid() if where == "unpickle argument" else victim, signal.SIGKILL)
    return Trap(where, victim)


PARENT: dict[str, int] = {}


def work(array: Any, where: str, trap: Trap | None) -> Any:
    """Return the argument doubled, unless this worker is to be killed first."""
    if where in {"run", "import"}:
        os.kill(os.getpid(), signal.SIGKILL)
    if trap is not None:
        trap.victim = os.getpid()
    return array * 2, trap


@pytest.fixture
def clean() -> Iterator[None]:
    """Check that no process and no memory is left of what a test has done."""
    PARENT["pid"] = os.getpid()
    # A worker that has just been forked loses a SIGTERM that it receives before the instrument's handler, which it
    # inherits from the test runner, is taken from it; with the system's own it cannot
    handler = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = (set(psutil.Process().children()), len(memory.opened), descriptors())
    yield
    signal.signal(signal.SIGTERM, handler)
    gc.collect()
    deadline = time.monotonic() + 10
    while (left := set(psutil.Process().children()) - before[0]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left
    assert len(memory.opened) <= before[1]
    assert descriptors() <= before[2]


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def inject(seed: int) -> str:
    """Run a pool whose worker is killed once, at a step that the seed chooses; return how the futures ended."""
    chance = random.Random(seed)
    step = list(STEPS)[seed % len(STEPS)]
    where = STEPS[step]
    handle = share(np.ones(10))
    pool = SharedMemoryExecutor(WORKERS, multiprocessing.get_context("fork"))
    kept = [pool.submit(work, np.arange(SIZE), "", None).result(timeout=60)[0] for _ in range(2)]
    victim = chance.choice(list(pool._processes))
    trap = Trap(where, victim) if "pickle" in where else None
    killer = threading.Timer(chance.uniform(0, 0.004), os.kill, (victim, signal.SIGKILL))
    if where in {"random", "idle", "merge"}:
        killer.start()
    futures: list[Future[Any]] = []
    try:
        futures.extend(
            pool.submit(work, np.arange(SIZE) + turn, where if turn == 3 else "", trap if turn == 3 else None)
            for turn in range(0 if where == "idle" else 8)
        )
        futures.append(pool.submit(echo_of, handle))
    except BrokenExecutor:
        pass  # the kill came before: these are the executor's words for it
    done, late = wait(futures, timeout=60)
    assert not late, f"seed {seed}, step {step}: {len(late)} futures hang"
    for turn, future in enumerate(futures[:-1]):
        if future.exception() is None:
            assert np.array_equal(future.result()[0], 2 * (np.arange(SIZE) + turn))
        else:
            assert isinstance(future.exception(), BrokenExecutor)
    if killer.is_alive():
        killer.join()
    pool.shutdown()
    assert all(np.array_equal(array, 2 * np.arange(SIZE)) for array in kept)
    assert handle.value.sum() == 10
    return "broken" if any(future.exception() for future in done) else "whole"


def echo_of(handle: Any) -> Any:
    """Return the handle."""
    return handle


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    "seeds", [SHORT, pytest.param(LONG, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])], ids=len
)
def test_kills_at_every_step_are_survived(seeds: range, capsys: pytest.CaptureFixture[str]) -> None:
    """After each kill every future has the right result or BrokenProcessPool, within a minute, and nothing is left."""
    ends = Counter((list(STEPS)[seed % len(STEPS)], inject(seed)) for seed in seeds)
    with capsys.disabled():
        if len(seeds) > len(SHORT):
            print(f"\n{ends.total()} kills: {dict(sorted(ends.items()))}")  # noqa: T201 - what the soak is for
    assert ends.total() == len(seeds)
    assert {end for _, end in ends} >= {"broken"}
