"""How other tools compare two things, each in about the same time: two runs, pyperf, and asv's interleaved rounds."""

import itertools
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.lockstep.noise.pairs import ROOT, LiveProcess
from bench.lockstep.noise.suite_twice import medians
from bench.lockstep.suite import node

PYPERF_MIN_S: Final = 0.05
PYPERF_VALUES: Final = 3
"""Its default."""
ASV_SAMPLE_S: Final = 0.01
ASV_WARM_UP_S: Final = 0.1
ASV_SAMPLES: Final = 10
ASV_ROUNDS: Final = 2
"""asv's defaults: of its rounds, of the samples of a process of one, and of what these take."""
_STARTING_S: Final = 0.8


class PyperfError(RuntimeError):
    """pyperf failed; the message ends with its last line."""


def pytest_benchmark_twice(random: Random, names: Sequence[str], budget_s: float) -> Mapping[str, float]:
    """Return log ratios of medians of two runs, which share the time."""
    selection = [node(name) for name in names]
    each_s = (budget_s / 2 - _STARTING_S) / len(names)
    base, head = (
        {name.partition("[")[2].removesuffix("]"): median_s for name, median_s in measured.items()}
        for measured in (medians(selection, each_s, random.randrange(2**32)) for _ in range(2))
    )
    return {name: math.log(head[name] / base[name]) for name in names}


def pyperf_twice(_: Random, names: Sequence[str], budget_s: float) -> Mapping[str, float]:
    """Return log ratios of pyperf's means, the base of all benchmarks first; it draws its hashes by itself.

    Each benchmark has as many processes as its share of what is left of the time holds, by what those before took; the
    very first one is there for that alone.
    """
    start_s = time.monotonic()
    _pyperf(names[0], 1)
    process_s = (time.monotonic() - start_s) / 2  # one calibrates
    means: dict[tuple[str, str], float] = {}
    sides = list(itertools.product(("base", "head"), names))
    for index, (side, name) in enumerate(sides):
        begun_s = time.monotonic()
        share_s = (budget_s - (begun_s - start_s)) / (len(sides) - index)
        processes = max(1, round(share_s / process_s) - 1)
        means[side, name] = _pyperf(name, processes)
        process_s = (time.monotonic() - begun_s) / (processes + 1)
    return {name: math.log(means["head", name] / means["base", name]) for name in names}


def asv_interleaved(random: Random, names: Sequence[str], budget_s: float) -> Mapping[str, float]:
    """Return log ratios of medians over rounds, as ``asv continuous --interleave-rounds`` goes.

    A round is a fresh process for each benchmark of the base, then for each of the head. There are as many as the time
    holds, and no fewer than asv's two.
    """
    start_s = time.monotonic()
    samples: dict[tuple[str, str], list[float]] = {}
    for done in itertools.count():
        spent_s = time.monotonic() - start_s
        if done >= ASV_ROUNDS and spent_s * (done + 1) / done > budget_s:
            break
        for side, name in itertools.product(("base", "head"), names):
            samples.setdefault((side, name), []).extend(_asv_process(name, random.randrange(2**32)))
    return {
        name: math.log(statistics.median(samples["head", name]) / statistics.median(samples["base", name]))
        for name in names
    }


def _asv_process(name: str, hash_seed: int) -> list[float]:
    live = LiveProcess(name, sys.executable, how="serial", workload=name, hash_seed=hash_seed)
    with live as process:
        process.calibrate(ASV_WARM_UP_S)
        calls = process.calibrate(ASV_SAMPLE_S)
        return [process.round_s(calls) / calls for _ in range(ASV_SAMPLES)]


def _pyperf(name: str, processes: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "pyperf.json"
        command = [sys.executable, "-m", "pyperf", "timeit", "--quiet", f"--processes={processes}"]
        command += [f"--values={PYPERF_VALUES}", f"--min-time={PYPERF_MIN_S}", f"--output={output}"]
        command += ["--setup", f"from bench.lockstep.workloads import WORKLOADS; run = WORKLOADS[{name!r}]", "run()"]
        done = subprocess.run(  # noqa: S603 - a tool, in this very interpreter
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
        )
        if done.returncode:
            raise PyperfError(
                f"pyperf ended with status {done.returncode}: {done.stdout.strip().rpartition(chr(10))[2]}"
            )
        content: dict[str, Any] = json.loads(output.read_text("utf-8"))
        return statistics.fmean(value for run in content["benchmarks"][0]["runs"] for value in run.get("values", ()))
