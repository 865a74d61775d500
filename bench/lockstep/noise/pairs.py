"""Two live processes that take turns, told from here: a generation of rounds, and nothing that outlives it."""

import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

import bench
from bench.lockstep.estimate import PairedRounds

ROOT: Final = Path(bench.__file__).parents[1]
PATIENCE_S: Final = 60.0
"""How long a round, or the end of a process, is waited for."""
_FIRST_S = 0.01


class LiveProcessError(RuntimeError):
    """A live process ended or hung; the message is one line that says which."""


class LiveProcess:
    """One arm of a pair: `bench.lockstep.noise.live` in some interpreter, as a context manager."""

    def __init__(self, name: str, python: str, *, how: str, workload: str, hash_seed: int) -> None:
        self.name = name
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in an interpreter that the user names
            [python, "-m", "bench.lockstep.noise.live", how, workload],
            cwd=ROOT,
            env={**kept, "PYTHONHASHSEED": str(hash_seed)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
            bufsize=1,
            process_group=0,  # Ctrl-C is ours, and a pool's workers can be ended with it
        )

    def __enter__(self) -> Self:
        """Take part in a with statement; the process has started already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it by the end of its input, so that a pool ends its workers; kill what does not go."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe, see above
        assert self._process.stdout is not None  # noqa: S101 - likewise
        with suppress(BrokenPipeError):  # it has ended; whoever asked it for a round has been told
            self._process.stdin.close()
        try:
            self._process.wait(0 if isinstance(value, LiveProcessError) else PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process.stdout.close()

    def calibrate(self, least_s: float) -> int:
        """Return how many calls a round takes to last as long."""
        return int(self._ask(f"calibrate {least_s}"))

    def round_s(self, calls: int) -> float:
        """Run a round; return its seconds."""
        return float(self._ask(f"round {calls}"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None  # noqa: S101 - a pipe, see above
        assert self._process.stdout is not None  # noqa: S101 - likewise
        try:
            self._process.stdin.write(line + "\n")
        except BrokenPipeError:
            raise self._ended() from None
        if not select.select([self._process.stdout], [], [], PATIENCE_S)[0]:
            raise LiveProcessError(f"{self.name} did not answer for {PATIENCE_S:g} s")
        answer = self._process.stdout.readline()
        if not answer:
            raise self._ended()
        return answer

    def _ended(self) -> LiveProcessError:
        return LiveProcessError(f"{self.name} ended with status {self._process.wait(PATIENCE_S)}")


@dataclass(frozen=True, slots=True)
class Turns:
    """How two processes take turns: what runs, for how long, and how often."""

    how: str
    round_s: float
    rounds: int
    base: str = sys.executable
    head: str = sys.executable


def generation(turns: Turns, workload: str, random: Random) -> PairedRounds:
    """Measure a generation of fresh processes, in seconds a call; raises LiveProcessError.

    The base comes first in each round, and the system puts both where it likes. See `bench.lockstep.controller` for
    turns on the same cores, in an order drawn each time.
    """
    hash_seed = random.randrange(2**32)
    with ExitStack() as stack:
        base, head = (
            stack.enter_context(LiveProcess(name, python, how=turns.how, workload=workload, hash_seed=hash_seed))
            for name, python in (("base", turns.base), ("head", turns.head))
        )
        for arm in (base, head):
            arm.calibrate(_FIRST_S)  # warms up: the first calls are slower than all others
        calls = max(base.calibrate(turns.round_s), head.calibrate(turns.round_s))
        times: dict[LiveProcess, list[float]] = {base: [], head: []}
        for _ in range(turns.rounds):
            for arm in (base, head):
                times[arm].append(arm.round_s(calls) / calls)
        return PairedRounds(tuple(times[base]), tuple(times[head]))
