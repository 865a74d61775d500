"""The executors by name: `make("process-spawn", workers=2)` gives a `concurrent.futures.Executor`.

A kind that this Python or machine lacks stays in the registry and says why: see `ExecutorSpec.unavailable`.
A new kind is one module beside this one and one line in `EXECUTORS`.
"""

from flagkit.executors.registry import (
    EXECUTORS,
    ExecutorSpec,
    UnavailableError,
    UnknownKindError,
    available,
    make,
    resolve,
)
from flagkit.executors.serial import SerialExecutor
from flagkit.executors.shared import SharedMemoryExecutor
from flagkit.executors.steps import Step, Task
from flagkit.executors.traced import TracedExecutor, trace
from flagkit.executors.warming import WorkersMissingError, warm

__all__ = [
    "EXECUTORS",
    "ExecutorSpec",
    "SerialExecutor",
    "SharedMemoryExecutor",
    "Step",
    "Task",
    "TracedExecutor",
    "UnavailableError",
    "UnknownKindError",
    "WorkersMissingError",
    "available",
    "make",
    "resolve",
    "trace",
    "warm",
]
