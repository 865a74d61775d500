"""How other tools compare two things, each in about the same time: two runs, pyperf, and asv's interleaved rounds."""

import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.lockstep.noise.pairs import ROOT, LiveProcess
from bench.lockstep.noise.suite_twice import medians
from bench.lockstep.suite import node

PYPERF_MIN_S: Final = 0.05
PYPERF_VALUES: Final = 3
"""Its default."""
PYPERF_PROCESS_S: Final = 0.36
"""About what a process of it takes: to start, to warm up once, and PYPERF_VALUES values."""
ASV_SAMPLE_S: Final = 0.01
ASV_WARM_UP_S: Final = 0.1
ASV_SAMPLES: Final = 10
"""asv's defaults: a process of a round takes at most ten samples, after a tenth of a second to warm up."""
ASV_PROCESS_S: Final = 0.3
_STARTING_S: Final = 0.8


class PyperfError(RuntimeError):
    """pyperf failed; the message ends with its last line."""


def pytest_benchmark_twice(random: Random, names: Iterable[str], side_s: float) -> Mapping[str, float]:
    """Return log ratios of medians of two runs, each of `side_s` seconds a benchmark."""
    names = list(names)
    selection = [node(name) for name in names]
    each_s = side_s - _STARTING_S / len(names)
    base, head = (
        {name.partition("[")[2].removesuffix("]"): median_s for name, median_s in measured.items()}
        for measured in (medians(selection, each_s, random.randrange(2**32)) for _ in range(2))
    )
    return {name: math.log(head[name] / base[name]) for name in names}


def pyperf_twice(_: Random, names: Iterable[str], side_s: float) -> Mapping[str, float]:
    """Return log ratios of pyperf's means, the base of all benchmarks first; it draws its hashes by itself."""
    names = list(names)
    processes = max(1, round(side_s / PYPERF_PROCESS_S) - 1)  # one more calibrates
    base, head = ({name: _pyperf(name, processes) for name in names} for _ in range(2))
    return {name: math.log(head[name] / base[name]) for name in names}


def asv_interleaved(random: Random, names: Iterable[str], side_s: float) -> Mapping[str, float]:
    """Return log ratios of medians over rounds, as ``asv continuous --interleave-rounds`` goes.

    A round is a fresh process for each benchmark of the base, then for each of the head. asv has two rounds; there are
    as many here as the time holds.
    """
    names = list(names)
    samples: dict[tuple[str, str], list[float]] = {}
    for _ in range(max(2, round(side_s / ASV_PROCESS_S))):
        for side in ("base", "head"):
            for name in names:
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
