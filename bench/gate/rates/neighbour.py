"""Another program on the same machine, which is busy now and then: what makes timings of a shared machine hard."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_ON_S, _OFF_S = 4.0, 6.0
_CHUNK = 20_000


@contextmanager
def noisy(count: int) -> Iterator[None]:
    """Keep so many neighbours while the block runs; each is on and off by chance, for seconds each."""
    command = [sys.executable, "-m", "bench.gate.rates.neighbour"]
    processes = [subprocess.Popen([*command, str(seed)]) for seed in range(count)]  # noqa: S603 - this very file
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def disturb(seed: int) -> None:
    """Work and rest by turns, until killed."""
    chance = random.Random(f"{seed} {time.time_ns()}")
    while True:
        until_s = time.monotonic() + chance.expovariate(1 / _ON_S)
        while time.monotonic() < until_s:
            sorted(range(_CHUNK, 0, -1))
        time.sleep(chance.expovariate(1 / _OFF_S))


if __name__ == "__main__":
    disturb(int(sys.argv[1]))
