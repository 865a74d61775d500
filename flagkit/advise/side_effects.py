"""What a function changes beside its result, which workers of another process would change for themselves alone."""

import pickle
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["Watch"]

SMALL_BYTES = 100_000
DATA = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None))


class Watch:
    """Calls a function, and compares before and after: its argument, and the plain data that its module holds."""

    MOST = 3
    """How many calls to watch: what a function changes it changes early."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self._globals = _module_of(function)
        self._changed: dict[str, None] = {}

    def call(self, item: Any) -> tuple[float, Any]:
        """Return how long the call took, and its result."""
        argument, module = _picture(item), self._picture_of_module()
        began = time.perf_counter()
        result = self._function(item)
        took = time.perf_counter() - began
        if argument is not None and _picture(item) != argument:
            self._changed["it changes its argument, which in a worker process is a copy"] = None
        after = self._picture_of_module()
        for name, picture in after.items():
            if module.get(name, b"") != picture:
                what = f"it changes {name} of {self._globals.get('__name__')}"
                self._changed[f"{what}, of which each worker process has its own"] = None
        return took, result

    def found(self) -> tuple[str, ...]:
        """Return a sentence for each change."""
        return tuple(self._changed)

    def _picture_of_module(self) -> dict[str, bytes]:
        pictures = {
            name: _picture(value)
            for name, value in list(self._globals.items())
            if isinstance(value, DATA) and not name.startswith("__")
        }
        return {name: picture for name, picture in pictures.items() if picture is not None}


def _module_of(function: Callable[[Any], Any]) -> dict[str, Any]:
    inside: Any = function
    while isinstance(inside, partial) or hasattr(inside, "__wrapped__"):
        inside = inside.func if isinstance(inside, partial) else inside.__wrapped__
    module = sys.modules.get(getattr(inside, "__module__", None) or "")
    # What a C function keeps in its module is not what a call of it changes; and flagkit's own tables do not change
    return vars(module) if module is not None and hasattr(inside, "__code__") else {}


def _picture(thing: Any) -> bytes | None:
    """Return what tells a change of plain data; None where that would be long or cannot be had."""
    if sys.getsizeof(thing, SMALL_BYTES) >= SMALL_BYTES:
        return None
    try:
        picture = pickle.dumps(thing)
    except Exception:  # noqa: BLE001 - a `__reduce__` may raise anything; then there is no picture
        return None
    return picture if len(picture) < SMALL_BYTES else None
