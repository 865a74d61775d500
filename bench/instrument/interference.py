"""What others take from this machine while a run goes on: stolen time, and what control groups hold back."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.instrument.host import ROOT, groups, read_file, upwards

_MICROSECONDS, _NANOSECONDS = 1e6, 1e9


@dataclass(frozen=True, slots=True)
class Taken:
    """Totals since the system started, or between two moments; None where the system does not tell."""

    steal_s: float | None
    throttled_s: float | None
    throttled_periods: int | None

    def since(self, earlier: "Taken") -> "Taken":
        """Return what was taken between an earlier moment and this one."""
        return Taken(
            _less(self.steal_s, earlier.steal_s),
            _less(self.throttled_s, earlier.throttled_s),
            _less_whole(self.throttled_periods, earlier.throttled_periods),
        )


def taken(root: Path = ROOT) -> Taken:
    """Return the totals as of now.

    Source: proc_stat(5) for stolen time; the kernel's documentation of cgroup v2 (cpu.stat: nr_throttled,
    throttled_usec) and of version 1 (throttled_time, in nanoseconds). Of several groups around this process the one
    that was held back longest counts.
    """
    steal = getattr(psutil.cpu_times(), "steal", None)
    throttled = max((_throttled(stat) for stat in _statistics(root)), default=None)
    return Taken(
        None if steal is None else float(steal),
        throttled[0] if throttled else None,
        throttled[1] if throttled else None,
    )


def _statistics(root: Path) -> list[dict[str, int]]:
    found = []
    for controllers, group in groups(root):
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = ("", "unified") if not controllers else (controllers, "cpu", "cpu,cpuacct")
        for mount in dict.fromkeys(mounts):
            for directory in upwards(root / "sys/fs/cgroup" / mount, group):
                words = [line.split() for line in read_file(directory / "cpu.stat").splitlines()]
                stat = {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdecimal()}  # noqa: PLR2004
                if "nr_throttled" in stat:
                    found.append(stat)
    return found


def _throttled(stat: dict[str, int]) -> tuple[float, int]:
    if "throttled_usec" in stat:
        return stat["throttled_usec"] / _MICROSECONDS, stat["nr_throttled"]
    return stat.get("throttled_time", 0) / _NANOSECONDS, stat["nr_throttled"]


def _less(now: float | None, earlier: float | None) -> float | None:
    return None if now is None or earlier is None else max(0.0, now - earlier)


def _less_whole(now: int | None, earlier: int | None) -> int | None:
    return None if now is None or earlier is None else max(0, now - earlier)
