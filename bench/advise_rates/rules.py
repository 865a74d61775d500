"""What people choose by, as candidates: the rules that the advice is held against."""

import os

from flagkit.advise import Candidate, Measured
from flagkit.executors import resolve

__all__ = ["RULES", "rule_choices"]

COMPUTING = 0.8
RULES = ("CPU/wall above 0.8: processes", "always threads", "always processes", "always serial")


def rule_choices(measured: Measured, cores: int) -> dict[str, Candidate]:
    """Return what each rule would choose for a function that has been measured.

    Pools are those that the standard library makes without arguments: min(32, processors + 4) threads, of which 3.13
    and later count those that the process may use; or a process a core by the platform's start method, one item a task.
    """
    processors = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    threads = Candidate("thread", min(32, processors + 4), 1)
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
