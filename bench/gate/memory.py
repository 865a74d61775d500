"""Peak memory: a lane of its own, in processes that time nothing, with a limit of its own.

A peak hardly varies from process to process, so no statistics are needed: a benchmark takes more memory if each of
head's processes took more than each of base's, by the limit at least. Read from the kernel's high-water mark, which is
reset before each benchmark; memory of child processes is not in it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Literal

from bench.gate.proofs import Proof, Prover
from bench.gate.verdict import Memory

PROCESSES = 3
LIMIT = 0.1
LEAST_BYTES = 1 << 20
"""A change below this is the allocator's granularity, whatever its share."""

_MARK = Path("/proc/self/clear_refs")


def unavailable() -> str:
    """Return why peaks cannot be read here, or nothing."""
    return "" if os.access(_MARK, os.W_OK) else "peak memory was not read: this system tells no peak of a benchmark"


def measure(
    base: Prover, head: Prover, arguments: Sequence[str], only: Sequence[str], said: Callable[[str], None]
) -> list[tuple[Proof, Proof]]:
    """Run each of these benchmarks once in each of several processes a side, in turn; raises Trouble."""
    pairs = []
    for number in range(PROCESSES):
        said(f"peak memory: process {number + 1} of {PROCESSES} a side")
        pairs.append(tuple(side.run(arguments, only=only, memory=True) for side in (base, head)))
    return [(one, other) for one, other in pairs]


def compare(pairs: Sequence[tuple[Proof, Proof]], limit: float = LIMIT) -> tuple[Memory, ...]:
    """Return what became of each benchmark that passed in every process of both sides."""
    proofs = [proof for pair in pairs for proof in pair]
    names = [name for name in proofs[0].peaks if all(proof.outcomes.get(name) == "passed" for proof in proofs)]
    return tuple(
        _of(name, [one.peaks[name] for one, _ in pairs], [other.peaks[name] for _, other in pairs], limit)
        for name in names
    )


def _of(name: str, base: Sequence[int], head: Sequence[int], limit: float) -> Memory:
    return Memory(
        name=name,
        base_bytes=int(median(base)),
        head_bytes=int(median(head)),
        ratio=median(head) / median(base),
        limit=limit,
        processes=len(base),
        decision=_decide(base, head, limit),
    )


def _decide(base: Sequence[int], head: Sequence[int], limit: float) -> Literal["more", "less", "no change"]:
    if min(head) > (1 + limit) * max(base) and min(head) - max(base) > LEAST_BYTES:
        return "more"
    if min(base) > (1 + limit) * max(head) and min(base) - max(head) > LEAST_BYTES:
        return "less"
    return "no change"
