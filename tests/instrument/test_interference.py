"""What others took meanwhile, read from made-up system files."""

from pathlib import Path

import psutil
import pytest

from bench.instrument import interference
from bench.instrument.interference import Taken

V2 = "usage_usec 1\nnr_periods 40\nnr_throttled 3\nthrottled_usec 250000\n"
V1 = "nr_periods 40\nnr_throttled 3\nthrottled_time 250000000\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    """Write files by their paths; return the root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.stat": V2},
        {"proc/self/cgroup": "0::/job/inner\n", "sys/fs/cgroup/job/cpu.stat": V2},
        {"proc/self/cgroup": "4:cpu,cpuacct:/job\n", "sys/fs/cgroup/cpu,cpuacct/job/cpu.stat": V1},
        {"proc/self/cgroup": "4:cpu:/job\n", "sys/fs/cgroup/cpu/job/cpu.stat": V1},
    ],
    ids=["own group", "group around", "version 1", "version 1 alone"],
)
def test_throttling(tmp_path: Path, files: dict[str, str]) -> None:
    """Both versions of control groups tell it, the own group or one around it."""
    found = interference.taken(tree(tmp_path, files))

    assert (found.throttled_s, found.throttled_periods) == (0.25, 3)


def test_the_group_that_was_held_back_longest_counts(tmp_path: Path) -> None:
    """Of several groups around the process, the worst is told."""
    files = {
        "proc/self/cgroup": "0::/job\n",
        "sys/fs/cgroup/job/cpu.stat": "nr_throttled 1\nthrottled_usec 1000000\n",
        "sys/fs/cgroup/cpu.stat": "nr_throttled 2\nthrottled_usec 2000000\n",
    }

    assert interference.taken(tree(tmp_path, files)).throttled_s == 2.0


def test_a_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without control groups, and without stolen time (macOS), nothing is known, and no zero is made up."""
    monkeypatch.setattr(psutil, "cpu_times", lambda: (1.0, 2.0))

    assert interference.taken(tmp_path) == Taken(None, None, None)
    assert Taken(1, 1, 1).since(Taken(None, None, None)) == Taken(None, None, None)


def test_the_difference_of_two_moments() -> None:
    """What was taken between them; a counter that was set back (a restored machine) is no negative time."""
    assert Taken(5.0, 3.0, 7).since(Taken(4.5, 1.0, 2)) == Taken(0.5, 2.0, 5)
    assert Taken(1.0, 1.0, 1).since(Taken(2.0, 2.0, 2)) == Taken(0.0, 0.0, 0)
