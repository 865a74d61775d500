"""A gate run from two refs to a verdict: on a real repository, with real processes, and small sizes."""

import io
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from bench.gate import instructions, memory
from bench.gate.environments import Builder, Environment
from bench.gate.exporters import as_json, as_markdown, as_text
from bench.gate.procedure import decide, sizes
from bench.gate.run import Request, Run
from bench.gate.source import LockstepSource
from bench.gate.trouble import Trouble
from bench.gate.verdict import Rules, Status, Verdict
from bench.lockstep.progress import Progress

if TYPE_CHECKING:
    from tests.gate.conftest import MakeToy

from tests.gate.toys import BENCH, INSTALL, ROOT, SLOW, Toy
from tests.lockstep.conftest import left_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="lockstep's arms inherit sockets")

RULES = Rules.of()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make stages as small as their statistics allow; processes load no plugin but pytest-benchmark."""
    monkeypatch.setattr(decide, "PILOT", 3)
    monkeypatch.setattr(sizes, "LEAST_SCREEN", 3)
    monkeypatch.setattr(sizes, "LEAST_CONFIRM", 8)
    monkeypatch.setattr("bench.gate.memory.PROCESSES", 1)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))


LENIENT = replace(RULES, delta=2.0)
"""Of a slowdown that none of these benchmarks has: no stage confirms it, where that is not what the test is about."""


def run(toy: Toy, said: io.StringIO | None = None, **asked: Any) -> Verdict:
    """Run the gate, and check that it leaves everything as it was; what it says goes to `said`."""
    before = toy.state()
    request = Request(
        repository=toy.top,
        against=None,
        head="working tree",
        install=INSTALL,
        benchmarks="head",
        selection=(),
        budget_s=1,
        timeout_s=20,
        rules=RULES,
        memory_limit=0.1,
    )
    verdict = Run(replace(request, **asked), Progress(said or io.StringIO())).verdict()
    assert toy.state() == before
    assert toy.left() == []
    return verdict


def decisions(verdict: Verdict) -> dict[str, str]:
    """Return the decision of each benchmark by its short name."""
    return {finding.name.rpartition("::")[2]: finding.decision for finding in verdict.benchmarks}


@pytest.mark.once
def test_slowdown_is_confirmed(toy: Toy) -> None:
    """Code that takes twice as long is a regression, in the working tree too; the verdict says by how much and why."""
    (toy.top / "toy/__init__.py").write_text(SLOW)
    toy.commit(toy__other="")
    (toy.top / "toy/__init__.py").write_text(SLOW + "# not committed\n")

    verdict = run(toy)

    assert (verdict.outcome, verdict.status) == ("regression", Status.REGRESSION)
    (finding,) = verdict.benchmarks
    assert (finding.stage, finding.generations, finding.decision) == ("confirm", 8, "slower")
    assert finding.ratio is not None
    assert finding.ratio > 1.2
    assert finding.bound is not None
    assert 1.01 < finding.bound < finding.ratio
    assert verdict.line.startswith("regression: bench/bench_toy.py::test_work 2.0") or "slower [" in verdict.line
    assert verdict.head is not None
    assert verdict.head.dirty
    assert verdict.head.packages == ("toy (not installed)",)
    assert any("too short" in reason for reason in verdict.why)
    assert json.loads(json.dumps(as_json.content(verdict)))["line"] == verdict.line
    assert as_text.render(verdict).splitlines()[0] == verdict.line
    assert "bench/bench\\_toy.py\\:\\:test\\_work" in as_markdown.render(verdict)


@pytest.mark.once
def test_identical_code_passes(make_toy: "MakeToy", monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment makes no regression; what takes time beside the stages is done before their sizes are chosen.

    The benchmarks are the first ones, which head brings: they measure base too. With --benchmarks own there is nothing
    to compare. Instructions are advisory: that they could not be counted is a note.
    """

    def fail(*_: object) -> NoReturn:
        raise Trouble("perf: no such luck")

    monkeypatch.setattr(instructions, "unavailable", str)
    monkeypatch.setattr(instructions, "measure", fail)
    toy = make_toy(bench__bench_toy="")
    toy.git("rm", "-rq", "bench")
    toy.commit()
    toy.commit(bench__bench_toy=BENCH, toy____init__="# a comment\ndef work():\n    return sum(range(2_000))\n")
    said = io.StringIO()

    verdict = run(toy, said)

    assert decisions(verdict)["test_work"] != "added"
    assert verdict.status is Status.PASS
    assert verdict.outcome in {"pass", "inconclusive"}
    assert verdict.instructions_note == "instructions were not counted: perf: no such luck"
    told = [line for line in said.getvalue().splitlines() if line.startswith(("peak memory:", "fixed from here on:"))]
    assert told[-1].startswith("fixed from here on:")
    assert verdict.memory_note or told[0].startswith("peak memory:")
    own = run(toy, benchmarks="own")
    assert own.status is Status.CHANGED
    assert own.line == "base has none of head's benchmarks: there is nothing to compare"


