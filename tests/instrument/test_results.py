"""Reading run files: whole ones give records, all others one line."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.instrument import results
from bench.instrument.records import Reference, Unavailable
from bench.instrument.results import ResultsError, load, load_all


def benchmark(name: str = "test_gil[thread-2]") -> dict[str, Any]:
    """Make the JSON of one benchmark."""
    return {
        "group": None,
        "name": name,
        "fullname": f"bench/bench_gil.py::{name}",
        "params": {"kind": "thread"},
        "param": "thread",
        "extra_info": {
            "suite": "gil",
            "kind": "thread",
            "workers": 2,
            "warm": True,
            "reference": {"name": "serial", "data": [0.5, 0.5, 0.5]},
            "visits": [2, 1],
        },
        "options": {"timer": "perf_counter"},
        "stats": {
            "min": 0.4,
            "median": 0.5,
            "max": 0.6,
            "mean": 0.5,
            "rounds": 3,
            "iterations": 1,
            "data": [0.5, 0.4, 0.6],
        },
    }


def instrument() -> dict[str, Any]:
    """Make the JSON of this instrument's additions."""
    return {
        "schema": 1,
        "tag": "cp314t-linux-x86_64",
        "quick": False,
        "interrupted": False,
        "arguments": ["-k", "gil"],
        "started": "2026-01-02T10:00:00+00:00",
        "finished": "2026-01-02T10:04:00+00:00",
        "python": {
            "implementation": "CPython",
            "version": "3.14.7",
            "gil_disabled_build": True,
            "jit": "absent",
            "switch_interval_s": 0.005,
            "default_start_method": "forkserver",
            "debug": False,
            "pgo": None,
        },
        "gil_enabled": {"before_imports": False, "after_imports": False, "at_end": True},
        "host": {
            "architecture": "x86_64",
            "system": "Linux",
            "release": "6.1",
            "logical_cores": 4,
            "usable_cores": 2,
        },
        "load": {"start": [0.1, 0.2, 0.3], "end": None},
        "packages": {"numpy": "2.5.5", "dask": None},
        "pickle_default_protocol": 5,
        "unavailable": [{"benchmark": "bench/bench_gil.py::test_gil[loky-2]", "reason": "loky is not installed"}],
        "of a later version": {"ignored": True},
    }


def run_file() -> dict[str, Any]:
    """Make the JSON of a run with two benchmarks."""
    return {
        "machine_info": {"node": "", "machine": "x86_64", "system": "Linux", "instrument": instrument()},
        "commit_info": {"id": "abc", "time": None, "dirty": True, "branch": "main", "project": "flagkit"},
        "benchmarks": [benchmark(), benchmark("test_gil[thread-4]")],
        "datetime": "2026-01-02T10:04:00+00:00",
        "version": "5.3.1",
    }


