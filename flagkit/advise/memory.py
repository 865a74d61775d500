"""Memory of processes: what they have, and what they may take, as far as the platform tells and obeys."""

import contextlib
import os
import sys
from pathlib import Path, PurePosixPath

if sys.platform != "win32":
    import resource

__all__ = [
    "available_bytes",
    "limit_memory",
    "peak_bytes",
    "reset_peak",
    "resident_bytes",
    "tree_bytes",
    "voluntary_switches",
]

V2 = ("memory.max", "memory.current", "inactive_file")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
"""A cgroup's files of the limit and of what is used, and the part of it that is cache and is given up when needed."""
STATUS = Path("/proc/self/status")


def available_bytes(
    meminfo: Path = Path("/proc/meminfo"),
    cgroup: Path = Path("/proc/self/cgroup"),
    mount: Path = Path("/sys/fs/cgroup"),
) -> int | None:
    """Return what could be taken now without swapping: the system's or a cgroup's, the least; None when unknown."""
    found = _cgroups_bytes(cgroup, mount)
    with contextlib.suppress(OSError):
        lines = meminfo.read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min(found, default=None)


def _cgroups_bytes(cgroup: Path, mount: Path) -> list[int]:
    """Return what is left at each level with a limit, from this process's own to the root.

    In a container the first levels may not be visible. Source: Linux, Documentation/admin-guide/cgroup-v2.rst and
    cgroup-v1/memory.rst.
    """
    found: list[int] = []
    with contextlib.suppress(OSError):  # no procfs: not Linux
        for line in cgroup.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            folder, files = (mount / "memory", V1) if controllers else (mount, V2)
            own = PurePosixPath(path)
            for level in (own, *own.parents):
                with contextlib.suppress(OSError, ValueError):  # not visible; "max" is no number: there is no limit
                    found.append(_left_bytes(folder / str(level).lstrip("/"), *files))
    return found


def _left_bytes(folder: Path, limit: str, usage: str, cache: str) -> int:
    limit_bytes = int((folder / limit).read_text())
    used_bytes = int((folder / usage).read_text())
    cached_bytes = _table(folder / "memory.stat").get(cache, 0)
    return max(0, limit_bytes - max(0, used_bytes - cached_bytes))


def _table(path: Path) -> dict[str, int]:
    """Return the numbers of a file with a name and a number on each line, and what else; empty where there is none."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for line in path.read_text("utf-8", "replace").splitlines():
            name, *words = line.split() or [""]
            if words and words[0].isdigit():
                found[name.removesuffix(":")] = int(words[0])
    return found


def limit_memory() -> None:
    """Let this process fail with MemoryError when it takes half of what is there, so that others go on.

    A lower limit stays. What a forked process has from its parent is not counted.
    """
    available = available_bytes()
    if sys.platform == "win32" or available is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    has = _table(STATUS).get("VmData", 0) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (min([has + available // 2, *bounds]), hard))


def resident_bytes() -> int:
    """Return what of this process is in memory; 0 where that is not known."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def peak_bytes() -> int:
    """Return the most that was ever of this process in memory, or since `reset_peak`; 0 where that is not known.

    The rusage of a process begins with its parent's, across fork and exec; VmHWM is the address space's own.
    Source: man getrusage, proc_pid_status.
    """
    if sys.platform == "win32":
        return 0
    if own := _table(STATUS).get("VmHWM"):
        return own * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_peak() -> None:
    """Let `peak_bytes` start again at what is in memory now, where the system can (Linux; man proc_pid_clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


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
