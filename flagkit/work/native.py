"""Work in C: some of it releases the GIL while it computes, some holds it.

numpy is imported by the functions that need it, not at the top: a subinterpreter, which must import this module to run
any of them, cannot load it.
"""

import functools
import hashlib
import json
import re
import threading
import zlib
from typing import Any

__all__ = ["json_round_trip", "matrix_product", "pattern_count", "sha256_of_zeros", "triad", "zlib_round_trip"]

BLOCK = bytes(1 << 20)
SENTENCE = "Ada Lovelace <ada@example.org> wrote to Alan Turing <alan@example.org> about an engine; "
ADDRESS = re.compile(r"<([\w.]+)@([\w.]+)>")
TRIAD_SCALE = 3.0


def sha256_of_zeros(blocks: int) -> str:
    """Return the SHA-256, in hex, of `blocks` MiB of zeros; hashlib releases the GIL within each MiB."""
    digest = hashlib.sha256()
    for _ in range(blocks):
        digest.update(BLOCK)
    return digest.hexdigest()


def zlib_round_trip(kibibytes: int) -> int:
    """Compress a text of so many KiB, decompress it and return its checksum; zlib releases the GIL."""
    return zlib.crc32(zlib.decompress(zlib.compress(text_of(kibibytes), 6)))


def json_round_trip(records: int) -> int:
    """Write a document of `records` records as JSON, read it back and sum its ids; the C code keeps the GIL."""
    return sum(record["id"] for record in json.loads(json.dumps(_document(records))))


def pattern_count(sentences: int) -> int:
    """Return how many addresses a regular expression finds in so many sentences; the C code keeps the GIL."""
    return sum(1 for _ in ADDRESS.finditer(_sentences(sentences)))


def matrix_product(order: int) -> float:
    """Multiply two square matrices of ones and twos and return an element of the product; BLAS releases the GIL.

    BLAS is held to one thread of its own in this process from the first call on: else a pool's workers would be
    measured against a serial run that uses every core itself.
    """
    _hold_blas_to_one_thread()
    ones, twos = _matrices(order)
    return float((ones @ twos)[-1, -1])


def triad(mebibytes: int) -> float:
    """Compute a = b + 3c over vectors of so many MiB each and return an element; numpy releases the GIL.

    Bound by memory, once the vectors exceed the caches. Source: the triad of STREAM (J. D. McCalpin).
    """
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    a, b, c = _vectors(mebibytes)
    np.multiply(c, TRIAD_SCALE, out=a)
    np.add(a, b, out=a)
    return float(a[-1])


@functools.cache
def text_of(kibibytes: int) -> bytes:
    """Return a text of so many KiB, the same each time, that compresses about as prose does."""
    words = (
        f"{hashlib.blake2s(str(number).encode(), digest_size=3).hexdigest()} " for number in range(kibibytes * 147)
    )
    return "".join(words).encode()[: kibibytes << 10]


@functools.cache
def _document(records: int) -> list[dict[str, Any]]:
    return [{"id": i, "name": f"record {i}", "values": [i, i / 7, None]} for i in range(records)]


@functools.cache
def _sentences(count: int) -> str:
    return SENTENCE * count


@functools.cache
def _matrices(order: int) -> tuple[Any, Any]:
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    return np.ones((order, order)), np.full((order, order), 2.0)


@functools.cache
def _hold_blas_to_one_thread() -> None:
    import numpy as np  # noqa: F401, PLC0415 - see the module's docstring
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - sees the libraries that are loaded, so after numpy

    ThreadpoolController().limit(limits=1, user_api="blas")


_own = threading.local()


def _vectors(mebibytes: int) -> tuple[Any, Any, Any]:
    """Return this thread's own vectors of that size: threads that wrote to one array would measure its cache lines."""
    import numpy as np  # noqa: PLC0415 - see the module's docstring

    held: dict[int, tuple[Any, Any, Any]] = _own.__dict__.setdefault("vectors", {})
    if mebibytes not in held:
        count = (mebibytes << 20) // 8
        held[mebibytes] = np.zeros(count), np.ones(count), np.ones(count)
    return held[mebibytes]
