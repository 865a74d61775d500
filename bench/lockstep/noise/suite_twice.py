"""Two runs of a suite, one after the other: what is compared when two result files are."""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from bench.instrument.results import load
from bench.lockstep.noise.pairs import ROOT
from bench.lockstep.noise.spread import Observation
from bench.lockstep.suite import node
from bench.lockstep.workloads import WORKLOADS

BENCHMARK_S: Final = 0.15
NAMES: Final = tuple(WORKLOADS)[::2]
"""Half of the known work, so that a run takes seconds and there are enough of them."""


class SuiteError(RuntimeError):
    """A run of the suite failed; the message ends with its last line."""


def medians(selection: Sequence[str], benchmark_s: float, hash_seed: int) -> Mapping[str, float]:
    """Run pytest-benchmark, so long a benchmark, with nothing else loaded; return medians in seconds by name.

    The selection is of node ids, all of one file. Raises SuiteError.
    """
    folder_of_suite = Path(selection[0].partition("::")[0]).parent
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--noconftest",
            f"--rootdir={folder_of_suite}",
            "-c",
            os.devnull,
        ]
        command += ["-p", "pytest_benchmark.plugin", "-p", "no:cacheprovider", "--benchmark-quiet"]
        command += [f"--benchmark-max-time={benchmark_s}", f"--benchmark-json={results}", *selection]
        done = subprocess.run(  # noqa: S603 - our own suite, in this very interpreter
            command,
            cwd=ROOT,
            env={**kept, "PYTHONHASHSEED": str(hash_seed), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise SuiteError(
                f"pytest ended with status {done.returncode}: {done.stdout.strip().rpartition(chr(10))[2]}"
            )
        return {benchmark.name: benchmark.median_s for benchmark in load(results).benchmarks}


def observe(random: Random) -> list[Observation]:
    """Compare two runs; each has hashes of its own, as two runs of pytest do."""
    selection = [node(name) for name in NAMES]
    base, head = (medians(selection, BENCHMARK_S, random.randrange(2**32)) for _ in range(2))
    return [Observation(name, math.log(head[name] / base[name]), math.log(base[name])) for name in base]