def plain_file() -> dict[str, Any]:
    """Make the JSON of a run of another project."""
    content = run_file()
    content["machine_info"] = {"node": "host", "python_implementation": "CPython", "python_version": "3.12.1"}
    content["benchmarks"][0]["extra_info"] = {"reference": "a word", "suite": 3, "nested": [1]}
    return content


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[bytes], str]:
    """Load bytes that must be refused; returns what is said after the file's name."""

    def refuse(content: bytes) -> str:
        path = tmp_path / "x.json"
        path.write_bytes(content)
        with pytest.raises(ResultsError) as caught:
            load(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert len(message.splitlines()) == 1
        return message.removeprefix(f"{path}: ")

    return refuse


def written(tmp_path: Path, content: dict[str, Any], name: str = "run.json") -> Path:
    """Write JSON and return where."""
    path = tmp_path / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_whole_run(tmp_path: Path) -> None:
    """A file of this instrument gives its environment, its parameters as data and its paired rounds."""
    run = load(written(tmp_path, run_file()))

    assert run.label == "CPython 3.14.7t"
    assert run.environment is not None
    assert run.environment.tag == "cp314t-linux-x86_64"
    assert run.environment.gil_enabled.at_end
    assert run.environment.load.start == (0.1, 0.2, 0.3)
    assert run.environment.host.governor is None
    assert run.unavailable == (Unavailable("bench/bench_gil.py::test_gil[loky-2]", "loky is not installed"),)
    assert run.commit.dirty
    first = run.suite("gil")[0]
    assert first.parameters == {"kind": "thread", "workers": 2, "warm": True}
    assert first.rounds_s == (0.5, 0.4, 0.6)
    assert first.reference == Reference("serial", (0.5, 0.5, 0.5))
    assert first.visits == (2, 1)
    assert (first.min_s, first.median_s, first.rounds, first.iterations) == (0.4, 0.5, 3, 1)


def test_typed_parameters(tmp_path: Path) -> None:
    """A parameter of another type than asked for is as good as none; True is no number of workers."""
    first = load(written(tmp_path, run_file())).benchmarks[0]

    assert first.text("kind") == "thread"
    assert first.integer("workers") == 2
    assert first.text("workers") is None
    assert first.text("absent") is None
    assert first.integer("kind") is None
    assert first.integer("warm") is None


def test_records_are_frozen(tmp_path: Path) -> None:
    """What was read cannot be changed by who shows it."""
    run = load(written(tmp_path, run_file()))

    with pytest.raises(AttributeError):
        run.benchmarks[0].median_s = 0.0  # type: ignore[misc]


def test_run_of_another_project(tmp_path: Path) -> None:
    """Plain pytest-benchmark JSON is read; what it lacks is None or empty, its own extra_info is not ours."""
    run = load(written(tmp_path, plain_file()))

    assert run.label == "CPython 3.12.1"
    assert run.environment is None
    assert run.unavailable == ()
    assert [item.suite for item in run.benchmarks] == [None, None]
    assert run.benchmarks[0].reference is None
    assert run.benchmarks[0].parameters == {"reference": "a word", "suite": 3}


def test_run_without_raw_rounds(tmp_path: Path) -> None:
    """--benchmark-save keeps no raw rounds: the summary is there, and the rounds are empty."""
    content = plain_file()
    del content["benchmarks"][1]["stats"]["data"]

    item = load(written(tmp_path, content)).benchmarks[1]

    assert (item.rounds_s, item.median_s, item.rounds) == ((), 0.5, 3)


def test_byte_order_mark(tmp_path: Path) -> None:
    """An editor's byte order mark does not hide the file."""
    path = tmp_path / "run.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(run_file()).encode())

    assert len(load(path).benchmarks) == 2


def test_labels_tell_runs_apart(tmp_path: Path) -> None:
    """Runs of one Python are told apart by file name, and by number where even that is the same."""
    (tmp_path / "there").mkdir()
    paths = [written(tmp_path, run_file(), name) for name in ("a.json", "b.json", "there/a.json")]
    paths.append(written(tmp_path, plain_file(), "c.json"))

    labels = [run.label for run in load_all(paths)]

    assert labels == ["CPython 3.14.7t a", "CPython 3.14.7t b", "CPython 3.14.7t a #2", "CPython 3.12.1"]


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("benchmarks.1.stats.data.2", "abc", "benchmarks[1].stats.data[2]: expected a number, found 'abc'"),
        ("benchmarks.1.stats.data.2", 0, "benchmarks[1].stats.data[2]: expected a positive number, found 0"),
        ("benchmarks.1.stats.data.2", -1.5, "benchmarks[1].stats.data[2]: expected a positive number, found -1.5"),
        ("benchmarks.1.stats.data.2", float("nan"), "benchmarks[1].stats.data[2]: expected a finite number, found nan"),
        ("benchmarks.1.stats.data.2", float("inf"), "benchmarks[1].stats.data[2]: expected a finite number, found inf"),
        ("benchmarks.1.stats.data.2", True, "benchmarks[1].stats.data[2]: expected a number, found true"),
        ("benchmarks.1.stats.data.2", None, "benchmarks[1].stats.data[2]: expected a number, found null"),
        ("benchmarks.1.stats.data.2", [1], "benchmarks[1].stats.data[2]: expected a number, found a list of 1"),
        ("benchmarks.1.stats.data.2", {}, "benchmarks[1].stats.data[2]: expected a number, found an object"),
        ("benchmarks.1.stats.data", [0.5], "benchmarks[1].stats: says 3 rounds, but data holds 1"),
        ("benchmarks.1.stats.data", [], "benchmarks[1]: expected the raw rounds under stats.data, found none"),
        ("benchmarks.0.stats.rounds", 0, "benchmarks[0].stats.rounds: expected a positive number, found 0"),
        ("benchmarks.0.stats.min", 1e10, "benchmarks[0].stats.min: expected less than or equal to 1000000000"),
        ("benchmarks.0.extra_info.reference.data", [1, 2], "benchmarks[0]: expected a reference of 3 rounds, found 2"),
        ("benchmarks.0.extra_info.visits", [2, 2], "benchmarks[0]: expected visits of 3 rounds, found 4"),
        ("benchmarks.0.extra_info.visits", [3, 0], "benchmarks[0].extra_info.visits[1]: expected a positive number"),
        ("benchmarks.0.extra_info.workers", 10**30, "benchmarks[0].extra_info: expected a finite number below 2**63"),
        ("benchmarks.0.extra_info", 3, "benchmarks[0].extra_info: expected an object, found 3"),
        ("benchmarks.1.fullname", "bench/bench_gil.py::test_gil[thread-2]", "benchmarks[1].fullname: 'bench/bench_gil"),
        ("benchmarks", {}, "benchmarks: expected a list, found an object"),
        ("machine_info", [], "machine_info: expected an object, found a list of 0"),
        ("machine_info.instrument.schema", 2, "machine_info.instrument.schema: 2 was written by a newer flagkit"),
        ("machine_info.instrument.schema", "1", "machine_info.instrument.schema: expected a valid integer, found '1'"),
        (
            "machine_info.instrument.started",
            "2026-01-02T10:00:00",
            "machine_info.instrument: expected times with a zone",
        ),
        ("machine_info.instrument.started", "noon", "machine_info.instrument.started: expected a valid datetime"),
        ("machine_info.instrument.host", None, "machine_info.instrument.host: expected an object, found null"),
        ("machine_info.instrument.python.jit", "maybe", "machine_info.instrument.python.jit: expected 'absent', 'off'"),
        ("machine_info.instrument.packages.\x1b[2J", 1, "machine_info.instrument.packages['\\x1b[2J']: expected"),
    ],
)
def test_malformed_place_is_named(refusal: Callable[[bytes], str], place: str, value: object, complaint: str) -> None:
    """One line names the place, what was expected and what stands there."""
    content: Any = run_file()
    *path, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    target = content
    for step in path:
        target = target[step]
    target[last] = value

    assert refusal(json.dumps(content).encode()).startswith(complaint)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty; run the benchmarks again"),
        (b" \n", "is empty; run the benchmarks again"),
        (b'{\n "benchmarks": [', "no valid JSON: EOF while parsing a list at line 2 column 16"),
        (b"{}", "machine_info: is missing; this is no pytest-benchmark file"),
        (b'{"machine_info": {}}', "benchmarks: is missing; this is no pytest-benchmark file"),
        (b"[]", "the file: expected an object, found a list of 0"),
        (b"not JSON", "no valid JSON: expected ident at line 1 column 2"),
        (b"\xff\xfe{\x00}\x00", "no valid JSON: expected value at line 1 column 1"),
        (b"[" * 100_000, "no valid JSON: recursion limit exceeded at line 1 column 20"),
        (b'{"machine_info": {"x": ' + b"9" * 10_000, "no valid JSON: number out of range at line 1"),
        (b'{"machine_info": {}, "benchmarks": [{"name": "a"}]}', "benchmarks[0].fullname: is missing"),
    ],
)
def test_foreign_file(refusal: Callable[[bytes], str], content: bytes, complaint: str) -> None:
    """Empty, truncated, foreign and absurd files are refused in one line, with line and column where JSON ends."""
    assert refusal(content).startswith(complaint)