@pytest.mark.once
def test_what_fails_on_head_fails_the_run(toy: Toy) -> None:
    """A crash, a hang, a kill and a failure on head are each told in a line; the healthy one is measured; status 3."""
    toy.commit(
        bench__bench_toy=BENCH
        + "import os, signal, time, toy\n"
        + "if 'lockstep-' not in os.environ.get('TMPDIR', ''):\n    test_vanishes = test_work\n"
        + "".join(
            f"def test_{name}(benchmark):\n    benchmark(lambda: toy.is_head and {deed})\n"
            for name, deed in {
                "exits": "os._exit(7)",
                "hangs": "time.sleep(60)",
                "is_killed": "os.kill(os.getpid(), signal.SIGKILL)",
                "fails": "1 / 0",
            }.items()
        ),
        toy____init__="is_head = False\ndef work():\n    return sum(range(2_000))\n",
    )
    toy.commit(toy____init__="is_head = True\ndef work():\n    return sum(range(2_000))\n")

    verdict = run(toy, timeout_s=10, rules=LENIENT)

    assert (verdict.outcome, verdict.status) == ("could not run", Status.COULD_NOT_RUN)
    failed = {finding.name.rpartition("_")[2]: finding.why for finding in verdict.benchmarks if finding.why}
    assert "ended with exit status 7" in failed["exits"]
    assert "gave no answer in time" in failed["hangs"]
    assert "SIGKILL" in failed["killed"]
    assert "ZeroDivisionError" in failed["fails"]
    assert failed["vanishes"] == "collected, and then neither measured nor refused"
    assert decisions(verdict)["test_work"] in {"no change", "faster", "inconclusive"}


@pytest.mark.once
def test_changed_set(toy: Toy) -> None:
    """What head removed, or skips, in code or in its benchmark files, is status 4; what it added is told.

    All that though pytest's root folder is not the tree, and its configuration has words that keep benchmarks from
    running once.
    """
    (toy.top / "bench").mkdir(exist_ok=True)
    (toy.top / "bench/pytest.ini").write_text(
        "[pytest]\npython_files = bench_*.py\npythonpath = ..\naddopts = -p xdist.plugin -n 2 --benchmark-only\n"
    )
    toy.commit(
        bench__bench_toy=BENCH + "import pytest\ndef test_gone(benchmark):\n    benchmark(work)\n"
        "def test_skipped(benchmark):\n    benchmark(work)\n"
        "def test_hushed(benchmark):\n    benchmark(work)\n"
        "def test_nowhere(benchmark):\n    pytest.skip('no machine yet')\n",
    )
    toy.commit(
        bench__bench_toy=BENCH + "import pytest, toy\ndef test_new(benchmark):\n    benchmark(toy.new)\n"
        "def test_skipped(benchmark):\n    if hasattr(toy, 'new'): pytest.skip('not today')\n    benchmark(work)\n"
        "def test_hushed(benchmark):\n    pytest.skip('too slow')\n"
        "def test_nowhere(benchmark):\n    pytest.skip('no such machine')\n",
        toy____init__="def work():\n    return sum(range(2_000))\nnew = work\n",
    )

    verdict = run(toy, rules=LENIENT, selection=("-k", "bench", "bench", "--benchmark-only"))

    found = decisions(verdict)
    assert (verdict.outcome, verdict.status) == ("changed", Status.CHANGED)
    lanes = {lane.name.rpartition("::")[2] for lane in verdict.memory}
    assert lanes == (set() if memory.unavailable() else {"test_work"})
    assert {name: found[name] for name in ("test_gone", "test_hushed", "test_skipped", "test_new")} == {
        "test_gone": "removed",
        "test_hushed": "removed",
        "test_skipped": "removed",
        "test_new": "added",
    }
    assert "skipped on both sides: bench_toy.py::test_nowhere: no such machine" in verdict.why


