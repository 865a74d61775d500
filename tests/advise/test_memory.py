"""What memory there is to take, and what a process has taken."""

import mmap
import sys
from pathlib import Path

import pytest

from flagkit.advise.memory import available_bytes, peak_bytes, reset_peak
from flagkit.advise.sandbox import Tell, run_apart

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells an address space's own peak")
HELD_BYTES = 1 << 28


class System:
    """A made-up procfs and cgroup mount, with a gigabyte that is there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("meminfo", "MemTotal: 2000000 kB\nMemAvailable: 1000000 kB")

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def group(self, path: str, limit: str, used: str, stat: str = "") -> None:
        """Write what a cgroup (v2) says of itself."""
        for name, text in (("max", limit), ("current", used), ("stat", stat)):
            self.write(f"mount/{path}/memory.{name}", text)

    def available(self) -> int | None:
        """Return what the module reads from all this."""
        return available_bytes(self.root / "meminfo", self.root / "self-cgroup", self.root / "mount")


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Make one without cgroups."""
    return System(tmp_path)


def test_without_a_limit_it_is_what_the_system_has(system: System) -> None:
    """No cgroup, or one whose limit is the word max."""
    assert system.available() == 1_024_000_000
    system.write("self-cgroup", "0::/app")
    system.group("app", "max", "7000000")
    assert system.available() == 1_024_000_000


def test_nothing_is_known_without_procfs(tmp_path: Path) -> None:
    """As on macOS."""
    assert available_bytes(tmp_path / "meminfo", tmp_path / "self-cgroup", tmp_path / "mount") is None


def test_page_cache_can_be_taken(system: System) -> None:
    """A container whose limit is used up by files that were read has that memory all the same."""
    system.write("self-cgroup", "0::/")
    system.group("", "100000000", "99000000", "anon 9000000\nfile 90000000\ninactive_file 80000000")
    assert system.available() == 81_000_000


@pytest.mark.parametrize(("limit", "used"), [("100", "150"), ("100", "100")])
def test_what_is_used_up_leaves_nothing(system: System, limit: str, used: str) -> None:
    """And not less than that, also where there are no statistics."""
    system.write("self-cgroup", "0::/app")
    system.group("app", limit, used)
    (system.root / "mount/app/memory.stat").unlink()
    assert system.available() == 0


def test_the_least_on_the_way_to_the_root_counts(system: System) -> None:
    """A limit may stand at any level above the process; those that are not visible are passed over."""
    system.write("self-cgroup", "0::/unseen/slice/app")
    system.group("unseen/slice/app", "90000000", "1000000")
    system.group("unseen/slice", "50000000", "20000000")
    system.group("", "70000000", "1000000")
    assert system.available() == 30_000_000


def test_a_v1_limit_is_read(system: System) -> None:
    """The first version has other files, in a folder of the controller; other controllers say nothing."""
    system.write("self-cgroup", "5:cpu,cpuacct:/other\n4:memory:/app\n0::/")
    for name, text in (("limit_in_bytes", "100000"), ("usage_in_bytes", "90000"), ("stat", "total_inactive_file 5000")):
        system.write(f"mount/memory/app/memory.{name}", text)
        system.write(f"mount/memory/other/memory.{name}", "1")
    assert system.available() == 15_000


@LINUX
def test_the_peak_is_not_the_parents() -> None:
    """A fresh process of a large program has its own."""
    held = bytearray(b"x") * HELD_BYTES
    assert 0 < run_apart(peak, 20.0, lambda _: None) < len(held) // 2


def peak(_: Tell) -> int:
    """Return that of this process."""
    return peak_bytes()


@LINUX
def test_a_peak_is_started_again() -> None:
    """What was taken and given back before does not count."""
    before, after = run_apart(peaks, 20.0, lambda _: None)
    assert before > HELD_BYTES
    assert after < HELD_BYTES // 2


def peaks(_: Tell) -> tuple[int, int]:
    """Take memory and give it back; return the peak with and without that."""
    held = bytearray(b"x") * HELD_BYTES
    del held
    before = peak_bytes()
    reset_peak()
    return before, peak_bytes()


@LINUX
def test_a_forked_process_may_take_as_much() -> None:
    """What it has from a large parent is not held against it."""
    available = available_bytes()
    assert available is not None
    with mmap.mmap(-1, available * 3 // 4, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
        assert run_apart(lambda _: len(bytearray(1 << 26)), 20.0, lambda _: None) == 1 << 26
