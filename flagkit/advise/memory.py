"""Memory of processes: what they have, and what they may take, as far as the platform tells and obeys."""

import contextlib
import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

__all__ = ["available_bytes", "limit_memory", "peak_bytes", "resident_bytes", "tree_bytes", "voluntary_switches"]


def available_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what could be taken now without swapping: the system's or the cgroup's, the lesser; None when unknown."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        lines = meminfo.read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: there is no limit
        limit = int((cgroup / "memory.max").read_text())
        found.append(max(0, limit - int((cgroup / "memory.current").read_text())))
    return min(found, default=None)


def limit_memory() -> None:
    """Let this process fail with MemoryError at half of what is there, so that others go on; a lower limit stays."""
    available = available_bytes()
    if sys.platform == "win32" or available is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([available // 2, *bounds]), hard))


def resident_bytes() -> int:
    """Return what of this process is in memory; 0 where that is not known."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def peak_bytes() -> int:
    """Return the most that was ever of this process in memory; 0 where that is not known."""
    if sys.platform == "win32":
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def voluntary_switches() -> int | None:
    """Return how often this thread has given up its processor to wait for something; None where it is not known."""
    if sys.platform != "linux":
        return None
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def tree_bytes() -> int:
    """Return the memory of this process and all below it, shared pages counted once; 0 where that is not known."""
    return sum(map(_proportional_bytes, _tree(os.getpid())))


def _tree(pid: int) -> list[int]:
    below: list[int] = []
    with contextlib.suppress(OSError):  # it has ended, or there is no procfs
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                below += _tree(int(child))
    return [pid, *below]


def _proportional_bytes(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
