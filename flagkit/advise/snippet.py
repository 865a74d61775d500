"""The choice as a few lines of Python to paste, by the standard library where it has the executor."""

from typing import Any

from flagkit.advise.records import Candidate
from flagkit.advise.target import Target
from flagkit.executors import resolve

__all__ = ["snippet"]


def snippet(target: Target, candidate: Candidate, *, is_factory: bool = False) -> str:
    """Return the code, which runs as it is where function, items and set-up were given by name; `is_factory`: of items.

    What was given as an object has the name `function`, `items` or `set_up` in it.
    """
    imports: list[str] = []
    function = _name(target.function, "function", imports)
    items = "items" if _is_file(target.items) else _name(target.items, "items", imports)
    before = []
    if isinstance(target.items, str) and _is_file(target.items):
        imports += ["import json", "from pathlib import Path"]
        before.append(f'items = json.loads(Path({target.items[1:]!r}).read_text("utf-8"))')
    set_up = None if target.setup is None else _name(target.setup, "set_up", imports)
    items += "()" if is_factory else ""
    if candidate.kind == "serial":
        body = [*before, *([f"{set_up}()"] if set_up else []), f"results = [{function}(item) for item in {items}]"]
        return "\n".join(_sorted(imports) + body)
    made = _made(candidate, imports)
    if set_up is not None:
        if candidate.kind == "thread":  # which share what the caller has set up
            before.append(f"{set_up}()")
        else:
            made = f"{made[:-1]}, initializer={set_up})"
    chunks = f", chunksize={candidate.chunksize}" if candidate.chunksize > 1 else ""
    body = [*before, f"with {made} as pool:", f"    results = list(pool.map({function}, {items}{chunks}))"]
    if candidate.kind != "thread":  # whose workers import the main module
        body = ['if __name__ == "__main__":', *(f"    {line}" for line in body)]
    return "\n".join(_sorted(imports) + body)


def _is_file(items: Any) -> bool:
    return isinstance(items, str) and items.startswith("@")


def _name(given: Any, otherwise: str, imports: list[str]) -> str:
    """Return what the code calls it, and add the line that imports it."""
    if isinstance(given, str):
        module, _, name = given.partition(":")
    else:
        module, name = getattr(given, "__module__", "__main__"), getattr(given, "__qualname__", "")
    first = name.partition(".")[0]
    if not first.isidentifier() or module == "__main__" or "<" in name:
        return otherwise
    if module != "builtins":
        imports.append(f"from {module} import {first}")
    return name


def _sorted(imports: list[str]) -> list[str]:
    """Return the lines of the imports, one a module, and an empty one after them."""
    names: dict[str, set[str]] = {}
    for line in imports:
        module, _, name = line.partition(" import ")
        names.setdefault(module, set()).add(name)
    lines = [f"{module} import {', '.join(sorted(found))}" if any(found) else module for module, found in names.items()]
    return [*sorted(lines, key=lambda line: (line.startswith("from"), line)), *([""] if lines else [])]


def _made(candidate: Candidate, imports: list[str]) -> str:
    spec, workers = resolve(candidate.kind), candidate.workers
    if candidate.kind == "thread":
        imports.append("from concurrent.futures import ThreadPoolExecutor")
        return f"ThreadPoolExecutor({workers})"
    if candidate.kind == "interpreter":
        imports.append("from concurrent.futures import InterpreterPoolExecutor")
        return f"InterpreterPoolExecutor({workers})"
    if candidate.kind == f"process-{spec.start_method}":
        imports += ["from concurrent.futures import ProcessPoolExecutor", "from multiprocessing import get_context"]
        return f'ProcessPoolExecutor({workers}, mp_context=get_context("{spec.start_method}"))'
    imports.append("from flagkit.executors import make")
    return f'make("{candidate.kind}", {workers})'
