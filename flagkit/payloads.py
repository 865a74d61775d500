"""What is sent between workers: a registry of payload kinds, each of any size.

`PAYLOADS["array"].build(1 << 20)` gives an object that takes about 1 MiB to pickle. Objects are deterministic: the same
kind and size are always equal. A new payload is one builder and one line in `PAYLOADS`. numpy is imported by the
array builders alone, since a subinterpreter, which must import this module to run `echo`, cannot load it.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["PAYLOADS", "Payload", "Point", "Track", "echo", "produce", "swallow"]


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload kind: `build(size_bytes)` makes an object of about that size, `equal` compares two of them."""

    kind: str
    summary: str
    build: Callable[[int], Any]
    equal: Callable[[Any, Any], bool] = operator.eq
    numpy: bool = False

    def unavailable(self, family: str) -> str | None:
        """Return why workers of an executor family cannot take this payload; None when they can."""
        if self.numpy and family == "interpreter":
            return "numpy does not load in a subinterpreter"
        return None


@dataclass(frozen=True, slots=True)
class Point:
    """An element of a Track."""

    x: float
    y: float
    step: int


@dataclass(frozen=True, slots=True)
class Track:
    """A record that holds records, as programs have them."""

    name: str
    points: list[Point] = field(default_factory=list)


def echo(payload: Any) -> Any:
    """Return the payload: the task whose whole cost is moving its argument there and its result back."""
    return payload


def swallow(payload: Any) -> None:
    """Take a payload and return nothing: the task that moves its argument alone."""


@functools.cache
def produce(kind: str, size_bytes: int) -> Any:
    """Return the payload of that kind and size, built once a worker: the task that moves its result alone."""
    return PAYLOADS[kind].build(size_bytes)


def exchange(payload: Any, kind: str, size_bytes: int) -> Any:  # noqa: ARG001 - to be brought is all it is for
    """Take a payload and return one of the worker's own, as it keeps it: a result that cannot go back as it came."""
    return produce(kind, size_bytes)


# How many bytes an element takes in a pickle of protocol 5, measured: len(pickle.dumps(...)) of 10,000 of them.
INT_BYTES = 5
ENTRY_BYTES = 22
POINT_BYTES = 31


def _bytes(size_bytes: int) -> bytes:
    pattern = bytes(range(256))
    return (pattern * (size_bytes // 256 + 1))[: _count(size_bytes, 1)]


def _ints(size_bytes: int) -> list[int]:
    first = 1 << 16  # from here on, and below 2**31, each takes four bytes and an opcode
    return list(range(first, first + _count(size_bytes, INT_BYTES)))


def _dict(size_bytes: int) -> dict[str, float]:
    return {f"key {i:06d}": i / 7 for i in range(_count(size_bytes, ENTRY_BYTES))}


def _track(size_bytes: int) -> Track:
    return Track("track", [Point(i / 7, -i / 7, i) for i in range(_count(size_bytes, POINT_BYTES))])


def _array(size_bytes: int) -> Any:
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    return np.arange(_count(size_bytes, 8), dtype=np.float64)


def _strided_array(size_bytes: int) -> Any:
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    return np.arange(2 * _count(size_bytes, 8), dtype=np.float64)[::2]


def _arrays_equal(one: Any, other: Any) -> bool:
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    return bool(one.dtype == other.dtype and np.array_equal(one, other))


def _count(size_bytes: int, element_bytes: int) -> int:
    """Return how many elements make up the size: at least one."""
    if size_bytes < 1:
        raise ValueError(f"a payload has at least 1 byte, not {size_bytes}")
    return max(1, size_bytes // element_bytes)


PAYLOADS: Mapping[str, Payload] = MappingProxyType(
    {
        payload.kind: payload
        for payload in (
            Payload("bytes", "one bytes object", _bytes),
            Payload("ints", "a list of ints", _ints),
            Payload("dict", "a dict of short strings to floats", _dict),
            Payload("dataclass", "a dataclass holding a list of dataclasses", _track),
            Payload("array", "a contiguous float64 array", _array, _arrays_equal, numpy=True),
            Payload(
                "array-strided", "every second element of a float64 array", _strided_array, _arrays_equal, numpy=True
            ),
        )
    },
)
