"""The plugin in a suite of another project: options, files, and what the JSON says."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.instrument.budget import DEFAULTS, QUICK
from bench.instrument.build import tag

if TYPE_CHECKING:
    from tests.instrument.conftest import Outcome, Suite

SUITE = """
import os, signal, time
import pytest

def run(measure, **more):
    parameters = {"suite": "gil", "workers": 1}
    return measure(lambda: sum(range(100)), expect=lambda r: r == 4950, parameters=parameters, **more)

def test_pair(measure):
    run(measure, reference=lambda: sum(range(50)), reference_name="half")

def test_plain(benchmark):
    assert benchmark(lambda: 1) == 1

def test_no_benchmark():
    pass

@pytest.mark.benchmark(max_time=60, min_rounds=4)
def test_marker(measure):
    run(measure)

@pytest.mark.skip(reason="no such thing: here")
def test_mark_skipped(benchmark):
    pass

def test_body_skipped(measure):
    pytest.skip("not before 3.14")

@pytest.mark.skip(reason="no benchmark")
def test_no_benchmark_skipped():
    pass

def test_wrong(measure):
    measure(lambda: 3, expect=lambda r: r == 4, parameters={})

def test_fails_after(measure):
    run(measure)
    assert False

@pytest.fixture
def broken():
    yield
    raise ValueError("broken fixture")

def test_teardown_fails(broken, measure):
    run(measure)

@pytest.mark.xfail(reason="known to be wrong")
def test_expected_to_fail(measure):
    measure(lambda: 3, expect=lambda r: r == 4, parameters={})
"""
SMALL = """
def test_a(measure):
    measure(lambda: sum(range(100)), expect=lambda r: r == 4950, parameters={})
"""
ELSEWHERE = "--benchmark-min-rounds 12"


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory: pytest.TempPathFactory, make_suite_in: Callable[..., "Suite"]) -> "Outcome":
    """Return one quick run of the whole suite, which several tests look at."""
    suite = make_suite_in(
        tmp_path_factory.mktemp("suite"), test_a=SUITE, test_module="import pytest\npytest.importorskip('nosuch')"
    )
    return suite.run("--quick", "--results", "out", "--benchmark-json=plain.json")


def names(content: dict[str, Any]) -> list[str]:
    """Return the names of the benchmarks in a JSON."""
    return [benchmark["name"] for benchmark in content["benchmarks"]]


def test_only_benchmarks_that_passed_are_in_the_json(quick_run: "Outcome") -> None:
    """Wrong, failed at whatever point, expected to fail: none of these is a result."""
    assert names(quick_run.results()) == ["test_pair", "test_plain", "test_marker"]
    assert quick_run.status == 1


def test_pytest_benchmark_keeps_failed_ones_out_of_its_own_json_too(quick_run: "Outcome") -> None:
    """--benchmark-json, beside --results, holds the same benchmarks and the same environment."""
    plain = json.loads((quick_run.folder / "plain.json").read_text())
    assert names(plain) == names(quick_run.results())
    assert plain["machine_info"]["instrument"]["tag"] == tag()


def test_parameters_and_reference_are_in_the_json(quick_run: "Outcome") -> None:
    """One value of the reference for each round."""
    pair = quick_run.results()["benchmarks"][0]
    reference = pair["extra_info"].pop("reference")
    assert pair["extra_info"] == {"suite": "gil", "workers": 1}
    assert reference["name"] == "half"
    assert len(reference["data"]) == len(pair["stats"]["data"]) >= QUICK["benchmark_min_rounds"]
    assert all(value > 0 for value in reference["data"])


def test_quick_bounds_what_a_marker_grants(quick_run: "Outcome") -> None:
    """max_time=60 of a marker would be a minute: the test has ended. Its least rounds still count."""
    marker = quick_run.results()["benchmarks"][2]
    assert marker["stats"]["rounds"] >= 4
    assert marker["stats"]["total"] * marker["stats"]["iterations"] < 10


def test_skipped_benchmarks_are_listed_with_their_reasons(quick_run: "Outcome") -> None:
    """Those that use the fixture, and modules that skip themselves; nothing else."""
    unavailable = quick_run.results()["machine_info"]["instrument"]["unavailable"]
    assert {entry["benchmark"]: entry["reason"] for entry in unavailable} == {
        "test_module.py": "could not import 'nosuch': No module named 'nosuch'",
        "test_a.py::test_mark_skipped": "no such thing: here",
        "test_a.py::test_body_skipped": "not before 3.14",
        "test_a.py::test_expected_to_fail": "expected to fail: known to be wrong",
    }


def test_the_environment_is_in_the_json(quick_run: "Outcome") -> None:
    """All keys that the readers know, and nothing that tells where or on which machine it was."""
    content = quick_run.results()
    assert content["machine_info"]["node"] == ""
    instrument = content["machine_info"]["instrument"]
    assert instrument["schema"] == 1
    assert instrument["quick"] is True
    assert instrument["interrupted"] is False
    assert instrument["arguments"][-3:] == ["--results", "out", "--benchmark-json=plain.json"]
    assert instrument["python"]["version"] == content["machine_info"]["python_version"]
    assert set(instrument["gil_enabled"]) == {"before_imports", "after_imports", "at_end"}
    assert {"pytest", "pytest-benchmark", "psutil"} <= set(instrument["packages"])
    assert str(quick_run.folder) not in json.dumps(content)
    assert str(Path.home()) not in json.dumps(instrument)


def test_the_last_line_says_where_the_results_are(quick_run: "Outcome") -> None:
    """How many, and the file; pytest-benchmark's table, which the report replaces, is not shown."""
    *_, last = quick_run.output.splitlines()
    assert last == f"3 benchmarks, 4 skipped: {Path('out') / tag()}.json"
    assert "Rounds" not in quick_run.output


