"""Generations: what is the same on all arms of one, and what is drawn afresh for the next."""

import subprocess
import textwrap
from collections import defaultdict
from pathlib import Path

import pytest

from bench.lockstep import pinning
from bench.lockstep.controller import Lockstep
from bench.lockstep.recording import Recording
from tests.lockstep.conftest import Silent, arm, left_of, measured, processes_of, sessions_of, write

SUITE = """
import os
import pytest

def note(text):
    with open(os.environ["NOTES"], "a") as file:
        print(os.getpid(), os.environ["SIDE"], text, file=file)

@pytest.fixture(scope="module")
def server():
    note("up")
    yield
    note("down")

@pytest.mark.parametrize("number", range(8))
def test_one(benchmark, number, server):
    note(f"{hash('flag')} {number}")
    benchmark(lambda: note("round") if benchmark.extra_info else None)
"""
TIMES = """
import os, time

def target():
    with open(os.environ["NOTES"], "a") as file:
        print(os.environ["SIDE"], file=file)
    time.sleep(0.006)

def test_time(benchmark):
    benchmark(target)
"""
CALLS = """
import os
from itertools import count

def counted(benchmark, measure):
    calls = count()
    measure(lambda: next(calls))
    with open(os.environ["NOTES"], "a") as file:
        print(benchmark.name, next(calls), file=file)

def test_plain(benchmark):
    counted(benchmark, benchmark)

def test_asks(benchmark):
    counted(benchmark, lambda f: benchmark.pedantic(f, iterations=40, rounds=1, warmup_rounds=2))
"""
WHEN = """
import os, time
import pytest

def note(what):
    with open(os.environ["NOTES"], "a") as file:
        print(time.monotonic_ns(), os.environ["PYTHONHASHSEED"], what, *sorted(os.sched_getaffinity(0)), file=file)

note("start")

@pytest.mark.parametrize("number", range(12))
@pytest.mark.workers(WORKERS)
def test_time(benchmark, number):
    benchmark(time.sleep, 0.006)
    note("measured")
"""
PLACE = """
import os, pathlib

def test_a(benchmark):
    benchmark.extra_info["in"] = os.getcwd(), pathlib.Path("which").read_text()
    benchmark(int)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, list[list[str]], list[str]]:
    """Return two generations of two arms, what they have noted, and the order in which benchmarks were begun."""
    folder = write(tmp_path_factory.mktemp("suite"), {"bench_a": SUITE, "bench_b": SUITE})
    notes = folder / "notes"
    watcher = Silent()
    arms = [arm(name, folder, NOTES=str(notes)) for name in ("base", "head")]
    recording, _, _ = measured(arms, generations=2, rounds=1, watcher=watcher)
    return recording, [line.split() for line in notes.read_text().splitlines()], watcher.begun


def test_one_fresh_process_for_each_arm_and_generation(run: tuple[Recording, list[list[str]], list[str]]) -> None:
    """All benchmarks of a generation share it; both arms have the same hashes, and others in the next generation."""
    hashes = defaultdict(set)
    for pid, side, *rest in run[1]:
        if len(rest) == 2:
            hashes[pid, side].add(rest[0])
    assert sorted(side for _, side in hashes) == ["base", "base", "head", "head"]
    assert all(len(seen) == 1 for seen in hashes.values())
    by_process = [seen.pop() for seen in hashes.values()]
    assert sorted(by_process.count(one) for one in set(by_process)) == [2, 2]


def test_the_order_is_the_same_on_all_arms_and_another_in_the_next_generation(
    run: tuple[Recording, list[list[str]], list[str]],
) -> None:
    """The chance that 16 benchmarks come in the same order twice is 1 in 3 billion."""
    orders = defaultdict(list)
    for pid, side, *rest in run[1]:
        if len(rest) == 2:
            orders[side, pid].append(rest[1])
    base, head = ([order for (of, _), order in orders.items() if of == side] for side in ("base", "head"))
    assert base == head
    first, second = run[2][:16], run[2][16:]
    assert sorted(first) == sorted(second)
    assert first != second


def test_the_benchmarks_of_a_file_stay_together(run: tuple[Recording, list[list[str]], list[str]]) -> None:
    """So a fixture of the module is set up once for each file and process: 2 files, 2 arms, 2 generations."""
    assert [rest for _, _, *rest in run[1]].count(["up"]) == 8
    assert [rest for _, _, *rest in run[1]].count(["down"]) == 8


def test_iterations_are_calibrated_once(run: tuple[Recording, list[list[str]], list[str]]) -> None:
    """The second generation has those of the first."""
    for first, second in run[0].rounds.values():
        assert first.iterations == second.iterations > 100


def test_one_arm_at_a_time_in_an_order_drawn_for_each_turn(tmp_path: Path) -> None:
    """The arms' rounds never overlap: what they wrote while measured is what the recording says, turn by turn."""
    folder = write(tmp_path, {"bench_a": TIMES})
    notes = folder / "notes"
    arms = [arm(name, folder, NOTES=str(notes)) for name in ("base", "head", "third")]
    recording, cost, _ = measured(arms, rounds=12)
    (rounds,) = recording.rounds["bench_a.py::test_time"]
    orders = [
        sorted(rounds.places, key=lambda name, turn=turn: rounds.places[name][turn])  # type: ignore[misc]
        for turn in range(12)
    ]
    written = notes.read_text().split()
    calls = written[-39:-3]  # before: calibration and warm-up; after: each arm calls once more for the result
    assert calls == [name for order in orders for name in order]
    assert len({tuple(order) for order in orders}) > 1
    assert cost.turns == 36


