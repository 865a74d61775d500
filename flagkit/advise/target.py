"""The job that is asked about: a function, its items and what has to be set up, by name or as they are."""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from flagkit.advise.records import AdviseError
from flagkit.advise.sandbox import describe

__all__ = ["Job", "Target", "find_modules_here", "first_items", "named"]

LOOKED_AT = 100_000
"""Items that are taken from an iterator, at most, to see how long it is."""


@dataclass(frozen=True, slots=True)
class Job:
    """A target that is loaded; `length` is None where the items did not end."""

    function: Callable[[Any], Any]
    items: Sequence[Any]
    length: int | None
    setup: Callable[[], object] | None
    import_s: float
    setup_s: float
    items_s: float
    """What it took to set up, and to have the items."""
    is_factory: bool
    """The items are what a call of what was named has given."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to load: `module:function` or a function; `module:name`, `@file.json` or the items; a set-up or None."""

    function: str | Callable[[Any], Any]
    items: str | Sequence[Any]
    setup: str | Callable[[], object] | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        if isinstance(self.function, str):
            return self.function
        named = self.function if hasattr(self.function, "__qualname__") else type(self.function)
        return f"{named.__module__}:{named.__qualname__}"

    def load(self, tell: Callable[[str], object] = lambda _: None) -> Job:
        """Import, set up and look up the items, in that order; AdviseError, one line, for what is not there."""
        began = time.perf_counter()
        function = _look_up(self.function, "a function") if isinstance(self.function, str) else self.function
        import_s = time.perf_counter() - began
        setup = _look_up(self.setup, "a set-up") if isinstance(self.setup, str) else self.setup
        for one, what in ((function, self.name), (setup or _look_up, str(self.setup))):
            if not callable(one):
                raise AdviseError(f"{what} is {type(one).__name__}, which cannot be called")
        began = time.perf_counter()
        if setup is not None:
            tell("runs the set-up")
            setup()
        setup_s = time.perf_counter() - began
        began = time.perf_counter()
        tell("looks up the items")
        is_factory = False
        if isinstance(self.items, str):
            found = _read(Path(self.items[1:])) if self.items.startswith("@") else _look_up(self.items, "items")
            is_factory = callable(found)
            items, length = _items(self.items, found() if is_factory else found)
        else:
            items, length = self.items, len(self.items)
        if not items:
            raise AdviseError("there are no items to run on")
        items_s = time.perf_counter() - began
        return Job(function, items, length, setup, import_s, setup_s, items_s, is_factory)


def named(function: Callable[[Any], Any]) -> str | Callable[[Any], Any]:
    """Return module:name of a function that is found by it, so that importing its module is seen; else the function."""
    module, path = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    found: Any = None if module == "__main__" else sys.modules.get(module or "")
    for name in path.split("."):
        found = getattr(found, name, None)
    return f"{module}:{path}" if found is function else function


def find_modules_here() -> None:
    """Let modules of the working directory be found, here and in all processes and interpreters from here on.

    A subinterpreter knows of PYTHONPATH alone, and that only where the process was started with it.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *(path for path in known if path and path != here)])


def _look_up(reference: str, what: str) -> Any:
    module_name, _, path = reference.partition(":")
    if not module_name or not path:
        raise AdviseError(f"{reference!r} does not name {what}: give module:name")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - a module may raise anything
        raise AdviseError(f"{module_name} cannot be imported: {describe(error)}") from None
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise AdviseError(f"{module_name} has no {path}") from None
    return found


def _items(reference: str, found: Any) -> tuple[Sequence[Any], int | None]:
    if isinstance(found, Sequence):
        return found, len(found)
    if not isinstance(found, Iterable):
        raise AdviseError(f"{reference} gives {type(found).__name__}, which is no iterable")
    return first_items(found)


def first_items(found: Iterable[Any]) -> tuple[Sequence[Any], int | None]:
    """Return the first items, and how many there are; None where they have not ended by then."""
    taken = list(islice(found, LOOKED_AT + 1))
    return taken[:LOOKED_AT], len(taken) if len(taken) <= LOOKED_AT else None


def _read(path: Path) -> Any:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AdviseError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise AdviseError(f"{path} is not JSON: {describe(error)}") from None
    if not isinstance(found, list):
        raise AdviseError(f"{path} holds no list")
    return found
