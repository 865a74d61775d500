"""Instruction counts by `perf stat`: advisory, as fewer are not always less time, and off where none are counted."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.gate.proofs import Prover
from bench.gate.verdict import Instructions

_EVENT = "instructions:u"
NAME = "all benchmarks, once each"


def unavailable() -> str:
    """Return why instructions cannot be counted here, or nothing."""
    perf = shutil.which("perf")
    if perf is None:
        return "instructions were not counted: perf is not installed"
    done = subprocess.run(  # noqa: S603 - perf, as found on the path
        [perf, "stat", "-x,", "-e", _EVENT, "true"], capture_output=True, encoding="utf-8", check=False
    )
    if _count(done.stderr) is None:
        return "instructions were not counted: perf has no such counter here"
    return ""


def measure(base: Prover, head: Prover, arguments: Sequence[str], only: Sequence[str]) -> tuple[Instructions, ...]:
    """Count what a process of each side takes, start included, to run each of these once; raises Trouble."""
    counts = [_of(side, arguments, only) for side in (base, head)]
    if counts[0] is None or counts[1] is None:
        return ()
    return (Instructions(NAME, counts[0], counts[1]),)


def _of(side: Prover, arguments: Sequence[str], only: Sequence[str]) -> int | None:
    counted = Path(f"{side.folder}.perf")
    side.run(arguments, only=only, wrap=["perf", "stat", "-x,", "-e", _EVENT, "-o", str(counted), "--"])
    return _count(counted.read_text("utf-8"))


def _count(text: str) -> int | None:
    for line in text.splitlines():
        value, _, rest = line.partition(",")
        if _EVENT in rest and value.isdecimal():
            return int(value)
    return None
