"""Recordings with known truth, and the rates that are counted over them."""

import json
import math
import os
import re
import subprocess
import sys
import time
import timeit
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bench.__main__ import main
from bench.gate.judge import Changes, judge
from bench.gate.procedure import synthetic
from bench.gate.procedure.sizes import LEAST_ROUNDS, SPLIT
from bench.gate.rates import recordings, replay, sizes, subject, table
from bench.gate.rates.others import OTHERS, alarms
from bench.gate.rates.record import record
from bench.gate.rates.recordings import Generation
from bench.gate.rates.table import Rate
from bench.gate.verdict import Rules
from tests.gate.toys import ROOT
from tests.lockstep.conftest import left_of

LABELS = {"loop-add-20", "tail-multiply-3", "allocation-sorting-3"}
INJECTED = {
    one.name: one.percent / 100 for one in subject.INJECTED if one.label in LABELS or one in subject.EVERYWHERE[5]
}
NAMES = (*subject.IDENTICAL, *INJECTED)


def generation(number: int, *, spread: float = 0.01, drift: float = 0.0, recording: str = "one") -> Generation:
    """Return a generation in which injected benchmarks are slower by their size, and all drift with time."""
    rng = np.random.default_rng(number)
    rounds = {}
    for name in NAMES:
        pace = 5e-3 * math.exp(drift * number)
        luck = spread * rng.normal(size=2)
        base, head = (pace * np.exp(value + 0.02 * rng.normal(size=10)) for value in luck)
        rounds[name] = (tuple(base), tuple(head * (1 + INJECTED.get(name, 0.0))))
    return Generation(recording, rounds, wall_s=7.0, start_s=1.5, load=1.0, neighbours=0)


@pytest.fixture(scope="module")
def generations() -> list[Generation]:
    """Return enough generations for a gate run or two."""
    return [generation(number) for number in range(160)]


@pytest.fixture(scope="module")
def logged(generations: list[Generation]) -> list[replay.Logged]:
    """Return what a gate sees of them."""
    return replay.logged(generations)


def test_recording_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    """Generations come back as they were; half a line, left by a crash, is none, and the next takes its place."""
    path = tmp_path / "rates.jsonl"
    recordings.append(path, generation(1))
    with path.open("a") as file:
        file.write('{"recording": "one", "rou')

    assert recordings.load(path) == [generation(1)]
    recordings.append(path, generation(2))
    assert recordings.load(path) == [generation(1), generation(2)]


