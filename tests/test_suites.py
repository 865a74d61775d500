"""The suites in bench/: every benchmark runs, asserts its answer, and says as data what it is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flagkit.executors import EXECUTORS, available

ROOT = Path(__file__).parent.parent
PEERS = ("loky", "joblib", "mpire", "dask")
"""The kinds of other libraries, which one Python is enough for: they take seconds each to start."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on the suites, as tox does, in a process of its own that knows nothing of the runner of the tests."""
    return run_python("-m", "pytest", "-p", "no:cacheprovider", *arguments)


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the root of the repository, where pytest-benchmark finds no xdist to switch it off."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=240)


def run_with(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on the suites once some code has been run, in the same process."""
    command = f"{code}\nimport sys, pytest\nsys.exit(pytest.main(['-p', 'no:cacheprovider', *sys.argv[1:]]))"
    return run_python("-c", command, *arguments)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the quick study once, without the kinds of other libraries."""
    return brief_study(tmp_path_factory.mktemp("reports"), "--quick")


def brief_study(directory: Path, *selection: str) -> dict[str, Any]:
    """Run a study, each benchmark with as little time as it takes, and read what it wrote."""
    brief = ["--benchmark-max-time=0.001", "--benchmark-min-rounds=1", *selection]
    done = run("bench", *brief, "--results", str(directory))
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = directory.iterdir()
    read: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def parameters(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the parameters of each benchmark of the quick study."""
    return [benchmark["extra_info"] for benchmark in results["benchmarks"]]


def test_every_suite_is_in_the_study(parameters: list[dict[str, Any]]) -> None:
    """Each file of the suites leaves results that name it."""
    files = {path.stem.removeprefix("bench_") for path in (ROOT / "bench").glob("bench_*.py")}
    assert {values["suite"] for values in parameters} == files


def test_pools_of_other_libraries_are_measured_and_leave_nothing(tmp_path: Path) -> None:
    """Each suite that compares kinds measures them as well, here one each, and the guard finds nothing left of it."""
    one_each = {"gil": "dask", "serialization": "joblib", "startup": "loky", "dispatch": "mpire"}
    expected = {(suite, kind) for suite, kind in one_each.items() if kind in available()}
    if not expected:
        pytest.skip("none of them is installed")
    selection = " or ".join(f"({suite} and {kind})" for suite, kind in expected)
    results = brief_study(tmp_path, "-k", f"{selection} or (transport and ({' or '.join(PEERS)}))")["benchmarks"]
    measured = {(one["extra_info"]["suite"], one["extra_info"].get("kind")) for one in results}
    assert {pair for pair in measured if pair[0] != "transport"} == expected
    peers = {one["extra_info"]["peer"] for one in results if one["extra_info"]["suite"] == "transport"}
    assert peers == set(available()) & {"loky", "joblib", "mpire"}


@pytest.mark.parametrize("suite", ["serialization", "startup", "dispatch"])
def test_every_available_kind_is_measured(suite: str, parameters: list[dict[str, Any]]) -> None:
    """What can run here is measured in each suite that compares kinds; serial only where it is one of them."""
    measured = {values["kind"] for values in parameters if values["suite"] == suite and "kind" in values}
    assert measured >= set(available()) - {"serial", *PEERS}


@pytest.mark.parametrize("suite", ["gil", "download"])
def test_processes_that_are_the_same_once_warm_stand_for_each_other(
    suite: str, parameters: list[dict[str, Any]]
) -> None:
    """Work and downloads are measured by one kind of processes, and by each other kind."""
    measured = {values["kind"] for values in parameters if values["suite"] == suite and "kind" in values}
    expected = set(available()) - {"serial", *PEERS}
    processes = {kind for kind in expected if kind.startswith("process-")}
    assert measured >= expected - processes
    assert len(measured & processes) == 1


def test_numpy_in_a_subinterpreter_is_listed_where_interpreters_exist(results: dict[str, Any]) -> None:
    """A payload that a kind cannot take is a gap with a reason, not a row that is missing."""
    listed = {(entry["benchmark"], entry["reason"]) for entry in results["machine_info"]["instrument"]["unavailable"]}
    reason = EXECUTORS["interpreter"].unavailable() or "numpy does not load in a subinterpreter"
    assert ("bench/bench_serialization.py::test_round_trip[array-1048576-interpreter]", reason) in listed


def test_ratios_have_their_neighbours(results: dict[str, Any]) -> None:
    """Work, latency, dispatch and sharing have a reference round for each of their own; a loop alone has none."""
    compared = {"gil", "latency", "dispatch", "sharing"}
    paired = [
        benchmark
        for benchmark in results["benchmarks"]
        if benchmark["extra_info"]["suite"] in compared and not benchmark["name"].startswith("test_serial[")
    ]
    assert {benchmark["extra_info"]["suite"] for benchmark in paired} == compared
    for benchmark in paired:
        assert len(benchmark["extra_info"]["reference"]["data"]) == len(benchmark["stats"]["data"])


def test_the_steps_of_a_task_are_kept(results: dict[str, Any]) -> None:
    """Each benchmark that takes tasks apart has the ten steps and the residual of each, in a row a task."""
    pipeline = [one["extra_info"] for one in results["benchmarks"] if one["extra_info"]["suite"] == "pipeline"]
    assert {values["measurement"] for values in pipeline} == {"later task", "first task", "cost of tracing"}
    traced = [values for values in pipeline if values["measurement"] != "cost of tracing"]
    for values in traced:
        assert len(values["breakdown"]["names"]) == 12  # with the tracing's own import
        assert all(len(row) == 12 for row in values["breakdown"]["data_ns"])


@pytest.mark.skipif(sys.platform != "linux", reason="PSS is known on Linux alone")
def test_peak_memory_is_kept_with_each_kind(parameters: list[dict[str, Any]]) -> None:
    """A new pool has the peak of a process of its own that makes such a pool: at least an interpreter's size."""
    peaks = [values["peak_pss_bytes"] for values in parameters if "peak_pss_bytes" in values]
    assert len(peaks) == 1  # more in the study, where there is time
    assert peaks[0] > 4 << 20


def test_a_wrong_answer_fails_the_benchmark(tmp_path: Path) -> None:
    """When a workload computes something else, its benchmarks fail and leave no result."""
    wrong = (
        "import dataclasses\n"
        "from flagkit import work\n"
        "wrong = {name: dataclasses.replace(load, oracle=lambda _: -1) for name, load in work.WORKLOADS.items()}\n"
        "work.WORKLOADS = wrong\n"
    )
    selection = ["bench/bench_gil.py", "--quick", "-k", "test_gil and thread"]
    done = run_with(wrong, *selection, "--results", str(tmp_path / "reports"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WrongAnswerError: gcd-short" in done.stdout
    assert not list((tmp_path / "reports").glob("*.json"))


def test_the_full_study_is_larger_than_the_quick_one() -> None:
    """Without --quick there are more workloads, payloads and sizes, and with --thorough many more of each."""
    listed = run("bench", "--collect-only", "-q").stdout
    for name in ("gcd-seed", "gcd-short", "sha256", "json", "array-strided", "67108864", "5-out-of-band"):
        assert f"[{name}-" in listed or f"-{name}-" in listed, name
    quick, thorough = (run("bench", f, "--collect-only", "-q").stdout.splitlines() for f in ("--quick", "--thorough"))
    assert 2 * len(quick) < len(listed.splitlines()) < len(thorough) / 3


def test_the_suites_need_no_statistics() -> None:
    """Measuring imports neither scipy nor pydantic, which the environments that measure do not have."""
    done = run_with("import sys\nsys.modules.update(scipy=None, pydantic=None)", "bench", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