def test_a_process_warms_up_by_a_part_of_a_round_unless_the_benchmark_asks_for_more(tmp_path: Path) -> None:
    """In the second generation, which has nothing to calibrate; each arm calls once more for the result."""
    folder = write(tmp_path, {"bench_a": CALLS})
    notes = folder / "notes"
    recording, _, _ = measured([arm(name, folder, NOTES=str(notes)) for name in ("base", "head")], generations=2)
    calls = dict(line.split() for line in notes.read_text().splitlines())  # of each the last
    plain, asks = (recording.rounds[f"bench_a.py::{name}"][1].iterations for name in ("test_plain", "test_asks"))

    assert int(calls["test_plain"]) == plain // 5 + 3 * plain + 1
    assert int(calls["test_asks"]) == 2 * asks + 3 * asks + 1


def test_a_selection_may_do_without_the_cache(tmp_path: Path) -> None:
    """Arms are told where theirs is, so that nothing is written to the checkout; strict pytest must know the word."""
    folder = write(tmp_path, {"bench_a": "def test_a(benchmark):\n    benchmark(int)\n"})
    (folder / "pytest.ini").write_text("[pytest]\npython_files = bench_*.py\naddopts = --strict-config\n")
    arms = [arm(name, folder) for name in ("base", "head")]
    recording, _, _ = measured(arms, "-p", "no:cacheprovider")

    assert list(recording.rounds) == ["bench_a.py::test_a"]


