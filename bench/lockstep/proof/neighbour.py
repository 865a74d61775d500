"""A neighbour that loads the machine on and off at random: `python -m bench.lockstep.proof.neighbour SEED`.

It stands for what else runs on a shared machine. It ends with its standard input.
"""

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import bench

_ROOT: Final = Path(bench.__file__).parents[1]
MEAN_S: Final = 1.0
"""The mean length of a spell of load, and of one without: long enough for many rounds, short beside a generation."""


@contextmanager
def neighbour(seed: int) -> Iterator[None]:
    """Have a neighbour for the length of a with block, which loads about half of a core's time on a core at a time."""
    process = subprocess.Popen(  # noqa: S603 - this very module
        [sys.executable, "-m", "bench.lockstep.proof.neighbour", str(seed)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        process_group=0,  # Ctrl-C is for who has the neighbour
    )
    try:
        yield
    finally:
        assert process.stdin is not None  # noqa: S101 - a pipe, see above
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def spell(draw: random.Random, busy: bool) -> None:  # noqa: FBT001 - load or none is all that a spell is
    """Load one core, or none, for a time that is drawn; returns at once when the input ends."""
    if busy and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {draw.choice(_CORES)})
    until = time.monotonic() + draw.expovariate(1 / MEAN_S)
    while (left_s := until - time.monotonic()) > 0:
        if _ended(0 if busy else left_s):
            raise SystemExit
        if busy:
            sum(range(20_000))


def _ended(wait_s: float) -> bool:
    return bool(select.select([sys.stdin], [], [], wait_s)[0])


def main(seed: int) -> None:
    """Draw spells for ever."""
    draw = random.Random(seed)
    busy = draw.random() < 0.5  # noqa: PLR2004 - a coin
    while True:
        spell(draw, busy)
        busy = not busy


_CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]

if __name__ == "__main__":
    main(int(sys.argv[1]))
