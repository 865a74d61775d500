"""What counts as a side's own code, and as proved: packages by where they lie, and a proof of each process."""

import io
import json
import math
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.gate.environments import Environment
from bench.gate.injected.gate_proof import _delta, built, imported, inside
from bench.gate.proofs import Package, Proof, Prover, Watch
from bench.gate.run import Request, Run
from bench.gate.trouble import Trouble
from bench.gate.verdict import Rules
from bench.lockstep.progress import Progress


def write(folder: Path, *names: str) -> Path:
    """Write files of code."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"name = {name!r}\n")
    return folder


def install(site: Path, url: str, *names: str, top_level: str = "") -> None:
    """Put a distribution of these files where imports look, as if it had been installed from there."""
    write(site, *names)
    information = site / "gate_toy-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: gate-toy\nVersion: 1\n")
    (information / "RECORD").write_text("".join(f"{name},,\n" for name in names))
    (information / "top_level.txt").write_text(top_level)
    (information / "direct_url.json").write_text(json.dumps({"url": url}))


@pytest.mark.parametrize("source", ["", "/python", "/dist/gate_toy-1-py3-none-any.whl"])
def test_what_was_installed_from_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """A folder of the tree, and an archive in it, are as good as its top; the code is the one that was installed."""
    tree = write(tmp_path / "tree", "gate_toy_a/__init__.py", "gate_toy_a/left_out.py")
    install(tmp_path / "site", tree.as_uri() + source, "gate_toy_a/__init__.py")
    monkeypatch.syspath_prepend(tmp_path / "site")

    found = built(tree)

    assert {name: one["what"] for name, one in found.items()} == {"gate_toy_a": "gate-toy 1"}
    monkeypatch.setitem(
        sys.modules, "gate_toy_a", SimpleNamespace(__file__=str(tmp_path / "site/gate_toy_a/__init__.py"))
    )
    assert imported(found) == {"gate_toy_a": found["gate_toy_a"]["digest"]}
    assert {one["what"] for one in built(tmp_path / "tre").values()} == set()


@pytest.mark.parametrize("top_level", ["", "gate_toy_b\n"])
def test_namespace_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, top_level: str) -> None:
    """Of a namespace the packages in it count, and of one that is shared those that were installed from the tree."""
    tree = write(tmp_path / "tree", "src/gate_toy_c/inner/__init__.py", "bench/inner/__init__.py")
    install(
        tmp_path / "site",
        tree.as_uri(),
        "gate_toy_b/one/__init__.py",
        "gate_toy_b/one/code.py",
        "gate_toy_b/deep/two.py",
        top_level=top_level,
    )
    write(tmp_path / "site", "gate_toy_b/others/__init__.py")
    monkeypatch.syspath_prepend(tmp_path / "site")

    found = built(tree)

    assert set(found) == {"gate_toy_b.one", "gate_toy_b.deep.two"}
    one = SimpleNamespace(__file__=str(tmp_path / "site/gate_toy_b/one/__init__.py"))
    monkeypatch.setitem(sys.modules, "gate_toy_b.one", one)
    assert imported(found) == {"gate_toy_b.one": found["gate_toy_b.one"]["digest"]}
    (tmp_path / "site/gate_toy_b/one/code.py").write_text("")
    assert imported(found) != {"gate_toy_b.one": found["gate_toy_b.one"]["digest"]}
    (tmp_path / "site/gate_toy-1.dist-info/direct_url.json").unlink()
    assert {name: one["what"] for name, one in built(tree).items()} == {
        "gate_toy_c.inner": "gate_toy_c.inner (not installed)"
    }


def test_benchmarks_inside_a_package_are_none_of_its_code(tmp_path: Path) -> None:
    """They and what is beside them may be another side's, and the rest has to be the same."""
    tree = write(tmp_path, "x/__init__.py", "x/code.py", "x/tests/bench_x.py", "x/tests/helper.py", "x/conftest.py")
    aside = ["x/tests/bench_x.py"]
    before = built(tree, aside)

    for name in ("x/tests/bench_x.py", "x/tests/helper.py", "x/conftest.py"):
        (tree / name).write_text("of the other side\n")
    assert built(tree, aside) == before != {}
    assert built(tree, ["x"]) == built(tree, ["src/x"]) == {}
    (tree / "x/code.py").write_text("of the other side\n")
    assert built(tree, aside) != before