def test_file_that_is_no_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one line with status 2, as are a file that is not there and no file at all."""
    path = tmp_path / "rates.jsonl"
    path.write_text('{"a": 1}\n')

    assert main(["gate-rates", str(path)]) == 2
    assert main(["gate-rates", str(tmp_path / "absent")]) == 2
    assert main(["gate-rates"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"python -m bench gate-rates: {path}: line 1 is no recorded generation: it has no rounds",
        "python -m bench gate-rates: nothing is recorded; give --time",
        "python -m bench gate-rates: give a FILE, --simulate N or --sizes",
    ]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00\n", b"\xff\xfe\x00", b"null\n", b"3\n", b'{"rounds": 3}\n', b'{"recording": "one", "rou\n'],
    ids=["no text", "nor a line", "nothing", "a number", "no rounds", "half a line"],
)
def test_lines_that_are_no_generations(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands there is named in one line, with status 2, and the file stays as it is."""
    path = tmp_path / "rates.jsonl"
    path.write_bytes(content)

    assert main(["gate-rates", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m bench gate-rates: {path}: line 1 is no recorded generation: ")
    assert path.read_bytes() == content


def test_windows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What its arms need is not there: one line, and nothing is recorded."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["gate-rates", str(tmp_path / "rates.jsonl"), "--time", "1s"]) == 2
    assert "which Windows does not know" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.once
def test_replay_passes_identical_code_and_finds_the_injected(logged: list[replay.Logged]) -> None:
    """Identical code passes; 5% in one benchmark of thirty is found, and nothing else."""
    identical = replay.runs(logged, subject.IDENTICAL).results
    slowed = "test_injected[loop-add-5]"
    found = replay.runs(logged, [*subject.IDENTICAL[1:], slowed]).results

    assert [result.slower for result in identical] == [frozenset()] * len(identical)
    assert identical
    assert {result.slower for result in found} == {frozenset({slowed})}
    assert all(result.used < len(logged) for result in found)


def test_replay_goes_round(logged: list[replay.Logged]) -> None:
    """A run that began near the end goes on with the first generations; one that needs more than all is counted."""
    slowed = [*subject.IDENTICAL[1:], "test_injected[loop-add-5]"]
    late = replay.run(logged, slowed, len(logged) - replay.LEAST)

    assert late is not None
    assert late.used > replay.LEAST
    assert late == replay.run([*logged[-replay.LEAST :], *logged[: -replay.LEAST]], slowed, 0)
    assert replay.runs(logged[: replay.LEAST - 1], slowed) == replay.Runs((), 0)
    assert replay.runs(logged[: replay.LEAST + 1], slowed) == replay.Runs((), 1)


def test_others_measure_one_side_after_the_other() -> None:
    """Drift of 8% a generation fails rules that see base first and head later; in lockstep it fails none."""
    drifting = [generation(number, drift=0.08, spread=0.0) for number in range(8)]
    rule = OTHERS["pytest-benchmark --benchmark-compare-fail=median:5%"]

    assert all(alarms(drifting, subject.IDENTICAL, rule))
    assert not any(alarms(drifting, subject.IDENTICAL, rule, side_by_side=True))


@pytest.mark.parametrize("label", OTHERS)
def test_others_find_what_is_large(label: str) -> None:
    """Each rule calls head slower where it takes twice as long, and not where it takes half."""
    base = [tuple(1 + 0.01 * np.random.default_rng(n).random(10)) for n in range(10)]
    twice = [tuple(2 * value for value in times) for times in base]

    assert OTHERS[label].rule(base, twice)
    assert not OTHERS[label].rule(twice, base)


def test_an_earlier_recording_may_hold_less(logged: list[replay.Logged]) -> None:
    """Generations without a benchmark are none of its replays, and stay in those of all others."""
    added = "test_injected[allocation-sorting-3]"
    earlier = [
        replace(one, logs={name: value for name, value in one.logs.items() if name != added}) for one in logged[:5]
    ]
    both = [*earlier, *logged[5:]]

    assert replay.having(both, [added]) == logged[5:]
    assert replay.having(both, subject.IDENTICAL) == both


def test_inconclusive_is_what_the_verdict_says(logged: list[replay.Logged]) -> None:
    """A benchmark so noisy that only much would have been found makes a run say so, by replay as by judging."""
    noisy = subject.IDENTICAL[0]
    rng = np.random.default_rng(1)
    worse = [replace(one, logs={**one.logs, noisy: one.logs[noisy] + 0.3 * rng.normal()}) for one in logged]
    quiet, loud = (replay.run(generations, subject.IDENTICAL[:3], 0) for generations in (logged, worse))

    assert quiet is not None
    assert loud is not None
    assert (quiet.is_inconclusive, loud.is_inconclusive) == (False, True)
    outcomes = [judge(one.course, Changes(), (), Rules.of()).outcome for one in (quiet, loud)]
    assert outcomes == ["pass", "inconclusive"]


@pytest.mark.once
def test_runs_on_generations_drawn_at_random(logged: list[replay.Logged]) -> None:
    """They differ from one another, the same ones every time; a run that wants more than there are is cut off."""
    some = replay.drawn_runs(logged, subject.IDENTICAL, 2)

    assert some == replay.drawn_runs(logged, subject.IDENTICAL, 2)
    assert some.results[0] != some.results[1]
    assert replay.drawn_runs(logged[:5], subject.IDENTICAL, 2) == replay.Runs((), 2)


@pytest.mark.once
def test_sizes_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for each, over processes of their own."""
    monkeypatch.setattr(sizes, "PROCESSES", 2)
    monkeypatch.setattr(subject, "INJECTED", subject.INJECTED[:1])

    assert re.fullmatch(r"\| loop 3%, add \| \d\.\d{4} \[\d\.\d{4}, \d+\.\d{4}\] \|", list(sizes.table())[-1])


def test_generations_that_are_alike_in_a_row_are_seen() -> None:
    """Independent ones vary as in any order; a walk that comes and goes makes the means of blocks vary more."""
    rng = np.random.default_rng(1)
    independent = rng.normal(size=(30 * table.BLOCK, 4))
    slow = np.repeat(rng.normal(size=(30, 4)), table.BLOCK, axis=0)

    found, (low, high) = table.blocks(independent)
    assert low < found < high
    assert low < 1 < high
    found, (_, high) = table.blocks(independent + slow)
    assert found > 5 * high


@pytest.mark.parametrize("label", ["loop-add-20", "tail-multiply-20", "allocation-objects-20"])
def test_injected_size_is_verified_apart(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls of head together do a fifth more than base's; with three times as much on top they take far longer."""
    monkeypatch.setattr(sizes, "PAIRS", 60)
    # Beside other tests, what is longer is interrupted, and what is shorter is not
    monkeypatch.setattr(timeit, "Timer", partial(timeit.Timer, timer=time.process_time))
    injected = next(one for one in subject.INJECTED if one.label == label)

    assert len(injected.sizes) in {1, subject.TAIL_EVERY}
    assert sum(injected.sizes) == 1.2 * subject.SIZE * len(injected.sizes)
    # It is 4, on a machine that may be at half its pace now and then
    assert 2 < sizes.ratio(replace(injected, percent=300)) < 8


def test_rate_has_its_exact_interval() -> None:
    """None of 300 is at most 1.22%, as 1 - 0.025 ** (1 / 300)."""
    assert str(Rate(0, 300)) == "0 of 300 [0%, 1.22%]"
    assert str(Rate(0, 0)) == "not measured"


@pytest.mark.once
@pytest.mark.skipif(sys.platform == "win32", reason="lockstep's arms inherit sockets")
def test_a_recording_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM ends it with status 130: no process lives on, and no folder stays."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    command = [
        sys.executable,
        "-m",
        "bench",
        "gate-rates",
        str(tmp_path / "rates.jsonl"),
        "--time",
        "2m",
        "--neighbours",
        "1",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, stderr=subprocess.PIPE
    ) as process:
        while not list(folder.glob("lockstep-*")):  # where its arms are
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(folder.iterdir()) == []
    assert left_of(folder) == []


@pytest.mark.once
def test_page_has_every_rule_and_size(generations: list[Generation], monkeypatch: pytest.MonkeyPatch) -> None:
    """The table names n, each rule and each injected size."""
    few = [one for one in subject.INJECTED if one.label in LABELS and one.kind != "allocation"]
    monkeypatch.setattr(subject, "INJECTED", few)
    monkeypatch.setattr(subject, "EVERYWHERE", {5: subject.EVERYWHERE[5]})
    monkeypatch.setattr(subject, "IDENTICAL", subject.IDENTICAL[:6])
    text = "\n".join(table.render(generations[: 2 * table.BLOCK], 5, drawn=2))

    assert text.startswith("60 generations in 1 recordings, 420 s")
    assert all(f"| {label} |" in text for label in OTHERS)
    assert "| loop 20% |" in text
    assert "base and head exchanged) | | 0 of " in text
    assert "drawn at random from all for each run; they share them, so no interval) | | 0 of 2 |" in text
    assert "Inconclusive: 0 of " in text
    assert re.search(r"\| 5% \| (\d+) of \1 \[.*\] \| \1 of \1 \[.*\] \| \d+ of \d+ \| \d+ of \d+ \[", text)
    assert "| tail 3%, multiply | 1.0" in text


def test_simulation_is_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """--simulate counts suites with and without a slowdown."""
    monkeypatch.setattr("bench.gate.rates.simulate.SPREADS", (0.01,))
    monkeypatch.setattr("bench.gate.rates.simulate.SHAPES", {"normal": synthetic.normal})

    assert main(["gate-rates", "--simulate", "2"]) == 0
    assert "| normal | 1% | 0 of 2" in capsys.readouterr().out


def test_subject_is_the_same_but_for_its_layout(tmp_path: Path) -> None:
    """Both sides compute the same, from code that lies elsewhere; one file of benchmarks, folders of one length."""
    base, head = subject.write(tmp_path)
    found = []
    for tree, module in ((base, "works"), (head, "moved")):
        names: dict[str, object] = {}
        exec((tree / "subject" / f"{module}.py").read_text(), names)  # noqa: S102 - our own text
        found.append({work: repr(names[work](10)) for work in subject.WORKS if work != "objects"})  # type: ignore[operator]

    assert found[0] == found[1]
    assert len(str(base)) == len(str(head))
    assert (base / "bench_subject.py").read_text() == (head / "bench_subject.py").read_text()


@pytest.mark.once
def test_real_processes_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generation of real processes is written, as many rounds on each side; the first one calibrates."""
    path = tmp_path / "rates.jsonl"
    some = subject.INJECTED[::6]
    monkeypatch.setattr(subject, "INJECTED", some)
    monkeypatch.setattr("bench.gate.rates.record._MOST", 2)
    count = record(path, 240, 1)

    found = recordings.load(path)
    assert len(found) == count == 1
    assert set(found[0].rounds) == {*subject.IDENTICAL, *(one.name for one in some)}
    assert all(
        LEAST_ROUNDS <= len(base) == len(head) <= SPLIT * LEAST_ROUNDS for base, head in found[0].rounds.values()
    )
    assert json.loads(path.read_text().splitlines()[0])["neighbours"] == 1
