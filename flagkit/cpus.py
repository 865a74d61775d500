"""How many processors this process may use."""

import math
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

__all__ = ["usable_cpus"]


def usable_cpus() -> int:
    """Return the processors that this process may keep busy: its affinity or its cgroup's quota, whichever is less.

    At least 1. A quota of 1.5 processors counts as 2, since a second worker still gets half a processor.
    """
    # macOS and Windows have no affinity to ask for
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota()
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def cgroup_quota(proc: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the processors that the cgroup (v2 `cpu.max`, v1 `cpu.cfs_quota_us`) grants; None without a limit.

    A limit may be set at any level above the process, so the least one on the way to the root counts.
    Source: Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
    """
    try:
        lines = proc.read_text().splitlines()
    except OSError:  # no procfs: not Linux
        return None
    limits: list[float] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            limits += _limits(mount, PurePosixPath(path), _read_v2)
        elif "cpu" in controllers.split(","):
            limits += _limits(mount / "cpu", PurePosixPath(path), _read_v1)
    return min(limits, default=None)


def _limits(mount: Path, path: PurePosixPath, read: Callable[[Path], float | None]) -> list[float]:
    """Read the limit at `path` and at each level above it; in a container the first levels may not be visible."""
    levels = [path, *path.parents]
    found = [read(mount / str(level).lstrip("/")) for level in levels]
    return [limit for limit in found if limit is not None]


def _read_v2(directory: Path) -> float | None:
    try:
        quota, period = (directory / "cpu.max").read_text().split()
    except OSError:  # the root and levels without the cpu controller have no such file
        return None
    return None if quota == "max" else int(quota) / int(period)


def _read_v1(directory: Path) -> float | None:
    try:
        quota = int((directory / "cpu.cfs_quota_us").read_text())
        period = int((directory / "cpu.cfs_period_us").read_text())
    except OSError:
        return None
    return None if quota < 0 else quota / period
