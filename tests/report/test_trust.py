"""What a page says of machine, build and gaps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.instrument.records import Commit, Environment, Load, Run
from bench.instrument.results import load
from bench.report import trust
from bench.report.trust import Fact
from bench.report.wording import NONE

WriteRun = Callable[..., Path]


@pytest.fixture
def run(write_run: WriteRun) -> Run:
    """Return a run."""
    return load(write_run())


def environment(run: Run) -> Environment:
    """Return the run's environment, which it has."""
    assert run.environment is not None
    return run.environment


def values(run: Run) -> dict[str, str]:
    """Return the facts of one run."""
    return {fact.name: fact.values[0] for fact in trust.facts([run])}


def test_facts(run: Run) -> None:
    """Facts are written in words and units."""
    told = values(run)

    assert told["GIL"] == "on"
    assert told["Profile-guided optimisation"] == "yes"
    assert told["Usable cores"] == "2 of 2"
    assert told["Memory"] == "8 GiB"
    assert told["Switch interval"] == "5.00 ms"
    assert told["Load, start to end"] == "0.10 to 1.40"
    assert told["Took"] == "250 s"
    assert told["Commit"] == "5a3e1f0c5a3e"


def test_gil_that_was_switched_on(run: Run) -> None:
    """A GIL that changed is told moment by moment."""
    states = replace(environment(run).gil_enabled, before_imports=False)
    changed = replace(run, environment=replace(environment(run), gil_enabled=states))

    assert values(changed)["GIL"] == "off before imports, on after imports, on at the end"


def test_facts_of_another_project(write_run: WriteRun, plain_run: dict[str, Any]) -> None:
    """What a file does not tell is a dash, never a guess; a caution says why."""
    plain = replace(load(write_run(plain_run)), commit=Commit())

    assert values(plain)["GIL"] == NONE
    assert values(plain)["Commit"] == NONE
    assert values(plain)["System"] == "Linux 6.1 x86_64"
    assert ["not written by this instrument" in caution.text for caution in trust.cautions([plain])] == [True]
    assert trust.gaps([plain]) == ()


def test_differences_are_marked(run: Run) -> None:
    """A fact in which runs differ is marked and stands before the fold; what differs anyway, such as time, is not."""
    host = replace(environment(run).host, release="6.9", governor="powersave")
    other = replace(run, environment=replace(environment(run), host=host))

    differing = {fact.name for fact in trust.facts([run, other]) if fact.differs}

    assert differing == {"Governor"}
    assert Fact("Governor", ("a", "b")).stands_out
    assert not Fact("Governor", ("a", "a")).stands_out
    assert not Fact("Started", ("a", "b")).differs
    assert Fact("GIL", ("on", "on")).stands_out


def test_sound_run_has_no_caution(run: Run) -> None:
    """A full, clean, quiet run of an optimised build needs none."""
    assert trust.cautions([run]) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda env: replace(env, interrupted=True), "interrupted"),
        (lambda env: replace(env, quick=True), "A quick run"),
        (lambda env: replace(env, python=replace(env.python, gil_disabled_build=True)), "whose GIL was switched on"),
        (lambda env: replace(env, python=replace(env.python, debug=True)), "A debug build"),
        (lambda env: replace(env, python=replace(env.python, pgo=False)), "without profile-guided"),
        (lambda env: replace(env, load=Load((1.5, 1, 1), None)), "busy when the run started (load 1.50)"),
        (lambda env: replace(env, host=replace(env.host, cgroup_cpu_limit=1.5)), "A limit of 1.50 cores' worth"),
    ],
    ids=["interrupted", "quick", "gil", "debug", "pgo", "load", "limit"],
)
def test_cautions(run: Run, change: Callable[[Environment], Environment], said: str) -> None:
    """Each condition that makes a run less worth has its line, and no other line appears."""
    (caution,) = trust.cautions([replace(run, environment=change(environment(run)))])

    assert said in caution.text


def test_what_several_runs_are_advised_is_told_once() -> None:
    """Runs that saw the same are listed together, others each with what was seen; what has no advice stands alone."""
    pgo = ("Built without it", "compare it with its like.")
    found = [
        trust.Caution("a", *pgo),
        trust.Caution("a", "Busy (load 1.5)", "run it when nothing else runs."),
        trust.Caution("b", *pgo),
        trust.Caution("b", "Busy (load 2.1)", "run it when nothing else runs."),
        trust.Caution("b", "A limit is below the cores."),
        trust.Caution("a", "It was interrupted: it holds the results up to there."),
    ]
    assert trust.by_advice(found) == (
        trust.Advice("Compare it with its like.", (("a, b", "Built without it"),)),
        trust.Advice("Run it when nothing else runs.", (("a", "Busy (load 1.5)"), ("b", "Busy (load 2.1)"))),
        trust.Advice("", (("b", "A limit is below the cores."),)),
        trust.Advice("", (("a", "It was interrupted: it holds the results up to there."),)),
    )


def test_builds_that_differ_are_advised_as_a_whole(run: Run) -> None:
    """What differs between two builds is seen, with its names and values; what to do is not cut out of the middle."""
    other = replace(environment(run), python=replace(environment(run).python, compiler="Clang 21: a snapshot"))
    (caution,) = trust.cautions([run, replace(run, label="other", environment=other)])
    (advice,) = trust.by_advice([caution])

    assert advice.text == "Compare builds of one maker with the same flags."
    ((runs, seen),) = advice.seen
    assert runs == "Between runs"
    assert f"(compiler: {environment(run).python.compiler} and Clang 21: a snapshot), so that part of" in seen
    assert caution.text == f"{seen}: compare builds of one maker with the same flags."


def test_uncommitted_changes_are_a_caution(run: Run) -> None:
    """A dirty checkout cannot be reproduced from its commit."""
    dirty = replace(run, commit=Commit(id="abc", dirty=True))

    (caution,) = trust.cautions([dirty])

    assert "not committed" in caution.text
    assert values(dirty)["Commit"] == "abc with changes"


def test_gaps_are_grouped_by_reason(run: Run) -> None:
    """One reason is told once, with all that it stopped."""
    (gap,) = trust.gaps([run])

    assert gap.reason == "needs Python 3.14 or later"
    assert len(gap.benchmarks) == 4


def test_no_limits_and_no_load(run: Run) -> None:
    """Absent load averages and limits are said as such."""
    bare = replace(run, environment=replace(environment(run), load=Load(), arguments=("-k", "gil")))

    assert values(bare)["Load, start to end"] == NONE
    assert values(bare)["CPU limit"] == "none"
    assert values(bare)["Arguments"] == "-k gil"
