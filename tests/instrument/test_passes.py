"""A run goes through its benchmarks several times: what each visit has of its own, and what is told of it."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.instrument.conftest import Suite

PASSES = 4
BRIEF = ("--results", "out", "--benchmark-max-time=0.01")
SUITE = """
import pytest

def note(text):
    with open("notes", "a") as file:
        file.write(text)

@pytest.fixture(scope="module", autouse=True)
def server():
    note("[")
    yield
    note("]")

@pytest.fixture
def pool():
    note("(")
    yield
    note(")")

def visits(name):
    note(name)
    with open("notes") as file:
        return file.read().count(name)

def run(measure):
    measure(lambda: sum(range(100)), expect=lambda r: r == 4950, parameters={})

def test_a(measure, pool):
    visits("a")
    run(measure)

def test_b(measure):
    visits("b")
    run(measure)

def test_plain(benchmark):
    visits("p")
    benchmark(lambda: 1)

def test_ordinary():
    visits("o")
"""
FAILING = """
def test_fails_later(measure):
    run(measure)
    assert visits("f") < 2

def test_fails_in_teardown(measure, request):
    def fail():
        if visits("t") == 2:
            raise ValueError("no end")
    request.addfinalizer(fail)
    run(measure)

def test_fails_at_once(measure):
    visits("x")
    run(measure)
    assert False
"""


def test_each_pass_sets_up_everything_anew(make_suite: Callable[..., "Suite"]) -> None:
    """Four passes: function, module and session fixtures are made each time; what is no such benchmark runs once."""
    outcome = make_suite(test_a=SUITE).run(*BRIEF, "--benchmark-min-rounds=8")
    notes = (outcome.folder / "notes").read_text()

    assert outcome.status == 0, outcome.output
    assert {name: notes.count(name) for name in "ab(po"} == {"a": 4, "b": 4, "(": 4, "p": 1, "o": 1}
    assert [part.count("a") for part in notes.strip("[]").split("][")] == [1] * PASSES
    assert "4 passed in" in outcome.output  # and no warning
    for benchmark in outcome.results()["benchmarks"]:
        visits = benchmark["extra_info"].get("visits")
        assert (visits is None) == (benchmark["name"] == "test_plain")
        if visits is not None:
            assert (len(visits), sum(visits)) == (PASSES, len(benchmark["stats"]["data"]))
            assert min(visits) >= 2


def test_a_quick_run_makes_one(make_suite: Callable[..., "Suite"]) -> None:
    """A first look has no time for more."""
    outcome = make_suite(test_a=SUITE).run("--results", "out", "--quick")

    assert (outcome.folder / "notes").read_text().count("a") == 1
    assert not any("visits" in benchmark["extra_info"] for benchmark in outcome.results()["benchmarks"])


def test_what_fails_in_a_later_visit_has_failed(make_suite: Callable[..., "Suite"]) -> None:
    """It is told, it is in no file, and it is not visited again; nor is what failed at first."""
    outcome = make_suite(test_a=SUITE + FAILING).run(*BRIEF)
    notes = (outcome.folder / "notes").read_text()

    assert outcome.status == 1
    assert [result["name"] for result in outcome.results()["benchmarks"]] == ["test_a", "test_b", "test_plain"]
    assert {name: notes.count(name) for name in "aftx"} == {"a": 4, "f": 2, "t": 2, "x": 1}
    assert "FAILED test_a.py::test_fails_later" in outcome.output
    assert "ERROR test_a.py::test_fails_in_teardown - ValueError: no end" in outcome.output


@pytest.mark.parametrize("options", [("-x",), ("--maxfail=1",)])
def test_the_first_failure_can_be_the_end(options: tuple[str, ...], make_suite: Callable[..., "Suite"]) -> None:
    """-x stops in a later pass too, and what was measured until then is in a file of its own."""
    outcome = make_suite(test_a=SUITE + FAILING.partition("def test_fails_in_teardown")[0]).run(
        *BRIEF, *options, "--order-seed=1"
    )
    notes = (outcome.folder / "notes").read_text()

    assert outcome.status == 1
    assert notes.count("f") == 2
    assert notes.count("a") < PASSES


def test_later_passes_have_other_orders(make_suite: Callable[..., "Suite"]) -> None:
    """The seed that draws the first order draws those of the others."""
    names = "ABCDEFGH"
    tests = "".join(f"def test_{name}(measure):\n    visits('{name}')\n    run(measure)\n" for name in names)
    suite = make_suite(test_a=SUITE.partition("def test_a")[0] + tests)
    runs = []
    for _ in range(2):
        outcome = suite.run(*BRIEF, "--order-seed=5")
        notes = "".join(note for note in (outcome.folder / "notes").read_text() if note in names)
        (outcome.folder / "notes").unlink()
        runs.append([notes[start : start + len(names)] for start in range(0, len(notes), len(names))])

    assert runs[0] == runs[1]
    assert len(set(runs[0])) == PASSES
    assert {"".join(sorted(order)) for order in runs[0]} == {names}


def test_a_budget_ends_the_last_passes(make_suite: Callable[..., "Suite"]) -> None:
    """What takes long beside its rounds is visited as often as the time allows, and is in the file."""
    slow = """
import time

def test_a(measure):
    measure(lambda: 1, expect=bool, parameters={})
    time.sleep(2.5)
"""
    outcome = make_suite(test_a=slow).run("--results", "out", "--budget=7s")
    (benchmark,) = outcome.results()["benchmarks"]

    assert outcome.status == 0
    assert 2 <= len(benchmark["extra_info"]["visits"]) < PASSES


def test_an_interruption_keeps_the_visits_that_were_complete(make_suite: Callable[..., "Suite"]) -> None:
    """Ctrl-C in a later visit: the rounds before it are in the file, which says that the run was interrupted."""
    stopping = """
import os, signal

def test_stops(measure):
    def target():
        if visits("s") > 6:
            os.kill(os.getpid(), signal.SIGINT)
    measure(target, expect=lambda r: True, parameters={}, reference=lambda: None, reference_name="nothing",
            setup=lambda: None)
"""
    outcome = make_suite(test_a=SUITE + stopping).run("--results", "out", "--benchmark-max-time=0.00001")
    (path,) = (outcome.folder / "out").glob("*-interrupted.json")
    results = {result["name"]: result for result in json.loads(path.read_text())["benchmarks"]}

    stopped = results["test_stops"]
    assert len(stopped["extra_info"]["reference"]["data"]) == len(stopped["stats"]["data"])
    assert sum(stopped["extra_info"].get("visits", [2])) == len(stopped["stats"]["data"])