def test_pytest_benchmark_compare_reads_the_file(quick_run: "Outcome") -> None:
    """The tool that everybody has shows the benchmarks of our file."""
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(quick_run.folder / "out" / f"{tag()}.json")]
    compared = subprocess.run(command, capture_output=True, text=True, check=True, cwd=quick_run.folder)
    assert all(name in compared.stdout for name in ("test_pair", "test_plain", "test_marker"))


def test_options_of_the_user_have_the_last_word(make_suite: Callable[..., "Suite"]) -> None:
    """Rounds from the command line, the environment or a configuration file, even if they are a default elsewhere."""
    suite = make_suite(test_a=SMALL)
    time_option = "--benchmark-max-time=0.000001"
    (suite.folder / "pytest.ini").write_text("[pytest]\naddopts = --benchmark-min-rounds=8\n")
    line = ("--quick", "--benchmark-min-rounds", "5", "--benchmark-verbose")
    runs = {
        "ini.json": suite.run("--results", "out/ini.json", time_option),
        "variable.json": suite.run("--results", "out/variable.json", time_option, PYTEST_ADDOPTS=ELSEWHERE),
        "line.json": suite.run("--results", "out/line.json", time_option, *line),
    }
    rounds = [outcome.results(name)["benchmarks"][0]["stats"]["rounds"] for name, outcome in runs.items()]
    assert rounds == [8, 12, 5]


def test_the_time_that_the_user_asks_for_is_stronger_than_a_markers(make_suite: Callable[..., "Suite"]) -> None:
    """A marker shares out the time of the whole study; --benchmark-max-time is for this run, and longer or shorter."""
    marked = "import pytest\n@pytest.mark.benchmark(max_time=60, min_rounds=2)\n" + SMALL
    outcome = make_suite(test_a=marked).run("--results", "out", "--benchmark-max-time=0.000001")
    assert outcome.results()["benchmarks"][0]["stats"]["rounds"] == 4  # one a visit


def test_the_rounds_that_the_user_asks_for_are_stronger_than_a_markers(make_suite: Callable[..., "Suite"]) -> None:
    """A marker's least number is for the study; --benchmark-min-rounds is for this run, and fewer or more."""
    marked = "import pytest\n@pytest.mark.benchmark(max_time=60, min_rounds=7)\n" + SMALL
    outcome = make_suite(test_a=marked).run(
        "--results", "out", "--quick", "--benchmark-max-time=0.000001", "--benchmark-min-rounds=2"
    )
    assert outcome.results()["benchmarks"][0]["stats"]["rounds"] == 2


@pytest.mark.parametrize(
    ("options", "seconds", "rounds"),
    [
        ((), 0.3, 4),
        ((), 0.006, DEFAULTS["benchmark_min_rounds"]),
        (("--benchmark-min-rounds=8",), 0.16, 8),
        (("--quick",), 0.16, QUICK["benchmark_min_rounds"]),
    ],
    ids=["long", "short", "asked for", "quick"],
)
def test_least_rounds(
    options: tuple[str, ...], seconds: float, rounds: int, make_suite: Callable[..., "Suite"]
) -> None:
    """What there is no time for is run as often as its budget demands, and never less; a long round once a visit."""
    slow = (
        "import pytest, time\n@pytest.mark.benchmark(max_time=0.01)\n"
        f"def test_a(measure):\n    measure(lambda: time.sleep({seconds}), expect=lambda r: True, parameters={{}})"
    )
    outcome = make_suite(test_a=slow).run("--results", "out", *options)
    assert outcome.results()["benchmarks"][0]["stats"]["rounds"] == rounds


