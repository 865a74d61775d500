"""Record generations of the subject, base and head in lockstep, for as long as is asked."""

import contextlib
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from tqdm import tqdm

from bench.gate.procedure.sizes import LEAST_ROUNDS, SPLIT
from bench.gate.rates import recordings, subject
from bench.gate.source import BASE, HEAD
from bench.lockstep import interruption
from bench.lockstep.arms import Arm
from bench.lockstep.controller import Lockstep
from bench.lockstep.cost import Phase
from bench.lockstep.progress import Silent
from bench.lockstep.proof.neighbour import neighbour

_TIMEOUT_S = 60.0
_MOST = 1_000_000


class RecordingError(RuntimeError):
    """What was to be recorded failed; the message is one line."""


def record(path: Path, time_s: float, neighbours: int) -> int:
    """Append generations until the time is over; returns how many. Each is written before the next begins."""
    ends_s = time.monotonic() + time_s
    name = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    with (
        interruption.heeded(),
        tempfile.TemporaryDirectory(prefix="gate-rates-") as folder,
        contextlib.ExitStack() as others,
    ):
        for _ in range(neighbours):
            others.enter_context(neighbour(secrets.randbelow(2**32)))
        base, head = subject.write(Path(folder))
        arms = [Arm(side, Path(sys.executable), tree) for side, tree in ((BASE, base), (HEAD, head))]
        line = others.enter_context(
            tqdm(total=round(time_s), bar_format="{n:.0f} of {total_fmt} s: {desc}", leave=False, mininterval=0)
        )
        with Lockstep(
            arms,
            base=BASE,
            arguments=["-p", "no:randomly", "bench_subject.py"],
            seed=secrets.randbelow(2**32),
            timeout_s=_TIMEOUT_S,
            watcher=Silent(),
            split=SPLIT,
        ) as lockstep:
            measured = lockstep.record(_MOST, LEAST_ROUNDS)
            recording, clock = next(measured)
            begun_s, stopped_s, count = time.monotonic(), 0.0, 0
            longest_s = 0.0
            # The first generation also calibrates: it is none of those that are judged.
            while time.monotonic() + longest_s < ends_s and next(measured, None):
                if recording.refusals:
                    refusal = recording.refusals[0]
                    raise RecordingError(f"{refusal.benchmark}: {refusal.arm}: {refusal.reason}")
                now_s = time.monotonic()
                spent = clock.cost().seconds
                stopping_s = spent[Phase.STOPPING]
                if _generations(recording.rounds) > 1:
                    generation = recordings.Generation(
                        recording=name,
                        rounds={
                            nodeid.rpartition("::")[2]: (rounds[-1].times_s[BASE], rounds[-1].times_s[HEAD])
                            for nodeid, rounds in recording.rounds.items()
                        },
                        wall_s=now_s - begun_s,
                        start_s=fmean(clock.starts_s) + stopping_s - stopped_s,
                        load=os.getloadavg()[0],
                        neighbours=neighbours,
                    )
                    recordings.append(path, generation)
                    count += 1
                line.set_description_str(f"{count} generations", refresh=False)
                line.update(time_s - (ends_s - now_s) - line.n)
                longest_s = max(longest_s, now_s - begun_s)
                begun_s, stopped_s = now_s, stopping_s
    return count


def _generations(rounds: Mapping[str, Sequence[object]]) -> int:
    """Return how many generations the benchmarks have."""
    return max((len(generations) for generations in rounds.values()), default=0)
