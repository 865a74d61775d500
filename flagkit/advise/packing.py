"""What pickling the arguments and the results of a function costs, whatever sends them."""

import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flagkit.advise.measured import Packing

__all__ = ["UnpicklableError", "packing", "why_unpicklable"]

T = TypeVar("T")

ENOUGH_S = 0.002
"""Pickling is repeated for so long, so that the clock's own time does not count."""
BUDGET_S = 0.5
"""Objects of 3 MiB in small pieces take 0.1 s to pickle and 0.2 s to unpickle: some of them are enough."""


class UnpicklableError(Exception):
    """An object cannot be sent to another process; the message says which and why."""


def why_unpicklable(what: str, thing: object) -> str | None:
    """Return why it cannot be sent to another process, and None where it can."""
    try:
        pickle.loads(pickle.dumps(thing))  # noqa: S301 - what was pickled a moment ago
    except Exception as error:  # noqa: BLE001 - a `__reduce__` may raise anything
        return _reason(what, error)
    return None


def packing(things: Sequence[Any], what: str = "object", *, budget_s: float = BUDGET_S) -> Packing:
    """Return the mean sizes and times over the first of the things, as many as `budget_s` seconds are enough for.

    One is packed always, however long it takes. UnpicklableError, which calls it `what`, where one cannot be.
    """
    found: list[Packing] = []
    deadline = time.perf_counter() + budget_s
    for thing in things:
        if found and time.perf_counter() >= deadline:
            break
        try:
            found.append(_packing(thing))
        except Exception as error:  # noqa: BLE001 - likewise
            raise UnpicklableError(_reason(what, error)) from None
    if not found:
        return Packing()
    names = Packing.__slots__
    return Packing(**{name: sum(getattr(one, name) for one in found) / len(found) for name in names})


def _packing(thing: Any) -> Packing:
    whole, dumps_s = _made(lambda: pickle.dumps(thing))
    loads_s = _time(lambda: pickle.loads(whole))  # noqa: S301 - likewise
    (stream, buffers), stream_dumps_s = _made(lambda: _apart(thing))
    stream_loads_s = loads_s
    if buffers:  # without them it is the same work again, which for what is large takes long
        stream_loads_s = _time(lambda: pickle.loads(stream, buffers=buffers))  # noqa: S301 - likewise
    return Packing(
        size_bytes=len(whole),
        buffers_bytes=sum(buffer.raw().nbytes for buffer in buffers),
        dumps_s=dumps_s,
        loads_s=loads_s,
        stream_dumps_s=stream_dumps_s,
        stream_loads_s=stream_loads_s,
    )


def _apart(thing: Any) -> tuple[bytes, list[pickle.PickleBuffer]]:
    """Return the pickle's stream, and the buffers that stay out of it."""
    buffers: list[pickle.PickleBuffer] = []
    return pickle.dumps(thing, 5, buffer_callback=buffers.append), buffers


def _made(once: Callable[[], T]) -> tuple[T, float]:
    """Return what a call makes, and the least time of one: of that one where it is long enough to tell."""
    began = time.perf_counter()
    value = once()
    took = time.perf_counter() - began
    return value, took if took >= ENOUGH_S else _time(once)


def _time(once: Callable[[], object]) -> float:
    """Return the least time of a call, over as many as fit."""
    least, spent = float("inf"), 0.0
    while spent < ENOUGH_S:
        began = time.perf_counter()
        once()
        took = time.perf_counter() - began
        least, spent = min(least, took), spent + took
    return least


def _reason(what: str, error: Exception) -> str:
    first, *_ = str(error).splitlines() or [type(error).__name__]
    return f"the {what} cannot be pickled ({first})"[:200]
