"""Small known work to measure the measuring with: the same on every arm, so that its ratio is 1.

The standard library alone, as arms run it in interpreters that have nothing else. A call takes 10 us to 1 ms.
"""

import base64
import bisect
import collections
import csv
import datetime as dt
import decimal
import hashlib
import heapq
import io
import json
import math
import pickle
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

_NUMBERS = tuple((i * 7919) % 1009 for i in range(500))
_WORDS = tuple(f"word{number}" for number in _NUMBERS)
_TEXT = " ".join(_WORDS)
_RECORDS = [{"id": i, "name": f"record {i}", "values": [i, i / 7, None]} for i in range(40)]
_JSON = json.dumps(_RECORDS)
_BYTES = bytes(range(256)) * 64
_MANY_BYTES = 16 * _BYTES
_TABLE = "\n".join(f"{i},{i * i},name {i}" for i in range(100))
_WORD = re.compile(r"[a-z]+(\d)\d*")


class _Point:
    def __init__(self, x: int) -> None:
        self.x = x

    def moved(self) -> int:
        return self.x + 1


def _fibonacci(n: int) -> int:
    return n if n < 2 else _fibonacci(n - 1) + _fibonacci(n - 2)  # noqa: PLR2004 - its definition


def _generated(n: int) -> Iterator[int]:
    for i in range(n):
        yield i * i


def _exceptions() -> int:
    caught = 0
    for word in _WORDS[:100]:
        try:
            int(word)
        except ValueError:
            caught += 1
    return caught


def _heap() -> list[int]:
    heap: list[int] = []
    for number in _NUMBERS:
        heapq.heappush(heap, number)
    return [heapq.heappop(heap) for _ in range(len(heap))]


def _insertions() -> list[int]:
    ordered: list[int] = []
    for number in _NUMBERS:
        bisect.insort(ordered, number)
    return ordered


def _matrix() -> list[list[int]]:
    rows = [_NUMBERS[i : i + 12] for i in range(0, 144, 12)]
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*rows, strict=True)] for row in rows
    ]


def _turns() -> collections.deque[int]:
    ring = collections.deque(_NUMBERS)
    for _ in range(200):
        ring.rotate(3)
        ring.append(ring.popleft())
    return ring


WORKLOADS: Mapping[str, Callable[[], object]] = MappingProxyType(
    {
        "attributes": lambda: [point.moved() for point in map(_Point, _NUMBERS)],
        "base64": lambda: base64.b64decode(base64.b64encode(_BYTES)),
        "bisect": _insertions,
        "comprehension": lambda: [number * number % 7 for number in _NUMBERS],
        "counter": lambda: collections.Counter(_TEXT),
        "csv": lambda: list(csv.reader(io.StringIO(_TABLE))),
        "dates": lambda: [dt.date.fromordinal(700_000 + number).isoformat() for number in _NUMBERS[:100]],
        "decimal": lambda: sum((decimal.Decimal(number) / 7 for number in _NUMBERS[:100]), decimal.Decimal()),
        "deque": _turns,
        "dictionary": lambda: {word: number for number, word in zip(_NUMBERS, _WORDS, strict=True)},
        "exceptions": _exceptions,
        "floats": lambda: sum(math.sqrt(number) * 1.5 for number in _NUMBERS),
        "formatting": lambda: [f"{number:>8,d} {number / 3:.3f}" for number in _NUMBERS[:100]],
        "generator": lambda: sum(_generated(500)),
        "heap": _heap,
        "integers": lambda: math.gcd(*(number * 2**70 for number in _NUMBERS[1:200])),
        "json dumps": lambda: json.dumps(_RECORDS),
        "json loads": lambda: json.loads(_JSON),
        "matrix": _matrix,
        "pickle": lambda: pickle.loads(pickle.dumps(_RECORDS)),  # noqa: S301 - pickled a moment ago
        "recursion": lambda: _fibonacci(11),
        "regex": lambda: _WORD.findall(_TEXT),
        "sha256": lambda: hashlib.sha256(_MANY_BYTES).digest(),
        "sorting": lambda: sorted(_WORDS),
        "struct": lambda: [struct.unpack("<id", struct.pack("<id", number, 0.5)) for number in _NUMBERS[:100]],
        "zlib": lambda: zlib.compress(_BYTES[:4096]),
    }
)