def test_truncated_anywhere(refusal: Callable[[bytes], str]) -> None:
    """A file cut off at any length is refused."""
    whole = json.dumps(run_file()).encode()

    for length in range(1, len(whole), 97):
        assert refusal(whole[:length]).startswith("no valid JSON: EOF while parsing")


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there, or is a directory, is named with the system's reason."""
    with pytest.raises(ResultsError, match=r"absent\.json: cannot be read: No such file"):
        load(tmp_path / "absent.json")
    with pytest.raises(ResultsError, match="cannot be read: "):
        load(tmp_path)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.lists(st.floats(), max_size=4),
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value within a JSON value."""
    found = [place] if place else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*place, key))
    return found


PLACES = places(run_file())


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["replace", "remove"]), LEAVES), min_size=1, max_size=3)
)
def test_mutated_file_is_a_run_or_refused(tmp_path: Path, mutations: list[tuple[tuple[Any, ...], str, Any]]) -> None:
    """Whatever is replaced or removed, reading gives a Run or a ResultsError of one line, and nothing else."""
    content = copy.deepcopy(run_file())
    for place, action, value in mutations:
        target: Any = content
        try:
            for step in place[:-1]:
                target = target[step]
            if action == "replace":
                target[place[-1]] = copy.deepcopy(value)  # a later mutation may reach into it
            else:
                del target[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier mutation took this place away

    assert_run_or_refused(tmp_path, json.dumps(content).encode())


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(min_value=0), st.binary(max_size=8), st.integers(min_value=0, max_value=8))
def test_mangled_bytes_are_a_run_or_refused(tmp_path: Path, at: int, inserted: bytes, removed: int) -> None:
    """Whatever bytes are inserted or lost, reading gives a Run or a ResultsError of one line, and nothing else."""
    whole = json.dumps(run_file()).encode()
    at %= len(whole)

    assert_run_or_refused(tmp_path, whole[:at] + inserted + whole[at + removed :])


def assert_run_or_refused(tmp_path: Path, content: bytes) -> None:
    """Load bytes; any other exception than ResultsError is a failure."""
    path = tmp_path / "mutated.json"
    path.write_bytes(content)
    refusal, run = "", None
    try:
        run = results.load(path)
    except ResultsError as error:
        refusal = str(error)
    if run is None:
        assert refusal.startswith(str(path))
        assert refusal.isprintable()
    else:
        assert all(time_s > 0 for item in run.benchmarks for time_s in item.rounds_s)