@pytest.mark.parametrize(
    ("files", "selection", "status", "said"),
    [
        ({"bench__bench_toy": "import nothing_like_it\n"}, (), 3, "head's benchmarks cannot be collected"),
        ({"bench__bench_toy": "def test_none():\n    pass\n"}, (), 4, "an empty set passes nothing"),
        ({"toy__x": ""}, ("bench", "-k", "nothing"), 4, "an empty set passes nothing"),
        pytest.param(
            {"bench__bench_toy": BENCH.replace("from toy import work", "work = list")},
            (),
            3,
            "no benchmark imports toy",
            marks=pytest.mark.once,
        ),
        pytest.param(
            {"bench__bench_toy": f"import pytest\npytestmark = pytest.mark.gate(delta=5)\n{BENCH}"},
            (),
            3,
            "bench/bench_toy.py::test_work: @pytest.mark.gate(delta=5) is no share: give 0.02 for 2%",
            marks=pytest.mark.once,
        ),
    ],
    ids=["uncollectable", "empty", "deselected", "elsewhere", "marker"],
)
def test_nothing_passes_that_measures_nothing(
    toy: Toy, files: dict[str, str], selection: tuple[str, ...], status: int, said: str
) -> None:
    """A head whose benchmarks cannot be imported, are gone, deselected, or do not use the project never passes."""
    toy.commit(**files)

    verdict = run(toy, selection=selection)

    assert int(verdict.status) == status
    assert said in verdict.line


def test_build_that_fails_on_one_side(toy: Toy) -> None:
    """The side and the last words of its build are told, with status 3."""
    toy.commit(toy__broken="")

    verdict = run(toy, install=f"{INSTALL} && if [ -e toy/broken.py ]; then echo 'error: no compiler' >&2; exit 1; fi")

    assert (verdict.status, verdict.line) == (3, "could not run: head cannot be built: error: no compiler")


@pytest.mark.once
def test_side_that_imports_the_other_sides_code(toy: Toy, tmp_path: Path) -> None:
    """A path that leads both sides to one package is found out, not passed."""
    toy.commit(toy__other="")
    (tmp_path / "elsewhere/toy").mkdir(parents=True)
    (tmp_path / "elsewhere/toy/__init__.py").write_text("def work(): return 0\n")
    toy.commit(bench__bench_toy=f"import sys\nsys.path.insert(0, {str(tmp_path / 'elsewhere')!r})\n" + BENCH)

    verdict = run(toy)

    assert verdict.status is Status.COULD_NOT_RUN
    assert "imported another toy than was built" in verdict.line or "no benchmark imports toy" in verdict.line


