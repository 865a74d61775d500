"""What benchmarks can do in an arm: each is measured, or refused with its reason, and none stalls the rest."""

from pathlib import Path

import pytest

from bench.lockstep.controller import Lockstep
from bench.lockstep.recording import Recording, Why
from tests.lockstep.conftest import arm, measured, processes_of, write

SUITE = """
import hashlib, os, signal, subprocess, sys, time
import pytest

SIDE = os.environ["SIDE"]

def work():
    return hashlib.sha256(bytes(2000)).digest()

def test_plain(benchmark):
    assert len(benchmark(work)) == 32

def test_prints(benchmark):
    print("to standard output")
    os.write(1, b'["Timed", {"seconds": 1}]\\n')
    benchmark(lambda: (print("x" * 1000), work()))

def test_pedantic(benchmark):
    log = []
    def setup():
        log.append("setup")
        return ([3, 1, 2],), {}
    def target(values):
        log.append("target")
        values.sort()
        return values
    def teardown(values):
        log.append("teardown")
        assert values == [1, 2, 3]
    assert benchmark.pedantic(target, setup=setup, teardown=teardown, rounds=2) == [1, 2, 3]
    assert log == ["setup", "target", "teardown"] * (len(log) // 3)
    benchmark.extra_info["calls"] = log.count("target")

def test_pedantic_plain(benchmark):
    assert benchmark.pedantic(work, iterations=7, rounds=3, warmup_rounds=2)

def test_pedantic_misused(benchmark):
    benchmark.pedantic(work, setup=work, iterations=2)

def test_described(benchmark):
    benchmark.group = "mine"
    benchmark.extra_info["note"] = "kept"
    benchmark(work)
    assert benchmark.stats.stats.min > 0

def test_skipped(benchmark):
    if SIDE == "head":
        pytest.skip("not here")
    benchmark(work)

def test_wrong(benchmark):
    benchmark(work)
    assert SIDE != "head", "wrong on head"

def test_raises_on_base(benchmark):
    def target():
        if SIDE == "base":
            raise ValueError("no good")
    benchmark(target)

def test_exits(benchmark):
    benchmark(work)
    if SIDE == "head":
        os._exit(7)

def test_killed(benchmark):
    def target():
        work()
        if SIDE == "head" and benchmark.extra_info.setdefault("calls", []).append(1) is None:
            if len(benchmark.extra_info["calls"]) > 3:
                subprocess.Popen(["sleep", "86"], start_new_session=True)
                os.kill(os.getpid(), signal.SIGKILL)
    benchmark(target)

def test_hangs(benchmark):
    while SIDE == "head":
        time.sleep(1)
    benchmark(work)

def test_forks(benchmark):
    def target():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    benchmark(target)

def test_copy_that_goes_on(benchmark):
    if SIDE == "head":
        os.fork()
    benchmark(work)

def test_unused(benchmark):
    pass

def test_no_benchmark():
    raise AssertionError("this is none of lockstep's business")

if SIDE != "head":
    def test_absent(benchmark):
        benchmark(work)

def test_slow(benchmark):
    benchmark(time.sleep, 0.006)
"""
BROKEN = "import os\nif os.environ['SIDE'] == 'head': import nosuch\ndef test_broken(benchmark): benchmark(int)"
NEVER = "import nosuch_either"
SKIPPED = "import pytest\npytest.importorskip('nosuch')"
FILES = {"bench_a": SUITE, "bench_broken": BROKEN, "bench_never": NEVER, "bench_skipped": SKIPPED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the suite."""
    return write(tmp_path_factory.mktemp("suite"), FILES)


@pytest.fixture(scope="module")
def run(folder: Path) -> tuple[Recording, Lockstep]:
    """Measure two generations of the suite, on three arms."""
    recording, _, lockstep = measured(
        [arm(name, folder) for name in ("base", "head", "third")], generations=2, timeout_s=10
    )
    return recording, lockstep


@pytest.fixture(scope="module")
def recording(run: tuple[Recording, Lockstep]) -> Recording:
    """Return what was measured."""
    return run[0]


def refusals(recording: Recording, name: str) -> dict[str, tuple[Why, str]]:
    """Return why arms have no result for a benchmark."""
    return {
        refusal.arm: (refusal.why, refusal.reason)
        for refusal in recording.refusals
        if refusal.benchmark.endswith(f"::{name}")
    }


@pytest.mark.parametrize(
    "name",
    [
        "test_plain",
        "test_prints",
        "test_pedantic",
        "test_pedantic_plain",
        "test_described",
        "test_forks",
        "test_copy_that_goes_on",
        "test_slow",
    ],
)
def test_measured_on_all_arms(name: str, recording: Recording) -> None:
    """Whatever it prints and forks: three rounds in each of two generations, of as many calls on all arms."""
    nodeid = f"bench_a.py::{name}"
    assert refusals(recording, name) == {}
    assert recording.heads(nodeid) == ("head", "third")
    first, second = recording.rounds[nodeid]
    assert first.iterations == second.iterations
    for rounds in (first, second):
        assert {arm: len(times_s) for arm, times_s in rounds.times_s.items()} == {"base": 3, "head": 3, "third": 3}
        assert all(time_s > 0 for times_s in rounds.times_s.values() for time_s in times_s)


@pytest.mark.parametrize(
    ("name", "why", "reason"),
    [
        ("test_skipped", Why.SKIPPED, "not here"),
        ("test_wrong", Why.FAILED, "AssertionError: wrong on head"),
        ("test_exits", Why.DIED, "ended with exit status 7 while bench_a.py::test_exits was ended"),
        ("test_killed", Why.DIED, "was killed by SIGKILL while bench_a.py::test_killed was measured"),
        ("test_hangs", Why.DIED, "gave no answer in time (--timeout) while bench_a.py::test_hangs was set up"),
        ("test_absent", Why.ABSENT, "this arm has no such benchmark"),
        ("test_broken", Why.ABSENT, "cannot be collected: ModuleNotFoundError: No module named 'nosuch'"),
    ],
)  # fmt: skip
def test_missing_on_one_arm(name: str, why: Why, reason: str, recording: Recording) -> None:
    """It is refused there, in one line, and measured on the others, in both generations."""
    (nodeid,) = (nodeid for nodeid in recording.rounds if nodeid.endswith(f"::{name}"))
    found, line = refusals(recording, name)["head"]
    assert (found, line.partition("\n")[0]) == (why, line)
    assert line.startswith(reason)
    assert recording.heads(nodeid) == ("third",)
    assert len(recording.rounds[nodeid]) == 2


def test_nothing_is_measured_without_the_base(recording: Recording) -> None:
    """A benchmark that fails on the base has no ratio; the other arms have nothing to be compared with."""
    assert "bench_a.py::test_raises_on_base" not in recording.rounds
    assert refusals(recording, "test_raises_on_base") == {
        "base": (Why.FAILED, "ValueError: no good"),
        "head": (Why.ALONE, "there is nothing to compare it with"),
        "third": (Why.ALONE, "there is nothing to compare it with"),
    }


def test_a_file_that_no_arm_can_collect_does_not_vanish(recording: Recording) -> None:
    """Nobody knows its benchmarks, so the file itself is refused, on each arm; likewise one that skips itself."""
    found = {(one.benchmark, one.arm): (one.why, one.reason) for one in recording.refusals if "::" not in one.benchmark}
    reason = "cannot be collected: ModuleNotFoundError: No module named 'nosuch_either'"
    assert [found["bench_never.py", arm] for arm in recording.arms] == [(Why.FAILED, reason)] * 3
    why, reason = found["bench_skipped.py", "base"]
    assert why is Why.SKIPPED
    assert reason == "could not import 'nosuch': No module named 'nosuch'"


def test_a_fixture_that_is_not_used_is_no_benchmark(recording: Recording) -> None:
    """Nor is a test without the fixture even run."""
    assert refusals(recording, "test_unused")["base"] == (Why.FAILED, "the test does not use its benchmark fixture")
    assert refusals(recording, "test_no_benchmark") == {}


def test_misuse_of_pedantic_is_what_it_always_is(recording: Recording) -> None:
    """pytest-benchmark's own error, on each arm."""
    why, reason = refusals(recording, "test_pedantic_misused")["base"]
    assert why is Why.FAILED
    assert reason.startswith("ValueError: Can't use more than 1 `iterations` with a `setup` function")


def test_rounds_of_a_call_or_of_5_ms(recording: Recording) -> None:
    """A call that is longer than 5 ms is a round; shorter ones are counted together; a set-up allows but one."""
    by_name = {nodeid.partition("::")[2]: rounds[0] for nodeid, rounds in recording.rounds.items()}
    assert by_name["test_slow"].iterations == 1
    assert by_name["test_pedantic"].iterations == 1
    assert by_name["test_pedantic_plain"].iterations >= 7
    plain = by_name["test_plain"]
    assert plain.iterations > 7
    assert all(plain.iterations * max(times_s) > 0.001 for times_s in plain.times_s.values())


def test_what_pytest_benchmark_knows_is_kept(recording: Recording) -> None:
    """Group and extra_info; set-up and teardown ran with every round: the warm-up and three."""
    described = recording.described["bench_a.py::test_described"]["head"]
    assert described["group"] == "mine"
    assert described["extra_info"] == {"note": "kept"}
    assert recording.described["bench_a.py::test_pedantic"]["head"]["extra_info"] == {"calls": 4}


COARSE = """
import os
import pytest

@pytest.mark.parametrize("number", range(3))
def test_coarse(benchmark, number):
    if os.environ["SIDE"] == "head" and number < 2:
        benchmark._timer = lambda: 0.0
    benchmark.pedantic(sum, args=[range(1000)], setup=lambda: None)
"""


def test_an_arm_whose_timer_is_too_coarse(tmp_path: Path) -> None:
    """It is refused for the benchmarks in which a round took no time, and goes on with the next one."""
    recording, _, _ = measured([arm(name, write(tmp_path, {"bench_a": COARSE})) for name in ("base", "head")])

    assert [*recording.rounds] == ["bench_a.py::test_coarse[2]"]
    for number in range(2):
        assert refusals(recording, f"test_coarse[{number}]") == {
            "base": (Why.ALONE, "there is nothing to compare it with"),
            "head": (Why.FAILED, "its timer is too coarse: a round took no time"),
        }


def test_nothing_is_left(run: tuple[Recording, Lockstep], folder: Path) -> None:
    """No process, even of those that went into a session of their own, and no file beside the suite's."""
    private = run[1].folder
    assert not private.exists()
    assert processes_of(private) == []
    assert {path.name for path in folder.iterdir()} == {*(f"{name}.py" for name in FILES), "pytest.ini"} | {
        path.name for path in folder.glob("__pycache__")
    }
