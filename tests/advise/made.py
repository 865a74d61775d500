"""Records as a sample and the measurements of the kinds would give them, with known figures."""

from typing import Any

from flagkit.advise.advising import PROCESSES
from flagkit.advise.measured import Measured, Packing
from flagkit.advise.records import Candidate, KindCosts, Pilot

CORES = 4


def measured(task_s: float = 0.01, **changes: Any) -> Measured:
    """Return a sample of equal tasks that hold the GIL all the time."""
    tasks = (task_s,) * 20
    threads = changes.pop("threads", CORES)
    gil_share = changes.pop("gil_share", 1.0)
    cpu_share = changes.get("cpu_share", 1.0)
    # With the share of the computing that goes one at a time, and the rest on all cores
    floor = cpu_share * (gil_share + (1 - gil_share) / CORES)
    ratio = max(1.0, threads * floor)
    found: dict[str, Any] = {
        "n": 100,
        "positions": tuple((place + 0.5) / len(tasks) for place in range(len(tasks))),
        "indices": tuple(range(len(tasks))),
        "task_s": tasks,
        "first_s": tasks[0],
        "cpu_share": 1.0,
        "alone_s": (sum(tasks),) * 5,
        "together_s": (ratio * sum(tasks),) * 5,
        "alone_cpu_s": (cpu_share * sum(tasks),) * 5,
        "together_cpu_s": (threads * cpu_share * sum(tasks),) * 5,
        "threads": threads,
        "batch": len(tasks),
        "import_s": 0.0,
        "base_bytes": 1 << 24,
        "import_bytes": 0,
        "task_bytes": 1 << 20,
        "arguments": Packing(5.0, 0.0, 1e-7, 1e-7, 1e-7, 1e-7),
        "results": Packing(5.0, 0.0, 1e-7, 1e-7, 1e-7, 1e-7),
        "is_factory": False,
        "unthreaded": None,
        "unpicklable": None,
        "side_effects": (),
        "pace_s": 1e-3,
    }
    return Measured(**(found | changes))


def costs(kind: str, start_s: float = 0.1, **changes: Any) -> KindCosts:
    """Return the costs of a kind; threads start at once."""
    is_thread = kind == "thread"
    found: dict[str, Any] = {
        "kind": kind,
        "workers": CORES,
        "start_s": (0.001 if is_thread else start_s,) * PROCESSES,
        "start_each_s": (0.0001 if is_thread else start_s / 10,) * PROCESSES,
        "dispatch_s": (2e-5 if is_thread else 1e-4,) * PROCESSES,
        "busy_s": (2e-5 if is_thread else 2e-4,) * PROCESSES,
        "crowding": (1.0,) * PROCESSES,
        "item_s": (0.0 if is_thread else 1e-6,) * PROCESSES,
        "send_s_per_byte": (0.0 if is_thread else 5e-10,) * PROCESSES,
        "return_s_per_byte": (0.0 if is_thread else 5e-10,) * PROCESSES,
        "worker_bytes": 1 << 20,
        "pace_s": (1e-3,) * PROCESSES,
    }
    return KindCosts(**(found | changes))


def large(size_bytes: int) -> Packing:
    """Return what pickling an array of that size costs: nearly all of it may stay out of the stream."""
    copy_s = size_bytes * 2e-10
    return Packing(float(size_bytes), float(size_bytes), copy_s, copy_s, 1e-6, 1e-6)


def piloted(
    candidate: Candidate, items: int, *rest_s: float, start_s: float = 0.1, alone: float = 1.0, task_s: float = 0.01
) -> Pilot:
    """Return a pilot of equal tasks, run once for each `rest_s`; a task alone took `alone` times what it did before."""
    count = len(rest_s)
    alone_s = (alone * task_s,) * count
    return Pilot(candidate, items, items * task_s, 1.0, (start_s,) * count, rest_s, alone_s, task_s, (1e-3,) * count)