def test_disk_that_is_full(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written is told in one line, and everything is cleaned away."""
    toy.commit(toy__other="")

    def fail(source: str, target: str) -> NoReturn:
        raise OSError(28, "No space left on device", source, None, target)

    monkeypatch.setattr("bench.gate.overlay.shutil.copytree", partial(shutil.copytree, copy_function=fail))

    verdict = run(toy)

    assert verdict.status is Status.COULD_NOT_RUN
    assert verdict.line.startswith("could not run: while collecting the benchmarks: No space left on device: '")
    assert verdict.line.endswith("/base/bench/bench_toy.py'")


@pytest.mark.parametrize("stage", ["building head", "pilot:"])
def test_interrupted(toy: Toy, tmp_path: Path, stage: str) -> None:
    """Ctrl-C ends the command with status 130 and one line; the file is valid, and nothing is left."""
    toy.commit(toy__other="")
    before = toy.state()
    install = INSTALL if stage == "pilot:" else "sleep 60"
    process = subprocess.Popen(
        [*toy.command("--json", str(tmp_path / "gate.json")), "--install", install],
        cwd=ROOT,
        env=toy.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(stage):
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    doing = "measuring the pilot" if stage == "pilot:" else "building head: sleep 60"
    assert said.splitlines()[0] == f"interrupted while {doing}"
    assert process.returncode == 130
    content = json.loads((tmp_path / "gate.json").read_text())
    assert (content["format"], content["status"], content["line"]) == (
        "flagkit-gate",
        130,
        f"interrupted while {doing}",
    )
    assert toy.state() == before
    assert toy.left() == []


class Interrupting(io.StringIO):
    """What is written to as to a terminal; at a word, Ctrl-C."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def write(self, text: str) -> int:
        """Take the text."""
        if self._word and text.startswith(self._word):
            self._word = ""
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.mark.once
@pytest.mark.parametrize(
    ("begins", "doing"),
    [
        ("checking out", "checking out base (HEAD~1, "),
        ("building base", "building base: "),
        ("collecting", "collecting the benchmarks"),
        ("peak memory: process 1", "reading peak memory"),
    ],
    ids=["checkout", "base", "proofs", "memory"],
)
def test_interrupted_beside_measuring(
    toy: Toy, begins: str, doing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in every other stage does so too, and no process is left."""
    monkeypatch.setattr(Builder, "build", lambda *_: Environment(Path(sys.prefix), {}))
    monkeypatch.setattr(LockstepSource, "measure", lambda source, *_: source.piloted(["bench/bench_toy.py::test_work"]))
    monkeypatch.setattr(memory, "unavailable", str)
    toy.commit()

    verdict = run(toy, Interrupting(begins), head="HEAD", against="HEAD~1")

    assert verdict.status is Status.INTERRUPTED
    assert verdict.line.startswith(f"interrupted while {doing}")
    assert left_of(tmp_path) == []


@pytest.mark.once
def test_interrupted_while_weighing(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the last stage does so too."""
    monkeypatch.setattr(Run, "_run", lambda _: None)

    verdict = run(toy, Interrupting("weighing"))

    assert (verdict.status, verdict.line) == (Status.INTERRUPTED, "interrupted while weighing what was found")


@pytest.mark.once
@pytest.mark.parametrize(("begins", "decided"), [("screen:", set()), ("confirm:", {("inconclusive", "screen")})])
def test_interrupted_while_measuring(
    toy: Toy, begins: str, decided: set[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a later stage does so too; what a whole screen has found is kept, as undecided."""
    monkeypatch.setattr(Run, "_beside_time", lambda *_: None)  # which takes time, and is over by then
    toy.commit(toy____init__=SLOW)
    verdict = run(toy, Interrupting(begins), head="HEAD", against="HEAD~1")

    doing = {"screen:": "screening all benchmarks", "confirm:": "confirming the flagged"}[begins]
    assert (verdict.status, verdict.line) == (Status.INTERRUPTED, f"interrupted while {doing}")
    assert {(finding.decision, finding.stage) for finding in verdict.benchmarks} == decided
    assert left_of(tmp_path) == []
    assert as_json.content(verdict)["status"] == 130
