"""The rules of instability: each fires on what it is about, and ends in advice."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bench.instrument import stability
from bench.instrument.records import Environment, Interference, Load, Run

if TYPE_CHECKING:
    MakeRecord = Callable[..., Run]


@pytest.fixture
def run(make_record: "MakeRecord") -> Run:
    """Return a run in which nothing is amiss."""
    return make_record()


def changed(run: Run, change: Callable[[Environment], dict[str, Any]]) -> Run:
    """Return the run with another environment."""
    assert run.environment is not None
    return replace(run, environment=replace(run.environment, **change(run.environment)))


def with_rounds(run: Run, *rounds_s: float) -> Run:
    """Return the run with other rounds in its first benchmark."""
    first, *others = run.benchmarks
    other = replace(first, rounds_s=rounds_s, rounds=len(rounds_s))
    return replace(run, benchmarks=(other, *others))


def test_a_sound_run_breaks_no_rule(run: Run) -> None:
    """Steady, quiet, enough rounds: nothing to say."""
    assert stability.of_run(run) == ()
    assert stability.of_runs([run, run]) == ()


@pytest.mark.parametrize(
    ("rule", "change", "advice"),
    [
        ("load at start", lambda _: {"load": Load((0.6, 1, 1), None)}, "run it when nothing else runs"),
        ("steal time", lambda _: {"interference": Interference(steal_s=10.0)}, "a machine with cores of its own"),
        (
            "throttling",
            lambda _: {"interference": Interference(throttled_s=2.0, throttled_periods=4)},
            "raise its limit",
        ),
        ("frequency scaling", lambda env: {"host": replace(env.host, governor="powersave")}, "set it to performance"),
        ("frequency scaling", lambda env: {"host": replace(env.host, boost=True)}, "switch boost off"),
        (
            "GIL re-enabled",
            lambda env: {
                "python": replace(env.python, gil_disabled_build=True),
                "gil_enabled": replace(env.gil_enabled, before_imports=False),
            },
            "look for an extension module",
        ),
    ],
)
def test_rules_on_the_surroundings(
    run: Run, rule: str, change: Callable[[Environment], dict[str, Any]], advice: str
) -> None:
    """One rule fires, by its name, and says what to do."""
    (fired,) = stability.of_run(changed(run, change))

    assert fired.rule == rule
    assert advice in fired.advice


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"load": Load((0.5, 1, 1), None)},
        lambda _: {"load": Load(None, None)},
        lambda _: {"interference": Interference(steal_s=1.0, throttled_s=0.0, throttled_periods=0)},
        lambda env: {"host": replace(env.host, governor="performance", boost=False)},
        lambda env: {
            "python": replace(env.python, gil_disabled_build=True),
            "gil_enabled": replace(env.gil_enabled, before_imports=False, after_imports=False, at_end=False),
        },
    ],
    ids=["load", "no load", "little", "governor", "no GIL"],
)
def test_what_is_within_the_bounds_breaks_no_rule(run: Run, change: Callable[[Environment], dict[str, Any]]) -> None:
    """A little load, a little stolen time, and what is not known raise no alarm."""
    assert stability.of_run(changed(run, change)) == ()


@pytest.mark.parametrize(
    ("before", "after", "when"),
    [(True, True, "from the start"), (False, True, "before the benchmarks"), (False, False, "during the benchmarks")],
)
def test_when_the_gil_was_switched_on(run: Run, *, before: bool, after: bool, when: str) -> None:
    """The moments between which it went on say who did it."""
    (fired,) = stability.of_run(
        changed(
            run,
            lambda env: {
                "python": replace(env.python, gil_disabled_build=True),
                "gil_enabled": replace(env.gil_enabled, before_imports=before, after_imports=after, at_end=True),
            },
        )
    )

    assert when in fired.seen


def test_rounds_that_scatter(run: Run) -> None:
    """Quartiles further apart than a tenth of the median are named with the benchmark; an outlier alone is not."""
    (fired,) = stability.of_run(with_rounds(run, 1.0, 1.0, 1.1, 1.1, 1.2, 1.2, 1.3))

    assert fired.rule == "spread"
    assert fired.benchmarks == (run.benchmarks[0].fullname,)
    assert stability.of_run(with_rounds(run, *(1.0,) * 9, 5.0)) == ()


def test_too_few_rounds(run: Run) -> None:
    """Five rounds give no interval, six do."""
    (fired,) = stability.of_run(with_rounds(run, *(1.0,) * 5))

    assert fired.rule == "few rounds"
    assert stability.of_run(with_rounds(run, *(1.0,) * 6)) == ()


def test_too_few_visits(run: Run) -> None:
    """Two visits hardly tell how visits differ, three do better, however few their rounds are."""
    first, *others = run.benchmarks
    for count, rules in ((2, ["few visits"]), (3, [])):
        visited = replace(first, rounds_s=(1.0,) * count, rounds=count, visits=(1,) * count)
        found = stability.of_run(replace(run, benchmarks=(visited, *others)))
        assert [one.rule for one in found] == rules


def test_unequal_builds(run: Run) -> None:
    """A build without profile-guided optimisation beside one with it is named with the difference."""
    other = changed(run, lambda env: {"python": replace(env.python, pgo=False)})
    (fired,) = stability.of_runs([run, other])

    assert fired.rule == "unequal builds"
    assert "profile-guided optimisation: yes and no" in fired.seen


def test_a_file_of_another_project(run: Run) -> None:
    """What is not known breaks no rule."""
    assert stability.of_run(replace(run, environment=None)) == ()
