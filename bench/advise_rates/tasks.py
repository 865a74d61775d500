"""What the cells run: a task that computes, holding the GIL or not, waits, and is given and gives back bytes."""

import hashlib
import json
import time
import zlib
from dataclasses import dataclass

from flagkit.work.pure import gcd, loop

__all__ = ["Item", "compress", "greatest_divisor", "parse", "run"]

BLOCK = bytes(1 << 14)


@dataclass(frozen=True, slots=True)
class Item:
    """Loops of pure Python, blocks of 16 KiB to hash (which releases the GIL), a wait, and bytes there and back."""

    turns: int
    blocks: int
    wait_s: float
    payload: bytes
    result_bytes: int


def run(item: Item) -> bytes:
    """Do what the item says."""
    loop(item.turns)
    for _ in range(item.blocks):
        hashlib.sha256(BLOCK)
    if item.wait_s:
        time.sleep(item.wait_s)
    return b"r" * item.result_bytes  # written, as a result is


def greatest_divisor(pair: tuple[int, int]) -> int:
    """Pure Python that holds the GIL."""
    return gcd(pair)


def compress(data: bytes) -> bytes:
    """C that releases the GIL."""
    return zlib.compress(data)


def parse(text: str) -> int:
    """C that holds the GIL, with a large result that stays where it is."""
    return len(json.loads(text))
