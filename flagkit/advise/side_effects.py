"""What a function changes beside its result, which workers of another process would change for themselves alone."""

import pickle
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["Watch"]

SMALL_BYTES = 100_000
MOST_OBJECTS = 20_000
"""A look at each takes a microsecond, and there are two pictures a call."""
DATA = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None))


class Watch:
    """Calls a function, and compares before and after: its argument, and the plain data that its module holds."""

    MOST = 3
    """How many calls to watch: what a function changes it changes early."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self._globals = _module_of(function)
        self._changed: dict[str, None] = {}
        self._too_large: set[str] = set()

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
            if name not in module or module[name] != picture:
                what = f"it changes {name} of {self._globals.get('__name__')}"
                self._changed[f"{what}, of which each worker process has its own"] = None
        return took, result

    def found(self) -> tuple[str, ...]:
        """Return a sentence for each change."""
        return tuple(self._changed)

    def _picture_of_module(self) -> dict[str, bytes | None]:
        pictures = {
            name: _picture(value)
            for name, value in list(self._globals.items())
            if isinstance(value, DATA) and not name.startswith("__") and name not in self._too_large
        }
        self._too_large |= {name for name, picture in pictures.items() if picture is None}
        return pictures


def _module_of(function: Callable[[Any], Any]) -> dict[str, Any]:
    inside: Any = function
    while isinstance(inside, partial) or hasattr(inside, "__wrapped__"):
        inside = inside.func if isinstance(inside, partial) else inside.__wrapped__
    module = sys.modules.get(getattr(inside, "__module__", None) or "")
    # What a C function keeps in its module is not what a call of it changes; and flagkit's own tables do not change
    return vars(module) if module is not None and hasattr(inside, "__code__") else {}


def _picture(thing: Any) -> bytes | None:
    """Return what tells a change of plain data; None where that would be long or cannot be had."""
    file = _Small()
    try:
        _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(thing)
    except Exception:  # noqa: BLE001 - a `__reduce__` may raise anything; then there is no picture
        return None
    return b"".join(file.parts)


class _TooLargeError(Exception):
    """It would be a long pickle."""


class _Small:
    """A file that takes no more than SMALL_BYTES; what is too long is not even copied."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._left = SMALL_BYTES

    def write(self, part: Any) -> None:
        self._left -= memoryview(part).nbytes
        if self._left < 0:
            raise _TooLargeError
        self.parts.append(bytes(part))


class _Pickler(pickle.Pickler):
    """Refuses an object that is large by itself, before it is encoded, and more than MOST_OBJECTS."""

    _left = MOST_OBJECTS

    def persistent_id(self, thing: Any) -> None:
        self._left -= 1
        if self._left < 0 or sys.getsizeof(thing, SMALL_BYTES) >= SMALL_BYTES:
            raise _TooLargeError
