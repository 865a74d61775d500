"""The registry of workloads. Functions and items travel to workers, so the items are small: see `flagkit.payloads`."""

import hashlib
import zlib
from collections.abc import Mapping
from types import MappingProxyType

from flagkit.work import native, pure
from flagkit.work.workload import Workload

__all__ = ["LADDER_S", "WORKLOADS", "ladder_name"]

LADDER_S = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""The nominal lengths of the ladder's tasks; what one really takes is measured beside it."""
TURNS_PER_SECOND = 40_000_000
"""How often `pure.loop` turns in a second on a server of 2023, measured: what the names of the ladder mean."""
LADDER_TOTAL_S = 0.01
LADDER_MOST = 500
LADDER_FEWEST = 4
MIX_WAIT_S = 0.02
MIX_CPU_S = 0.0008
PRIME = 2**31 - 1
"""A prime, so that the search for a common divisor goes all the way down to 1."""


def ladder_name(task_s: float) -> str:
    """Return the name of the ladder's workload with tasks of that length: loop-1us ... loop-100ms."""
    return f"loop-{round(task_s * 1e6)}us" if task_s < 1e-3 else f"loop-{round(task_s * 1e3)}ms"  # noqa: PLR2004 - 1 ms


def _turns(task_s: float) -> int:
    return round(task_s * TURNS_PER_SECOND)


def _ladder(task_s: float) -> Workload:
    """Make a rung: tasks of one length, as many as make up LADDER_TOTAL_S, and at least LADDER_FEWEST."""
    count = min(max(round(LADDER_TOTAL_S / task_s), LADDER_FEWEST), LADDER_MOST)
    name = ladder_name(task_s)
    summary = f"{count} loops of pure Python of about {name.removeprefix('loop-')} each"
    return Workload(name, summary, pure.loop, (_turns(task_s),) * count, pure.triangular, gil="held")


def _skewed() -> Workload:
    """Make 32 searches whose lengths fall as 1/k: the longest is a quarter of the whole, and comes first."""
    lengths = tuple(100_000 // rank for rank in range(1, 33))
    summary = "32 greatest common divisors whose lengths fall as 1/k: the longest is a quarter of all"
    items = tuple((length, PRIME) for length in lengths)
    return Workload("skewed", summary, pure.gcd, items, pure.greatest_divisor, gil="held")


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        workload.name: workload
        for workload in (
            Workload(
                "gcd-seed",
                "the greatest common divisors of four pairs, about 0.1 s of pure Python each",
                pure.gcd,
                ((1963309, 2265973), (2030677, 3814172), (1551645, 2229620), (2039045, 2020802)),
                pure.greatest_divisor,
                gil="held",
            ),
            Workload(
                "gcd-short",
                "32 greatest common divisors, about 1 ms of pure Python each",
                pure.gcd,
                tuple((20_011 + i, PRIME) for i in range(32)),
                pure.greatest_divisor,
                gil="held",
            ),
            _skewed(),
            *map(_ladder, LADDER_S),
            Workload(
                "sha256",
                "SHA-256 of 4 MiB, 8 times: C that releases the GIL",
                native.sha256_of_zeros,
                (4,) * 8,
                lambda blocks: hashlib.sha256(bytes(blocks << 20)).hexdigest(),
                gil="released",
            ),
            Workload(
                "zlib",
                "64 KiB of text compressed and decompressed, 8 times: C that releases the GIL",
                native.zlib_round_trip,
                (64,) * 8,
                lambda kibibytes: zlib.crc32(native.text_of(kibibytes)),
                gil="released",
            ),
            Workload(
                "matmul",
                "products of two 320 x 320 matrices, 8 times, BLAS held to one thread: C that releases the GIL",
                native.matrix_product,
                (320,) * 8,
                lambda order: 2.0 * order,
                gil="released",
                numpy=True,
            ),
            Workload(
                "triad",
                "a = b + 3c over vectors of 16 MiB, 8 times: numpy that waits for memory and releases the GIL",
                native.triad,
                (16,) * 8,
                lambda _: 1.0 + native.TRIAD_SCALE,
                gil="released",
                numpy=True,
            ),
            Workload(
                "json",
                "1,000 records to JSON and back, 8 times: C that holds the GIL",
                native.json_round_trip,
                (1_000,) * 8,
                lambda records: records * (records - 1) // 2,
                gil="held",
            ),
            Workload(
                "re",
                "a regular expression over 2,000 sentences, 16 times: C that holds the GIL",
                native.pattern_count,
                (2_000,) * 16,
                lambda sentences: native.SENTENCE.count("@") * sentences,
                gil="held",
            ),
            Workload(
                "io-mix",
                "8 waits of 20 ms, each followed by about 0.8 ms of pure Python, as a client of a service has them",
                pure.wait_and_loop,
                ((MIX_WAIT_S, _turns(MIX_CPU_S)),) * 8,
                lambda item: pure.triangular(item[1]),
                gil="released",
            ),
        )
    },
)