class Crowd(Silent):
    """A watcher that counts the arms' processes as each benchmark of a run begins, by generation.

    An arm leads a session. What it runs for a moment is none: pytest-benchmark asks `file` which machine this is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder: Path | None = None
        self.counts: list[list[int]] = []

    def generation(self, benchmarks: int) -> None:
        """Begin another list."""
        super().generation(benchmarks)
        self.counts.append([])

    def benchmark(self, nodeid: str) -> None:
        """Count."""
        super().benchmark(nodeid)
        assert self.folder is not None
        self.counts[-1].append(len(sessions_of(self.folder)))


@pytest.mark.skipif(len(pinning.usable().several) < 2, reason="one core, or none can be chosen: nothing runs beside")
@pytest.mark.parametrize("workers", [1, 2])
def test_the_next_generation_starts_meanwhile(workers: int, tmp_path: Path) -> None:
    """One process after the other, beside benchmarks of one core; none while benchmarks have all cores.

    The next one finds the cores that the first one found: what a suite has may depend on them.
    """
    folder = write(tmp_path, {"bench_a": WHEN.replace("WORKERS", str(workers))})
    watcher = Crowd()
    arms = [arm(name, folder, NOTES=str(folder / "notes")) for name in ("base", "head")]
    with Lockstep(arms, base="base", arguments=(), seed=1, timeout_s=30, watcher=watcher) as lockstep:
        watcher.folder = lockstep.folder
        *_, (recording, _) = lockstep.record(2, 20)
    noted = [line.split() for line in (folder / "notes").read_text().splitlines()]
    (first, second) = dict.fromkeys(seed for _, seed, *_ in noted)
    measuring = [int(time_ns) for time_ns, seed, what, *_ in noted if (seed, what) == (first, "measured")]
    starts = [(int(time_ns), cores) for time_ns, seed, what, *cores in noted if (seed, what) == (second, "start")]
    assert {len(generations) for generations in recording.rounds.values()} == {2}
    assert [cores for _, cores in starts] == [[*map(str, pinning.usable().several)]] * 2
    if workers == 1:
        assert watcher.counts[0][0] == 2
        assert watcher.counts[0][1] == 3
        assert max(watcher.counts[0]) <= 4
    else:
        assert set(watcher.counts[0]) == {2}
        assert all(time_ns > max(measuring) for time_ns, _ in starts)


def test_nothing_is_left_of_a_recording_that_is_given_up(tmp_path: Path) -> None:
    """Neither the generation that was measured nor the next, which may have begun to start."""
    folder = write(tmp_path, {"bench_a": WHEN.replace("WORKERS", "1")})
    arms = [arm(name, folder, NOTES=str(folder / "notes")) for name in ("base", "head")]
    with Lockstep(arms, base="base", arguments=(), seed=1, timeout_s=30, watcher=Silent()) as lockstep:
        recorded = lockstep.record(3, 2)
        next(recorded)
        next(recorded)
        assert processes_of(lockstep.folder)
    assert left_of(lockstep.folder) == []
    assert not lockstep.folder.exists()


def test_only_some(tmp_path: Path) -> None:
    """A caller may ask for fresh generations of a few benchmarks; what is known of a benchmark holds for them."""
    folder = write(
        tmp_path, {"bench_a": "def test_a(benchmark): benchmark(int)\ndef test_b(benchmark): benchmark(int)"}
    )
    watcher = Silent()
    with Lockstep(
        [arm("base", folder), arm("head", folder)], base="base", arguments=(), seed=1, timeout_s=30, watcher=watcher
    ) as lockstep:
        *_, (screen, _) = lockstep.record(1, 2)
        *_, (confirm, _) = lockstep.record(1, 4, only={"bench_a.py::test_b"})
    assert len(screen.rounds) == 2
    assert list(confirm.rounds) == ["bench_a.py::test_b"]
    assert confirm.rounds["bench_a.py::test_b"][0].iterations == screen.rounds["bench_a.py::test_b"][0].iterations
    assert len(confirm.pairs("bench_a.py::test_b", "head")[0].base_s) == 4
    assert len(watcher.begun) == 3


def test_a_round_can_be_split_into_shorter_ones(tmp_path: Path) -> None:
    """Where calls are short there are up to so many for one; a long call is a round, and so is what is set up each."""
    text = """
        import time
        import pytest
        @pytest.mark.parametrize("number", range(3))
        def test_short(benchmark, number): benchmark(int)
        def test_long(benchmark): benchmark(time.sleep, 0.02)
        def test_set_up(benchmark): benchmark.pedantic(int, setup=lambda: None, rounds=1)
        """
    folder = write(tmp_path, {"bench_a": textwrap.dedent(text)})
    arms = [arm("base", folder), arm("head", folder)]
    with Lockstep(arms, base="base", arguments=(), seed=1, timeout_s=30, watcher=Silent(), split=5) as lockstep:
        *_, (first, _) = lockstep.record(1, 3)
        *_, (second, _) = lockstep.record(1, 2)
    counts = {
        nodeid.partition("::test_")[2]: [len(of.rounds[nodeid][0].times_s["head"]) for of in (first, second)]
        for nodeid in first.rounds
    }
    assert counts["long"] == counts["set_up"] == [3, 2]
    short = [name for name in counts if name.startswith("short")]
    assert all(counts[name][0] / 3 == counts[name][1] / 2 for name in short)  # what was found once holds
    assert 1 < max(counts[name][0] / 3 for name in short) <= 5  # one may be held up as it is calibrated
    for nodeid in first.rounds:
        assert first.rounds[nodeid][0].iterations == second.rounds[nodeid][0].iterations


def test_checkouts_that_differ(tmp_path: Path) -> None:
    """Each arm runs its own, from a place that it leaves in the next generation; the originals are not written to.

    A copy has no version control, but its file says which commit it is of.
    """
    folders = []
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for name in ("base", "a-longer-name"):
        (tmp_path / name).mkdir()
        folders.append(write(tmp_path / name, {"bench_a": PLACE}))
        (folders[-1] / "which").write_text(name)
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", name]):
            subprocess.run([*git, *arguments], cwd=folders[-1], check=True)
    recording, _, lockstep = measured([arm(folder.name, folder) for folder in folders], describe=True)
    for folder in folders:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
        ).stdout
        assert lockstep.descriptions[folder.name]["commit_info"]["id"] == head.strip()
    described = recording.described["bench_a.py::test_a"]
    places = {name: by_arm["extra_info"]["in"] for name, by_arm in described.items()}
    assert {name: which for name, (_, which) in places.items()} == {"base": "base", "a-longer-name": "a-longer-name"}
    (one, _), (two, _) = places.values()
    assert len(one) == len(two)
    assert one != two
    assert {path.name for folder in folders for path in folder.iterdir()} == {
        ".git",
        "bench_a.py",
        "pytest.ini",
        "which",
    }
