"""Whether runs can be compared: what has to be the same, and what is what is compared."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bench.instrument.comparability import Difference, differences, same_benchmark
from bench.instrument.records import Environment, Run

if TYPE_CHECKING:
    MakeRecord = Callable[..., Run]


@pytest.fixture
def run(make_record: "MakeRecord") -> Run:
    """Return a run."""
    return make_record()


def changed(run: Run, change: Callable[[Environment], dict[str, Any]]) -> Run:
    """Return the run with another environment."""
    assert run.environment is not None
    return replace(run, environment=replace(run.environment, **change(run.environment)))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("processor", lambda env: {"host": replace(env.host, cpu_model="another")}),
        ("cores", lambda env: {"host": replace(env.host, usable_cores=1)}),
        ("CPU limit", lambda env: {"host": replace(env.host, cgroup_cpu_limit=1.5)}),
        ("numpy", lambda env: {"packages": {**env.packages, "numpy": "1.0"}}),
        ("extent", lambda _: {"quick": True}),
        ("profile-guided optimisation", lambda env: {"python": replace(env.python, pgo=False)}),
        ("link-time optimisation", lambda env: {"python": replace(env.python, lto=None)}),
        ("optimisation level", lambda env: {"python": replace(env.python, opt="-O1", cflags=None)}),
        ("compiler", lambda env: {"python": replace(env.python, compiler="Clang 21")}),
        ("debug build", lambda env: {"python": replace(env.python, debug=True)}),
        ("JIT on", lambda env: {"python": replace(env.python, jit="on")}),
    ],
)
def test_what_forbids_comparing(run: Run, name: str, change: Callable[[Environment], dict[str, Any]]) -> None:
    """Each is named, with both values, in either direction."""
    other = changed(run, change)

    assert [difference.name for difference in differences(run, other)] == [name]
    assert [(one.base, one.other) for one in differences(run, other)] == [
        (one.other, one.base) for one in differences(other, run)
    ]


def test_what_is_compared_does_not_forbid_it(run: Run) -> None:
    """Another version, without a GIL, with a JIT that is off, at another time, without numpy in use: all the same."""
    other = changed(
        run,
        lambda env: {
            "python": replace(
                env.python, version="3.15.0", gil_disabled_build=True, jit="absent", cflags="-O3 -fwrapv"
            ),
            "gil_enabled": replace(env.gil_enabled, at_end=False),
            "packages": {},
        },
    )

    assert differences(run, other) == differences(run, run) == ()


def test_files_that_do_not_tell(run: Run) -> None:
    """A file of another project can be compared with none: what it ran on is not known."""
    plain = replace(run, environment=None)

    assert differences(plain, plain) == (Difference("environment", "not known", "not known"),)
    assert {difference.other for difference in differences(run, plain)} == {"not known"}


def test_a_default_that_changed_makes_another_benchmark(run: Run) -> None:
    """Pickle's default protocol is 4 up to 3.13 and 5 from 3.14 on: the same test then measures another thing."""
    base = replace(run.benchmarks[0], parameters={"suite": "serialization", "protocol": 4, "pickled_bytes": 90})
    other = replace(base, parameters={"suite": "serialization", "protocol": 5, "pickled_bytes": 80})

    assert same_benchmark(base, other) == Difference("protocol", "4", "5")
    assert same_benchmark(base, replace(other, parameters={**other.parameters, "protocol": 4})) is None
