"""What the benchmarks run on: processors and what may be used of them, memory, load. No name of the machine."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path("/")


def host(cpu_model: str | None = None, root: Path = ROOT) -> dict[str, Any]:
    """Return the facts about this machine, ready for JSON; null where the system does not tell.

    ``cpu_model`` is used where the system's own files do not name the processor. ``root`` stands for /.
    """
    return {
        "cpu_model": cpu_name(root) or cpu_model or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "release": platform.release(),
        "logical_cores": os.cpu_count() or 1,
        "usable_cores": usable_cores(),
        "cgroup_cpu_limit": cgroup_cpu_limit(root),
        "governor": governor(root),
        "boost": boost(root),
        "memory_bytes": psutil.virtual_memory().total,
    }


def load() -> list[float] | None:
    """Return the load averages over 1, 5 and 15 minutes, or None where there are none (Windows)."""
    return list(os.getloadavg()) if hasattr(os, "getloadavg") else None


def usable_cores() -> int:
    """Return how many logical cores this process may run on, by its affinity where the system has that."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name(root: Path = ROOT) -> str | None:
    """Return the processor's name as Linux tells it, or None."""
    for line in read_file(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in {"model name", "cpu model", "hardware"} and value.strip():
            return value.strip()
    return None


def governor(root: Path = ROOT) -> str | None:
    """Return the frequency governor of the cores, such as "performance"; several are joined by "+"."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return "+".join(sorted({found for file in files if (found := read_file(file).strip())})) or None


def boost(root: Path = ROOT) -> bool | None:
    """Return whether the processor may go above its rated frequency for as long as heat allows, or None."""
    cpu = root / "sys/devices/system/cpu"
    told = {"1": True, "0": False}
    if (found := read_file(cpu / "intel_pstate/no_turbo").strip()) in told:
        return not told[found]
    return told.get(read_file(cpu / "cpufreq/boost").strip())


def cgroup_cpu_limit(root: Path = ROOT) -> float | None:
    """Return how many cores' worth of time the control groups of this process grant, or None for no limit.

    The least limit of the group and of all groups around it counts, of version 1 (cpu.cfs_quota_us) and 2 (cpu.max).
    Source: the kernel's documentation of cgroup v2 and of the CFS bandwidth control.
    """
    limits = [*_limits_v2(root), *_limits_v1(root)]
    return min(limits, default=None)


def _limits_v2(root: Path) -> Iterator[float]:
    for controllers, group in groups(root):
        if controllers:
            continue
        for mount in ("sys/fs/cgroup", "sys/fs/cgroup/unified"):
            for directory in upwards(root / mount, group):
                quota, _, period = read_file(directory / "cpu.max").strip().partition(" ")
                if quota.isdecimal() and period.isdecimal() and int(period):
                    yield int(quota) / int(period)


def _limits_v1(root: Path) -> Iterator[float]:
    for controllers, group in groups(root):
        if "cpu" not in controllers.split(","):
            continue
        for mount in {controllers, "cpu", "cpu,cpuacct"}:
            for directory in upwards(root / "sys/fs/cgroup" / mount, group):
                quota = read_file(directory / "cpu.cfs_quota_us").strip()
                period = read_file(directory / "cpu.cfs_period_us").strip()
                if quota.isdecimal() and period.isdecimal() and int(period):  # no limit is -1
                    yield int(quota) / int(period)


def groups(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the controllers (none for version 2) and the path of each group that this process is in."""
    for line in read_file(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number.isdecimal():
            yield controllers, group


def upwards(mount: Path, group: str) -> Iterator[Path]:
    """Yield the group's directory and those around it up to the mount.

    In a container the path may be the host's, of which only the mount itself is to be seen: what is missing is skipped.
    """
    parts = [part for part in group.split("/") if part not in {"", ".", ".."}]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def read_file(path: Path) -> str:
    """Return what a file of the system says, or nothing where it is missing, unreadable or not text."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
