"""What the machine grants, read from made-up system files."""

import os
from pathlib import Path

import psutil
import pytest

from bench.instrument import host


def make_tree(root: Path, **files: str) -> Path:
    """Write files by their paths, with __ for /; return the root."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("DOT", ".").replace("COMMA", ",")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_no_limit_without_control_groups(tmp_path: Path) -> None:
    """A system without them, such as macOS, has no limit."""
    assert host.cgroup_cpu_limit(tmp_path) is None


def test_version_2_limit_of_the_own_group(tmp_path: Path) -> None:
    """cpu.max holds quota and period in microseconds."""
    root = make_tree(
        tmp_path,
        proc__self__cgroup="0::/user/job\n",
        sys__fs__cgroup__user__job__cpuDOTmax="150000 100000\n",
    )
    assert host.cgroup_cpu_limit(root) == 1.5


def test_the_least_limit_around_counts(tmp_path: Path) -> None:
    """A group inside a narrower one cannot use what it is granted by its own limit."""
    root = make_tree(
        tmp_path,
        proc__self__cgroup="0::/user/job\n",
        sys__fs__cgroup__cpuDOTmax="max 100000\n",
        sys__fs__cgroup__user__cpuDOTmax="50000 100000\n",
        sys__fs__cgroup__user__job__cpuDOTmax="400000 100000\n",
    )
    assert host.cgroup_cpu_limit(root) == 0.5


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    """The path is the host's and is not there; the limit lies at the mount."""
    root = make_tree(
        tmp_path,
        proc__self__cgroup="0::/docker/0123456789abcdef\n",
        sys__fs__cgroup__cpuDOTmax="200000 100000\n",
    )
    assert host.cgroup_cpu_limit(root) == 2.0


def test_a_path_that_leads_out_of_the_mount_is_followed_inside_it(tmp_path: Path) -> None:
    """A group outside of the namespace is shown as /../..: nothing outside of the mount is read."""
    root = make_tree(
        tmp_path,
        proc__self__cgroup="0::/../../other\n",
        sys__fs__cgroup__cpuDOTmax="300000 100000\n",
        sys__cpuDOTmax="1 100000\n",
    )
    assert host.cgroup_cpu_limit(root) == 3.0


@pytest.mark.parametrize("mount", ["cpu", "cpuCOMMAcpuacct"])
def test_version_1_limit(tmp_path: Path, mount: str) -> None:
    """Quota and period are files of their own, under a mount by the controllers' names; -1 is no limit."""
    names = mount.replace("COMMA", ",")
    root = make_tree(
        tmp_path,
        proc__self__cgroup=f"9:name=systemd:/\n4:memory:/job\n1:{names}:/job\n",
        **{
            f"sys__fs__cgroup__{mount}__cpuDOTcfs_quota_us": "-1\n",
            f"sys__fs__cgroup__{mount}__cpuDOTcfs_period_us": "100000\n",
            f"sys__fs__cgroup__{mount}__job__cpuDOTcfs_quota_us": "250000\n",
            f"sys__fs__cgroup__{mount}__job__cpuDOTcfs_period_us": "100000\n",
        },
    )
    assert host.cgroup_cpu_limit(root) == 2.5


def test_both_versions_at_once(tmp_path: Path) -> None:
    """A system in between mounts version 2 beside version 1; the narrower limit counts."""
    root = make_tree(
        tmp_path,
        proc__self__cgroup="1:cpu:/\n0::/\n",
        sys__fs__cgroup__cpu__cpuDOTcfs_quota_us="100000",
        sys__fs__cgroup__cpu__cpuDOTcfs_period_us="100000",
        sys__fs__cgroup__unified__cpuDOTmax="70000 100000",
    )
    assert host.cgroup_cpu_limit(root) == 0.7


@pytest.mark.parametrize("text", ["", "max", "max 100000", "x y", "100000 0", "1\n2"])
def test_a_limit_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    """Whatever the kernel may write there, no run fails for it."""
    root = make_tree(tmp_path, proc__self__cgroup="0::/\nnonsense\n", sys__fs__cgroup__cpuDOTmax=text)
    assert host.cgroup_cpu_limit(root) is None


def test_governors(tmp_path: Path) -> None:
    """One for all cores, or all that there are; none in most virtual machines."""
    assert host.governor(tmp_path) is None
    cores = "sys__devices__system__cpu__cpu"
    make_tree(tmp_path, **{f"{cores}0__cpufreq__scaling_governor": "powersave\n"})
    assert host.governor(tmp_path) == "powersave"
    make_tree(tmp_path, **{f"{cores}11__cpufreq__scaling_governor": "performance\n"})
    assert host.governor(tmp_path) == "performance+powersave"


def test_the_processor_is_named_by_the_system_first(tmp_path: Path) -> None:
    """/proc/cpuinfo where it has the name, else what the caller knows, else the architecture."""
    assert host.host("Apple M4", tmp_path)["cpu_model"] == "Apple M4"
    assert host.host(None, tmp_path)["cpu_model"]
    make_tree(tmp_path, proc__cpuinfo="processor\t: 0\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n")
    assert host.host("Apple M4", tmp_path)["cpu_model"] == "AMD EPYC"


def test_usable_cores_follow_the_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process may use, not what the machine has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5, 7}, raising=False)
    assert host.usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert host.usable_cores() == 1


def test_load_is_null_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three numbers, or none on Windows."""
    monkeypatch.setattr(os, "getloadavg", lambda: (1.0, 2.0, 3.0), raising=False)
    assert host.load() == [1.0, 2.0, 3.0]
    monkeypatch.delattr(os, "getloadavg")
    assert host.load() is None


def test_memory_is_in_bytes() -> None:
    """All of the machine's."""
    assert host.host()["memory_bytes"] == psutil.virtual_memory().total
