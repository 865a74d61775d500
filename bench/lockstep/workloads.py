"""Small known work to measure the measuring with: the same on every arm, so that its ratio is 1.

The standard library alone, as arms run it in interpreters that have nothing else. A call takes 10 us to 1 ms.
"""

import array
import ast
import base64
import binascii
import bisect
import collections
import copy
import csv
import datetime as dt
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import hmac
import html
import io
import ipaddress
import itertools
import json
import math
import operator
import pickle
import random
import re
import shlex
import statistics
import string
import struct
import textwrap
import urllib.parse
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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


_LITERAL = repr(_RECORDS[:8])
_TEMPLATE = string.Template("$word has $number")
_Pair = collections.namedtuple("_Pair", "number word")  # noqa: PYI024 - the untyped one is what is measured


class _Colour(enum.Enum):
    RED = 1
    GREEN = 2
    BLUE = 3


@dataclass(frozen=True, slots=True)
class _Record:
    number: int
    word: str


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


def _cached() -> int:
    @functools.cache
    def steps(n: int) -> int:
        return 0 if n < 2 else 1 + steps(n // 2 if n % 2 == 0 else n - 1)  # noqa: PLR2004 - a halving

    return sum(map(steps, _NUMBERS[:200]))


def _closures() -> int:
    def adder(more: int) -> Callable[[int], int]:
        return lambda value: value + more

    return sum(adder(number)(1) for number in _NUMBERS[:200])


def _popcounts() -> int:
    total = 0
    for number in _NUMBERS[:200]:
        left = number
        while left:
            left &= left - 1
            total += 1
    return total


def _shuffled() -> list[int]:
    numbers = list(_NUMBERS[:100])
    random.Random(1).shuffle(numbers)
    return numbers


def _queue() -> int:
    numbers = list(_NUMBERS[:200])
    total = 0
    while numbers:
        total += numbers.pop(0)
    return total


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
        "accumulate": lambda: list(itertools.accumulate(_NUMBERS, operator.xor)),
        "addresses": lambda: [ipaddress.IPv4Address(number).is_private for number in _NUMBERS[:50]],
        "arrays": lambda: array.array("d", _NUMBERS).tolist(),
        "bits": _popcounts,
        "cache": _cached,
        "closures": _closures,
        "crc": lambda: binascii.crc32(_MANY_BYTES),
        "dataclasses": lambda: {_Record(number, "word") for number in _NUMBERS[:100]},
        "deep copy": lambda: copy.deepcopy(_RECORDS[:8]),
        "encoding": lambda: (8 * _TEXT).encode("utf-16").decode("utf-16"),
        "enumeration": lambda: [_Colour(1 + number % 3).name for number in _NUMBERS[:200]],
        "fractions": lambda: sum((fractions.Fraction(1, 1 + number) for number in _NUMBERS[:20]), fractions.Fraction()),
        "hmac": lambda: [hmac.digest(b"key", _BYTES[:64], "sha256") for _ in range(10)],
        "html": lambda: html.unescape(html.escape(f"<{_TEXT}> & more")),
        "largest": lambda: heapq.nlargest(20, _NUMBERS),
        "literals": lambda: ast.literal_eval(_LITERAL),
        "named tuples": lambda: [_Pair(number, "word").number for number in _NUMBERS[:200]],
        "product": lambda: sum(a * b for a, b in itertools.product(_NUMBERS[:30], repeat=2)),
        "queue": _queue,
        "replacing": lambda: _TEXT.replace("word", "term").upper().split(),
        "sets": lambda: set(_NUMBERS[:300]) ^ set(_NUMBERS[200:]),
        "shlex": lambda: shlex.split(_TEXT[:200]),
        "shuffling": _shuffled,
        "statistics": lambda: statistics.fmean(_NUMBERS) + statistics.median(_NUMBERS),
        "templates": lambda: [_TEMPLATE.substitute(word=word, number=1) for word in _WORDS[:20]],
        "urls": lambda: urllib.parse.parse_qs(urllib.parse.urlencode({word: word for word in _WORDS[:20]})),
        "wrapping": lambda: textwrap.fill(_TEXT[:600], 40),
    }
)
