"""What people choose by, as candidates: the rules that the advice is held against."""

import os

from flagkit.advise import Candidate, Measured
from flagkit.executors import resolve

__all__ = ["RULES", "rule_choices"]

COMPUTING = 0.8
RULES = ("CPU/wall above 0.8: processes", "always threads", "always processes", "always serial")


def rule_choices(measured: Measured, cores: int) -> dict[str, Candidate]:
    """Return what each rule would choose for a function that has been measured.

    Pools are those that the standard library makes without arguments: min(32, cores + 4) threads, or a process a core
    by the platform's start method, one item a task.
    """
    threads = Candidate("thread", min(32, (os.cpu_count() or 1) + 4), 1)
    processes = Candidate(resolve("process").kind, cores, 1)
    return dict(
        zip(
            RULES,
            (
                processes if measured.cpu_share > COMPUTING else threads,
                threads,
                processes,
                Candidate("serial", 1, 1),
            ),
            strict=True,
        )
    )
