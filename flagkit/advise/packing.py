"""What pickling the arguments and the results of a function costs, whatever sends them."""

import pickle
import time
from collections.abc import Sequence
from typing import Any

from flagkit.advise.records import Packing

__all__ = ["packing", "why_unpicklable"]

ENOUGH_S = 0.002
"""Pickling is repeated for so long, so that the clock's own time does not count."""


def why_unpicklable(what: str, thing: object) -> str | None:
    """Return why it cannot be sent to another process, and None where it can."""
    try:
        pickle.loads(pickle.dumps(thing))  # noqa: S301 - what was pickled a moment ago
    except Exception as error:  # noqa: BLE001 - a `__reduce__` may raise anything
        first, *_ = str(error).splitlines() or [type(error).__name__]
        return f"the {what} cannot be pickled ({first})"[:200]
    return None


def packing(things: Sequence[Any]) -> Packing:
    """Return the mean sizes and times over the things, all of which can be pickled."""
    found = [_packing(thing) for thing in things]
    if not found:
        return Packing()
    names = Packing.__slots__
    return Packing(**{name: sum(getattr(one, name) for one in found) / len(found) for name in names})


def _packing(thing: Any) -> Packing:
    whole = pickle.dumps(thing)
    buffers: list[pickle.PickleBuffer] = []
    left_out: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    return Packing(
        size_bytes=len(whole),
        buffers_bytes=sum(buffer.raw().nbytes for buffer in buffers),
        dumps_s=_time(lambda: pickle.dumps(thing)),
        loads_s=_time(lambda: pickle.loads(whole)),  # noqa: S301 - likewise
        stream_dumps_s=_time(lambda: pickle.dumps(thing, 5, buffer_callback=left_out.append)),
        stream_loads_s=_time(lambda: pickle.loads(stream, buffers=buffers)),  # noqa: S301 - likewise
    )


def _time(once: Any) -> float:
    """Return the least time of a call, over as many as fit."""
    least, spent = float("inf"), 0.0
    while spent < ENOUGH_S:
        began = time.perf_counter()
        once()
        took = time.perf_counter() - began
        least, spent = min(least, took), spent + took
    return least
