"""Record cells into a file, one line each; what is there already is not measured again."""

import platform
import sys
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, Final

from bench.advise_rates.again import advised, as_json
from bench.advise_rates.cells import BUILDING, Cell, CellItems, cell
from bench.advise_rates.rules import rule_choices
from bench.advise_rates.truth import grid, measure
from bench.instrument import host, json_lines
from bench.instrument.json_lines import LineError
from flagkit.advise import AdviseError
from flagkit.advise.advising import PEERS, Advising
from flagkit.advise.target import Target, find_modules_here
from flagkit.executors import available
from flagkit.flags import BEHAVIOURS, FlagServer

__all__ = ["load", "python_name", "record"]

ROUNDS = 9
_KIND: Final = "cell of advise-rates"
_HELD: dict[str, type] = {"cell": int, "python": str, "summary": str, "machine": dict, "runs": dict}
_ADVISED: dict[str, type] = {"choice": str, "predicted": dict, "rules": dict}
"""What a cell holds besides, where there was advice."""


def python_name() -> str:
    """Return the version of this Python, with a t where its threads are free."""
    free = not getattr(sys, "_is_gil_enabled", lambda: True)()
    return f"{sys.version_info.major}.{sys.version_info.minor}{'t' if free else ''}"


def load(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a file, none where there is no file. Raises LineError and OSError."""
    cells = json_lines.load(path, _KIND)
    for number, one in enumerate(cells, 1):
        for name, kind in (_HELD if "error" in one else _HELD | _ADVISED).items():
            if not isinstance(one.get(name), kind):
                raise LineError(path, number, _KIND, f"it has no {name}")
    return cells


def record(path: Path, time_s: float, *, budget_s: float, built: bool) -> None:
    """Measure cells that are not in the file yet, at least one, until the time is spent; each is written when done.

    Of those that are reported, or of those that the model was built with.
    """
    find_modules_here()
    python = python_name()
    known = {one["cell"] for one in load(path) if one["python"] == python}
    deadline = time.monotonic() + time_s
    longest_s = 0.0
    for number in range(BUILDING) if built else count(BUILDING):
        if number in known:
            continue
        if longest_s and time.monotonic() + longest_s >= deadline:
            return
        began = time.monotonic()
        json_lines.append(path, _measure(cell(number), python, budget_s))
        longest_s = max(longest_s, time.monotonic() - began)


def _measure(one: Cell, python: str, budget_s: float) -> dict[str, Any]:
    with ExitStack() as ending:
        address = None
        if one.function.endswith(":download"):
            address = ending.enter_context(FlagServer(BEHAVIOURS["DELAY"], label="DELAY")).base_url
        target = Target(one.function, CellItems(one.number, address))
        found: dict[str, Any] = {
            "cell": one.number,
            "summary": one.summary,
            "n": one.n,
            "python": python,
            "machine": {"cpu": host.cpu_name() or platform.machine(), "cores": host.usable_cores()},
            "runs": {},
        }
        kinds = [kind for kind in available() if kind not in PEERS]
        try:
            advice = Advising(target, None, budget_s, _silent, kinds).run()
        except AdviseError as error:
            return {**found, "error": str(error)}
        rules = rule_choices(advice.measured, advice.cores)
        whole = grid(advice.measured, kinds, advice.cores)
        runs = measure(target, whole, advice.choice.candidate, rules.values(), ROUNDS, seed=one.number)
        return {
            **found,
            "seconds": advice.seconds,
            **advised(advice.evidence),
            "rules": {name: str(candidate) for name, candidate in rules.items()},
            "runs": runs,
            "evidence": as_json(advice.evidence),
        }


def _silent(_: str) -> None:
    """Say nothing: the file does."""
