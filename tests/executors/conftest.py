"""The contract suite's binding: every kind of the registry, and tracing around some, meets every test that asks."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any

import pytest

from bench.instrument import leaks
from flagkit.executors import EXECUTORS, make, trace
from flagkit.executors.properties import Property, deviation, inapplicable

TRACED = ("serial", "thread", "process-forkserver", "interpreter", "shared")
KINDS = [*EXECUTORS, *(f"trace({kind})" for kind in TRACED if kind in EXECUTORS)]

SPOILING = (Property.EXCEPTION_UNPICKLABLE, Property.ARGUMENT_UNPICKLABLE, Property.RESULT_UNPICKLABLE)
"""Without these properties, a pool cannot be used any further."""

MakePool = Callable[..., Executor]


def wrapped(kind: str) -> str:
    """Return the kind of the registry: what stands in the brackets of a traced one."""
    return re.sub(r"trace\((.*)\)", r"\1", kind)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the lives of pools that take long to start, or are another's in disguise, on one Python alone."""
    for item in items:
        if isinstance(item, pytest.Function) and item.path.name == "test_contract_lifecycle.py":
            name = str(item.callspec.params["kind"])
            if name in ("loky", "joblib", "mpire") or name != wrapped(name):
                item.add_marker(pytest.mark.once)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind; the reason for those that cannot run here."""
    name: str = request.param
    if reason := EXECUTORS[wrapped(name)].unavailable():
        pytest.skip(reason)
    return name


@pytest.fixture(scope="module")
def make_pool(kind: str) -> MakePool:
    """Return a function that makes a pool of the kind: of two workers, or the one that it has."""

    def make_one(workers: int | None = None, **options: Any) -> Executor:
        name = wrapped(kind)
        wanted = workers or 2
        pool = make(name, min(wanted, EXECUTORS[name].max_workers or wanted), **options)
        return pool if name == kind else trace(pool)

    return make_one


@pytest.fixture(scope="module")
def shared_pool(make_pool: MakePool) -> Iterator[Executor]:
    """Share a pool among the tests of a module."""
    with make_pool() as shared:
        yield shared


@pytest.fixture
def pool(request: pytest.FixtureRequest, kind: str, make_pool: MakePool) -> Iterator[Executor]:
    """Return a pool that the test leaves as it was; one to be killed, where the test is known to spoil it."""
    marker = request.node.get_closest_marker("property")
    if marker is None or marker.args[0] not in SPOILING or deviation(wrapped(kind), marker.args[0]) is None:
        yield request.getfixturevalue("shared_pool")
        return
    before = set(leaks.descendants())
    spoilt = make_pool()
    yield spoilt
    spoilt.shutdown(wait=False)
    leaks.kill(set(leaks.descendants()) - before)


@pytest.fixture(autouse=True)
def held(request: pytest.FixtureRequest) -> None:
    """Hold the kind to the test's property: skip where that means nothing, expect a failure where one is declared."""
    marker = request.node.get_closest_marker("property")
    if marker is None:
        return
    (property_,) = marker.args
    name = wrapped(request.getfixturevalue("kind"))
    if reason := inapplicable(name, property_):
        pytest.skip(f"{name}: {reason}")
    if reason := deviation(name, property_):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture
def patience_s(request: pytest.FixtureRequest, kind: str) -> float:
    """Return how long to wait for what should come at once: not long where it is known not to come."""
    marker = request.node.get_closest_marker("property")
    return 30.0 if marker is None or deviation(wrapped(kind), marker.args[0]) is None else 2.0