def test_nothing_is_written_when_no_benchmark_ran(make_suite: Callable[..., "Suite"]) -> None:
    """An earlier file stays, and a line says that there is no new one."""
    suite = make_suite(test_a=SMALL)
    (suite.folder / "out").mkdir()
    (suite.folder / "out" / f"{tag()}.json").write_text("earlier")

    outcome = suite.run("--results", "out", "--benchmark-disable")

    assert outcome.output.splitlines()[-1] == "No benchmark ran to its end: no results are written."
    assert [path.read_text() for path in (suite.folder / "out").iterdir()] == ["earlier"]
    assert outcome.status == 0


def test_a_list_of_benchmarks_is_no_run(make_suite: Callable[..., "Suite"]) -> None:
    """--collect-only measures nothing, and says nothing about results."""
    outcome = make_suite(test_a=SMALL).run("--results", "out", "--collect-only")
    assert "test_a.py::test_a" in outcome.output
    assert "results" not in outcome.output


def test_a_bad_destination_is_found_before_anything_is_measured(make_suite: Callable[..., "Suite"]) -> None:
    """One line and exit status 4, at once."""
    suite = make_suite(test_a="raise SystemExit('collected')")
    (suite.folder / "file").touch()

    outcome = suite.run("--results", "file/reports")

    assert outcome.status == 4
    assert "ERROR: --results: cannot write in" in outcome.output
    assert "Traceback" not in outcome.output
    assert "collected" not in outcome.output


def test_a_full_disk_is_one_line_and_a_failure(make_suite: Callable[..., "Suite"]) -> None:
    """The old file is untouched, and the run has failed."""
    full = "import os\ndef fail(_):\n    raise OSError(28, 'No space left on device')\nos.fsync = fail\n"
    suite = make_suite(test_a=SMALL, conftest=full)
    (suite.folder / "out").mkdir()
    (suite.folder / "out" / f"{tag()}.json").write_text("earlier")

    outcome = suite.run("--results", "out", "--quick")

    assert "error: cannot write" in outcome.output.splitlines()[-1]
    assert "No space left on device" in outcome.output.splitlines()[-1]
    assert [path.read_text() for path in (suite.folder / "out").iterdir()] == ["earlier"]
    assert outcome.status == 1


def test_a_run_that_stops_early_leaves_the_complete_one_alone(make_suite: Callable[..., "Suite"]) -> None:
    """-x at a failure: what was measured goes to a file of its own, which says so."""
    suite = make_suite(test_a=SMALL + "\ndef test_b(measure):\n    assert False\n\ndef test_c(measure):\n    pass\n")
    (suite.folder / "out").mkdir()
    (suite.folder / "out" / f"{tag()}.json").write_text("earlier")

    outcome = suite.run("--results", "out", "--quick", "-x")

    assert (suite.folder / "out" / f"{tag()}.json").read_text() == "earlier"
    content = outcome.results(f"{tag()}-interrupted.json")
    assert names(content) == ["test_a"]
    assert content["machine_info"]["instrument"]["interrupted"] is True
    assert outcome.output.splitlines()[-1].startswith("1 benchmark, 0 skipped, interrupted: ")


def test_what_other_plugins_add_is_kept(make_suite: Callable[..., "Suite"]) -> None:
    """Their hooks are called as pytest-benchmark calls them; a NaN of theirs does not spoil the file."""
    conftest = (
        "def pytest_benchmark_update_json(output_json):\n    output_json['mine'] = [1, float('nan')]\n"
        "def pytest_benchmark_update_commit_info(commit_info):\n    commit_info['message'] = 'hello'\n"
        "def pytest_benchmark_update_machine_info(machine_info):\n    machine_info['mood'] = 'good'\n"
    )
    content = make_suite(test_a=SMALL, conftest=conftest).run("--results", "out", "--quick").results()
    assert content["mine"] == [1, None]
    assert content["commit_info"]["message"] == "hello"
    assert content["machine_info"]["mood"] == "good"


def test_without_the_option_nothing_is_written(make_suite: Callable[..., "Suite"]) -> None:
    """The suite runs as ever, and the table of pytest-benchmark is shown."""
    suite = make_suite(test_a=SMALL)
    before = set(suite.folder.iterdir())

    outcome = suite.run("--quick")

    assert "Rounds" in outcome.output
    assert {path.name for path in set(suite.folder.iterdir()) - before} <= {".benchmarks", "__pycache__", "temporary"}


def test_the_results_do_not_say_where_they_were_made(make_suite: Callable[..., "Suite"]) -> None:
    """Absolute paths on the command line become relative, or are reduced to their last part."""
    suite = make_suite(test_a=SMALL)

    outcome = suite.run(
        f"--results={suite.folder / 'out'}", "--quick", f"{suite.folder / 'test_a.py'}::test_a", "--rootdir", "."
    )

    arguments = outcome.results()["machine_info"]["instrument"]["arguments"]
    assert arguments[-5:] == ["--results=out", "--quick", "test_a.py::test_a", "--rootdir", "."]