@pytest.mark.parametrize(
    ("package", "path", "within"),
    [
        ("x", "src/x/tests", {("tests",)}),
        ("x", "python/x/tests/a/b.py", {("tests", "a")}),
        ("n.x", "src/n/x/tests", {("tests",)}),
        ("x", "x/bench_x.py", {("bench_x",)}),
        ("x", "x", {()}),
        ("n.x", "n", {()}),
        ("bench_x", "bench_x.py", {()}),
        ("x", "tests/x", set()),
        ("x", "tests/x/bench_x.py", set()),
        ("x", "perf/x", set()),
        ("x", ".", set()),
    ],
)
def test_where_benchmarks_lie_in_a_package(package: str, path: str, within: set[tuple[str, ...]]) -> None:
    """Only what is in the package itself does, and not what is called like it."""
    assert inside(package, [path]) == within


def prover(folder: Path) -> Prover:
    """Return one of a tree that holds a package x, run by this Python."""
    return Prover("head", folder / "tree", Environment(Path(sys.prefix), {}), folder / "proofs")


def prove(side: Prover, process: int, digest: str = "aaaa") -> None:
    """Leave the proof of a process that has imported x."""
    side.folder.mkdir(exist_ok=True)
    found = {"benchmarks": [], "uncollected": {}, "outcomes": {}, "peaks": {}, "packages": {"x": digest}, "deltas": {}}
    (side.folder / f"{process}.json").write_text(json.dumps(found))


def test_every_process_has_to_prove(tmp_path: Path) -> None:
    """But for one that died, each generation leaves a proof a side; the next stage counts anew."""
    side = prover(tmp_path)
    side.packages["x"] = Package("x 1", "aaaa")
    watch = Watch([side])
    for process in range(3):
        prove(side, process)
        watch.look()

    watch.conclude(4, {"head": 1})
    for process in range(3):
        prove(side, process)
    watch.look()
    with pytest.raises(Trouble, match="of 4 processes 3 proved which code they measured"):
        watch.conclude(4, {"base": 1})


def test_no_proof_at_all(tmp_path: Path) -> None:
    """Where every process has died, nothing is proved."""
    with pytest.raises(Trouble, match="no process lived"):
        Watch([prover(tmp_path)]).conclude(2, {"head": 2})


@pytest.mark.parametrize(("digest", "outcome"), [("bbbb", "passed"), ("aaaa", "failed")])
def test_processes_that_read_memory_prove_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digest: str, outcome: str
) -> None:
    """Those of another package stop the run, as any other; where no benchmark has passed in them, that is a note."""
    proof = Proof(("b",), {}, {"b": outcome}, {"b": 1}, {"x": digest}, {})
    monkeypatch.setattr("bench.gate.memory.unavailable", str)
    monkeypatch.setattr("bench.gate.memory.measure", lambda *_: [(proof, proof)])
    monkeypatch.setattr("bench.gate.instructions.unavailable", lambda: "off")
    side = prover(tmp_path)
    side.packages["x"] = Package("x 1", "aaaa")
    request = Request(tmp_path, None, "HEAD", "", "head", (), 1, 20, Rules.of(), 0.1)
    started = Run(request, Progress(io.StringIO()))

    expected = pytest.raises(Trouble, match="head: imported another x") if digest == "bbbb" else nullcontext()
    with expected:
        started._beside_time(side, side, [], ["b"])

    assert started.memory == ()
    assert started.memory_note.endswith("no benchmark passed in each of its processes") is (digest == "aaaa")


@pytest.mark.once
def test_benchmark_that_does_not_run_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by its name, in place of an outcome that is not there."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/test_a.py").write_text("def test_a(benchmark):\n    benchmark(int)\n")

    with pytest.raises(Trouble, match=r"head: pytest did not run test_a\.py::test_b: it was not collected"):
        prover(tmp_path).run(["test_a.py"], only=["test_a.py::test_a", "test_a.py::test_b"])


@pytest.mark.once
@pytest.mark.parametrize(
    ("marker", "delta"),
    [
        (pytest.mark.gate(delta=0.05), 0.05),
        (pytest.mark.gate(0.05), 0.05),
        (pytest.mark.gate(delta="5%"), math.nan),
        (pytest.mark.gate, math.nan),
    ],
)
def test_delta_of_a_marker(marker: pytest.MarkDecorator, delta: float) -> None:
    """It is a number, or none, which the gate refuses: the process under test does not fail for it."""
    assert repr(_delta(marker.mark)) == repr(delta)
