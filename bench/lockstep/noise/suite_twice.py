"""Two runs of a suite, one after the other: what is compared when two result files are."""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Final

from bench.instrument.results import load
from bench.lockstep.noise.pairs import ROOT
from bench.lockstep.noise.spread import Observation

SUITE: Final = ROOT / "bench" / "lockstep" / "suite.py"
BENCHMARK_S: Final = 0.15


class SuiteError(RuntimeError):
    """A run of the suite failed; the message ends with its last line."""


def medians(
    benchmark_s: float, hash_seed: int, suite: Path = SUITE, names: Iterable[str] | None = None
) -> Mapping[str, float]:
    """Run pytest-benchmark on a suite, so long a benchmark, with nothing else loaded; return medians in seconds.

    `names` are workloads of the suite of known work, all of it unless they are given.
    """
    selection = [str(suite)] if names is None else [f"{suite}::{node(name)}" for name in names]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        command = [sys.executable, "-m", "pytest", "-q", "--noconftest", f"--rootdir={suite.parent}", "-c", os.devnull]
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


def node(name: str) -> str:
    """Return how pytest names the benchmark of a workload within its file."""
    return f"test_workload[{name}]"


def observe(random: Random) -> list[Observation]:
    """Compare two runs; each has hashes of its own, as two runs of pytest do."""
    base, head = (medians(BENCHMARK_S, random.randrange(2**32)) for _ in range(2))
    return [Observation(name, math.log(head[name] / base[name]), math.log(base[name])) for name in base]
