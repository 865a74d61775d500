"""What a function changes beside its result is seen without a look at what is large."""

import sys
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from flagkit.advise import side_effects
from flagkit.advise.side_effects import Watch

LARGE_BYTES = 1 << 26


class Counted:
    """Counts how often it is pickled."""

    pickled = 0

    def __reduce__(self) -> tuple[Any, ...]:
        type(self).pickled += 1
        return Counted, ()


def watched(monkeypatch: pytest.MonkeyPatch, data: object, change: Callable[[Any], object]) -> Watch:
    """Return a watch of a function that changes what its module holds."""
    module = ModuleType("made_module")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(module).update(DATA=data, change=change)
    exec("def function(item):\n    change(DATA)", vars(module))  # noqa: S102 - a module of its own for each test
    return Watch(module.function)


@pytest.mark.parametrize(
    "large",
    [bytes(LARGE_BYTES), bytearray(LARGE_BYTES), "ä" * (LARGE_BYTES // 2), [None] * (LARGE_BYTES // 8)],
    ids=["bytes", "bytearray", "str", "list"],
)
def test_what_is_large_inside_is_not_copied(monkeypatch: pytest.MonkeyPatch, large: object) -> None:
    """Neither of the module's data, nor of the argument."""
    watch = watched(monkeypatch, {"train": large}, len)
    tracemalloc.start()
    try:
        watch.call([large])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LARGE_BYTES // 16
    assert watch.found() == ()


def test_what_is_too_large_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not become smaller, and a look at it takes time."""
    monkeypatch.setattr(Counted, "pickled", 0)
    watch = watched(monkeypatch, [Counted(), bytes(side_effects.SMALL_BYTES)], len)
    for _ in range(watch.MOST):
        watch.call(1)
    assert Counted.pickled == 1


def test_many_small_objects_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at each of them would take long."""
    many = [[None] * 100 for _ in range(side_effects.MOST_OBJECTS // 100)]
    assert side_effects._picture(many) is None
    assert side_effects._picture(many[1:-1]) is not None
    many_bytes = [bytes([number % 256]) * 9_000 for number in range(20)]
    assert side_effects._picture(many_bytes) is None
    watch = watched(monkeypatch, many, list.pop)
    watch.call(1)
    assert watch.found() == ()


def test_a_change_that_makes_it_too_large_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be looked at before."""
    watch = watched(monkeypatch, [], lambda data: data.append(bytes(side_effects.SMALL_BYTES)))
    watch.call(1)
    assert watch.found() == ("it changes DATA of made_module, of which each worker process has its own",)
