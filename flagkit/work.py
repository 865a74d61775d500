"""The CPU work that is run serially and by every executor: a registry of workloads, each with its right answer.

A workload is a function and the items that it is mapped over. Both travel to workers, so the functions are at the top
of the module and the items are small: what large payloads cost is another question (see `flagkit.payloads`). A new
workload is one line in `WORKLOADS`. Nothing here imports numpy, which a subinterpreter cannot load.
"""

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["WORKLOADS", "Workload", "WrongAnswerError", "gcd", "json_round_trip", "sha256_of_zeros"]


class WrongAnswerError(AssertionError):
    """A workload's results are not what an independent computation says."""


@dataclass(frozen=True, slots=True)
class Workload:
    """`function` mapped over `items`; `oracle` computes the same result for an item by another way.

    `gil` says whether the function holds the GIL throughout or releases it for most of its time.
    """

    name: str
    summary: str
    function: Callable[[Any], Any]
    items: tuple[Any, ...]
    oracle: Callable[[Any], Any]
    gil: Literal["held", "released"]

    def serial(self) -> list[Any]:
        """Return the results, computed one after the other by a plain loop: what every executor is compared with."""
        return [self.function(item) for item in self.items]

    def expected(self) -> list[Any]:
        """Return the right results, in the order of the items."""
        return [self.oracle(item) for item in self.items]

    def check(self, results: Iterable[Any]) -> None:
        """Raise WrongAnswerError unless `results` are the right ones, in order."""
        if (results := list(results)) != (expected := self.expected()):
            raise WrongAnswerError(f"{self.name}: expected {expected}, found {results}")


def gcd(pair: tuple[int, int]) -> int:
    """Return the greatest common divisor of two positive integers, by trying every candidate from the smaller down.

    Slow on purpose: a loop of pure Python whose length is the smaller number less the answer.
    Source of the idea and of the four pairs: Brett Slatkin, Effective Python, the item on concurrent.futures.
    """
    a, b = pair
    candidate = min(a, b)
    while a % candidate or b % candidate:
        candidate -= 1
    return candidate


BLOCK = bytes(1 << 20)


def sha256_of_zeros(blocks: int) -> str:
    """Return the SHA-256, in hex, of `blocks` MiB of zeros; hashlib releases the GIL within each MiB."""
    digest = hashlib.sha256()
    for _ in range(blocks):
        digest.update(BLOCK)
    return digest.hexdigest()


def json_round_trip(records: int) -> int:
    """Write a document of `records` records as JSON, read it back and sum its ids; the C code keeps the GIL."""
    return sum(record["id"] for record in json.loads(json.dumps(_document(records))))


@functools.cache
def _document(records: int) -> list[dict[str, Any]]:
    return [{"id": i, "name": f"record {i}", "values": [i, i / 7, None]} for i in range(records)]


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        workload.name: workload
        for workload in (
            Workload(
                "gcd-seed",
                "the greatest common divisors of four pairs, about 0.1 s of pure Python each",
                gcd,
                ((1963309, 2265973), (2030677, 3814172), (1551645, 2229620), (2039045, 2020802)),
                lambda pair: math.gcd(*pair),
                gil="held",
            ),
            Workload(
                "gcd-short",
                "64 greatest common divisors, about 1 ms of pure Python each",
                gcd,
                # 2**31 - 1 is prime, so each search goes all the way down to 1
                tuple((20_011 + i, 2**31 - 1) for i in range(64)),
                lambda pair: math.gcd(*pair),
                gil="held",
            ),
            Workload(
                "sha256",
                "SHA-256 of 8 MiB, 16 times: C that releases the GIL",
                sha256_of_zeros,
                (8,) * 16,
                lambda blocks: hashlib.sha256(bytes(blocks << 20)).hexdigest(),
                gil="released",
            ),
            Workload(
                "json",
                "1,000 records to JSON and back, 16 times: C that holds the GIL",
                json_round_trip,
                (1_000,) * 16,
                lambda records: records * (records - 1) // 2,
                gil="held",
            ),
        )
    },
)
