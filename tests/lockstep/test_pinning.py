"""Cores: one for single-threaded benchmarks, all for those with workers; the same for all arms."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.lockstep import pinning
from tests.lockstep.conftest import arm, measured, write

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
SUITE = """
import os, subprocess, sys, threading
import pytest

def note(benchmark):
    seen = {"main": sorted(os.sched_getaffinity(0))}
    def look():
        seen["thread"] = sorted(os.sched_getaffinity(0))
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    code = "import os; print(*sorted(os.sched_getaffinity(0)))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    benchmark.extra_info["seen"] = {**seen, "child": [int(core) for core in child.split()]}

@pytest.fixture(scope="module")
def helper():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()

@pytest.mark.parametrize("workers", [1, 2])
def test_parameter(benchmark, workers, helper):
    note(benchmark)
    benchmark(int)
    benchmark.extra_info["helper"] = sorted(os.sched_getaffinity(helper.pid))

@pytest.mark.workers(3)
def test_marker(benchmark):
    note(benchmark)
    benchmark(int)

def test_said_late(benchmark):
    note(benchmark)
    benchmark.extra_info["workers"] = 2
    benchmark(int)
    benchmark.extra_info["in_the_end"] = sorted(os.sched_getaffinity(0))

def test_nothing_said(benchmark):
    note(benchmark)
    benchmark(int)
"""


@needs_affinity
def test_cores_by_what_a_benchmark_says_of_its_workers(tmp_path: Path) -> None:
    """By its parameter, its marker, or what it adds before it begins; threads and children inherit them.

    One that says so late has its cores when it is measured, and from the next generation on when it is set up.
    """
    folder = write(tmp_path, {"bench_a": SUITE})
    recording, _, lockstep = measured([arm("base", folder), arm("head", folder)], generations=2)
    one, several = list(lockstep.cores.one), list(lockstep.cores.several)
    assert recording.refusals == []
    expected = {
        "test_parameter[1]": one,
        "test_parameter[2]": several,
        "test_marker": several,
        "test_said_late": several,
        "test_nothing_said": one,
    }
    for name, cores in expected.items():
        nodeid = f"bench_a.py::{name}"
        for by_arm in recording.described[nodeid].values():
            assert set(map(tuple, by_arm["extra_info"]["seen"].values())) == {tuple(cores)}, name
            assert by_arm["extra_info"].get("helper", cores) == cores
            assert by_arm["extra_info"].get("in_the_end", cores) == cores
        assert [list(rounds.cores) for rounds in recording.rounds[nodeid]] == [cores, cores]


@needs_affinity
def test_pin_reaches_all_threads_and_descendants() -> None:
    """Those that are there already, too."""
    code = (
        "import subprocess, sys, threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "print(child.pid, *[thread.native_id for thread in threading.enumerate()], flush=True)\n"
        "input()\n"
    )
    cores = sorted(os.sched_getaffinity(0))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ids = [int(number) for number in process.stdout.readline().split()]
        pinning.pin(process.pid, cores[-1:])
        assert [os.sched_getaffinity(number) for number in ids] == [{cores[-1]}] * 3
        process.communicate("\n")
    pinning.pin(process.pid, cores)  # it has ended: no error
    assert os.sched_getaffinity(0) == set(cores)


def test_a_system_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is pinned, and the reason is there to be said."""
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    cores = pinning.usable()
    assert (cores.of(None), cores.of(2)) == ((), ())
    assert cores.reason == "this system lets no program choose its cores"


@needs_affinity
def test_a_system_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise, with the system's words."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    assert pinning.usable() == pinning.Cores((), (), "cores cannot be chosen: Operation not permitted")


@needs_affinity
def test_usable_leaves_the_affinity_as_it_was() -> None:
    """In whatever thread it is asked."""
    before = os.sched_getaffinity(0)
    found = pinning.usable()
    assert set(found.several) == before == os.sched_getaffinity(0)
    assert set(found.one) < before or len(before) == 1
    assert threading.current_thread() is threading.main_thread()


@needs_affinity
def test_the_controller_goes_where_its_arms_are() -> None:
    """For as long as they take turns, whatever happens meanwhile; where no core can be chosen, it stays."""
    before = os.sched_getaffinity(0)
    core = max(before)

    def fail() -> None:
        with pinning.beside([core]):
            assert os.sched_getaffinity(0) == {core}
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.sched_getaffinity(0) == before
    with pinning.beside(()):
        assert os.sched_getaffinity(0) == before
    with pinning.beside([max(before) + 10_000]):  # which the system refuses
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before
