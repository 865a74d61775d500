"""How many processors may be used: the affinity, the cgroup's quota, whichever is less."""

import os
from pathlib import Path

import pytest

from flagkit import cpus


class Cgroup:
    """A made-up procfs file and cgroup mount."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "self-cgroup"
        self.mount = root / "cgroup"
        self.mount.mkdir()

    def member_of(self, line: str) -> None:
        """Make the process a member of the cgroup that a line of /proc/self/cgroup names."""
        self.proc.write_text(f"{line}\n")

    def write(self, name: str, text: str) -> None:
        """Write a control file below the mount."""
        file = self.mount / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def quota(self) -> float | None:
        """Return what the module reads from all this."""
        return cpus.cgroup_quota(self.proc, self.mount)


@pytest.fixture
def cgroup(tmp_path: Path) -> Cgroup:
    """Make an empty cgroup mount."""
    return Cgroup(tmp_path)


def test_a_v2_quota_is_read(cgroup: Cgroup) -> None:
    """cpu.max holds the quota and the period in microseconds."""
    cgroup.member_of("0::/app")
    cgroup.write("app/cpu.max", "150000 100000")
    assert cgroup.quota() == 1.5


def test_the_least_quota_on_the_way_to_the_root_counts(cgroup: Cgroup) -> None:
    """A generous limit below a tight one grants no more than the tight one."""
    cgroup.member_of("0::/slice/app")
    cgroup.write("slice/cpu.max", "50000 100000")
    cgroup.write("slice/app/cpu.max", "400000 100000")
    assert cgroup.quota() == 0.5


def test_max_is_no_quota(cgroup: Cgroup) -> None:
    """The word max means without a limit."""
    cgroup.member_of("0::/app")
    cgroup.write("app/cpu.max", "max 100000")
    assert cgroup.quota() is None


def test_a_container_sees_its_quota_at_the_root(cgroup: Cgroup) -> None:
    """In a cgroup namespace the limit stands in the mount's own root, whatever path the process is said to have."""
    cgroup.member_of("0::/docker/abc")
    cgroup.write("cpu.max", "200000 100000")
    assert cgroup.quota() == 2


@pytest.mark.parametrize(("quota_us", "expected"), [("250000", 2.5), ("-1", None)])
def test_a_v1_quota_is_read(cgroup: Cgroup, quota_us: str, expected: float | None) -> None:
    """The first version has two files, and -1 for without a limit."""
    cgroup.member_of("4:cpu,cpuacct:/app")
    cgroup.write("cpu/app/cpu.cfs_quota_us", quota_us)
    cgroup.write("cpu/app/cpu.cfs_period_us", "100000")
    assert cgroup.quota() == expected


def test_other_controllers_say_nothing_of_processors(cgroup: Cgroup) -> None:
    """A line of another v1 controller is passed over."""
    cgroup.member_of("5:memory:/app")
    cgroup.write("cpu/app/cpu.cfs_quota_us", "100000")
    cgroup.write("cpu/app/cpu.cfs_period_us", "100000")
    assert cgroup.quota() is None


def test_without_procfs_there_is_no_quota(cgroup: Cgroup) -> None:
    """Where /proc is missing, as on macOS, only the affinity or the count of processors is left."""
    assert cgroup.quota() is None


@pytest.mark.parametrize(("quota", "expected"), [(None, 3), (8.0, 3), (1.5, 2), (0.2, 1)])
def test_the_lesser_of_affinity_and_quota(monkeypatch: pytest.MonkeyPatch, quota: float | None, expected: int) -> None:
    """A part of a processor counts as one, and there is never less than one."""
    monkeypatch.setattr(cpus, "cgroup_quota", lambda: quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert cpus.usable_cpus() == expected


def test_without_affinity_all_processors_are_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Platforms that cannot pin processes use what there is."""
    monkeypatch.setattr(cpus, "cgroup_quota", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cpus.usable_cpus() == 6
