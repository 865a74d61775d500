"""The cases of bench_serialization: which payloads, sizes, protocols and kinds are measured at each extent.

The sizes around 16 KiB and 64 KiB are chosen by the bytes that a pipe gets: above 16 KiB multiprocessing writes header
and message apart (connection.py), and what exceeds the 64 KiB of a Linux pipe waits until the reader makes room.
"""

import itertools

import pytest

from bench.grids import distinct_kinds, pool_kinds, process_kind
from bench.instrument.extent import choose
from flagkit.executors import EXECUTORS
from flagkit.payloads import PAYLOADS

KIB, MIB = 1 << 10, 1 << 20
EDGE_SIZES_BYTES = (15 * KIB, 17 * KIB, 63 * KIB, 65 * KIB)
"""Just below and just above what changes a pipe's behaviour, with room for what a pool adds to the payload."""
SIZES_BYTES = (64, KIB, 16 * KIB, MIB, 16 * MIB, 64 * MIB)
LARGEST_BYTES = {"bytes": 16 * MIB, "array": 64 * MIB}
"""In the study, by payload of one buffer: 64 MiB of bytes say nothing that those of an array do not."""
OBJECTS_SIZES_BYTES = (16 * KIB, 256 * KIB)
"""In the study, of payloads that hold objects: a mebibyte of them takes up to half a second."""
OUT_OF_BAND = "5-out-of-band"
PROTOCOLS = (2, 3, 4, 5, OUT_OF_BAND)


def sizes(payload: str) -> list[int]:
    """Return all sizes at which a payload can be sent within seconds."""
    return [size for size in SIZES_BYTES if payload in LARGEST_BYTES or size <= MIB]


def some_sizes(payload: str) -> tuple[int, ...]:
    """Return the two sizes at which the study measures a payload where it asks for no more."""
    return (16 * KIB, MIB) if payload in LARGEST_BYTES else OBJECTS_SIZES_BYTES


def pickle_cases(config: pytest.Config) -> list[tuple[str, int, int | str]]:
    """Return (payload, size, protocol); out of band where there are buffers to leave out of the stream.

    Protocols below 5 differ from it by little that is sent today: they are there in full only.
    """
    every = [(payload, size, protocol) for payload in PAYLOADS for size in sizes(payload) for protocol in PROTOCOLS]
    default = [
        (payload, size, protocol)
        for payload, spec in PAYLOADS.items()
        for size in (*some_sizes(payload), *([16 * MIB] if payload == "array" else []))
        for protocol in ((5, OUT_OF_BAND) if spec.numpy else (5,))
    ]
    quick: list[tuple[str, int, int | str]] = [("bytes", MIB, 5), ("array", MIB, 5), ("array", MIB, OUT_OF_BAND)]
    return choose(config, quick=quick, default=default, thorough=every)


def trip_cases(config: pytest.Config) -> list[tuple[str, int, str]]:
    """Return (payload, size, kind) for the round trip.

    Threads pass a reference, whatever its size, and how a process was started makes no difference: these are there at
    one size. Objects and the edges of a pipe are asked of one kind of process.
    """
    process = process_kind()
    everywhere = [("bytes", MIB, kind) for kind in pool_kinds(config)]
    flat = [
        (payload, size, kind)
        for payload, largest in LARGEST_BYTES.items()
        for size in SIZES_BYTES
        for kind in _sending_kinds(config)
        if size <= largest and (payload == "bytes" or size >= MIB)
    ]
    objects = [(payload, size, process) for payload in PAYLOADS if payload not in LARGEST_BYTES
               for size in some_sizes(payload)]  # fmt: skip
    edges = [("bytes", size, process) for size in EDGE_SIZES_BYTES]
    every = [
        (payload, size, kind)
        for payload in PAYLOADS
        for size in sorted({*sizes(payload), *EDGE_SIZES_BYTES})
        for kind in pool_kinds(config)
    ]
    # numpy in an interpreter cannot be, and is to be listed with its reason
    quick = [*everywhere, ("array", MIB, process), ("array", MIB, "interpreter"), ("bytes", 16 * KIB, process)]
    chosen = choose(config, quick=quick, default=[*everywhere, *flat, *objects, *edges], thorough=every)
    return list(dict.fromkeys(chosen))


def one_way_cases(config: pytest.Config) -> list[tuple[int, str]]:
    """Return (size, kind) of bytes for one direction alone: small and large through processes, large through others."""
    process = process_kind()
    default = [(16 * KIB, process), *((MIB, kind) for kind in _sending_kinds(config))]
    every = list(itertools.product(SIZES_BYTES, pool_kinds(config)))
    return choose(config, quick=[(MIB, process)], default=default, thorough=every)


def broadcast_cases(config: pytest.Config) -> list[tuple[int, str]]:
    """Return (size, kind) of bytes for one argument to all."""
    default = [(MIB, kind) for kind in _sending_kinds(config)]
    every = list(itertools.product(SIZES_BYTES, pool_kinds(config)))
    return choose(config, quick=[(MIB, process_kind())], default=default, thorough=every)


def against_cases(config: pytest.Config) -> list[tuple[int, str]]:
    """Return (size, kind) for the kinds that take turns with processes."""
    sizes_bytes = choose(config, quick=(MIB,), default=(16 * KIB, MIB, 16 * MIB), thorough=SIZES_BYTES)
    return list(itertools.product(sizes_bytes, [kind for kind in _sending_kinds(config) if kind != process_kind()]))


def _sending_kinds(config: pytest.Config) -> list[str]:
    """Return the kinds that differ once warm and have something to send: threads share what they have."""
    return [kind for kind in distinct_kinds(config) if EXECUTORS[kind].family != "thread"]
