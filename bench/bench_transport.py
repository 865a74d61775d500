"""How near does a process pool come to the speed of memory? The shared executor, in turn with each of its peers.

test_against    an array to a warm worker and back, through shared memory; against a peer, or against one memcpy
test_exchange   an array to a warm worker and another one back, which the worker keeps; likewise
test_share      a handle of a shared array there and back, by the array's size; against that of 64 KiB
test_min_bytes  the same bytes through memory and, in turn, in a message: from where on `MIN_BYTES` should be

`ratio` of a benchmark is reference time / time: above 1 the shared executor is faster. An exchange copies its
bytes twice at least, so that 0.5 against one memcpy is memory's own speed, and 0.25 half its bandwidth. What a worker
sends back as it came, or changed in place, is copied on its way there alone: memory's own speed is 1 then.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.executors import EXECUTORS, make, warm
from flagkit.payloads import PAYLOADS, echo, exchange

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PEERS = ("process-forkserver", "loky", "joblib", "mpire")
MEMCPY = "memcpy"
SMALL_BYTES = (64, KIB, 16 * KIB)
LARGE_BYTES = (MIB, 64 * MIB)
SHARED_BYTES = (64 * KIB, MIB, 64 * MIB, GIB)
LADDER_BYTES = (4 * KIB, 16 * KIB, 64 * KIB, 128 * KIB, 256 * KIB, MIB)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each peer and size."""
    config = metafunc.config
    if metafunc.function is test_exchange:
        cases = choose(
            config,
            quick=[(MEMCPY, MIB)],
            default=[(PEERS[0], MIB), *((MEMCPY, size) for size in LARGE_BYTES)],
            thorough=[(peer, size) for peer in (*PEERS, MEMCPY) for size in LARGE_BYTES],
        )
        metafunc.parametrize(("peer", "size_bytes"), cases)
    elif "peer" in metafunc.fixturenames:
        small = [(PEERS[0], size) for size in SMALL_BYTES]
        large = [(peer, MIB) for peer in PEERS[1:]] + [
            (peer, size) for size in LARGE_BYTES for peer in (PEERS[0], MEMCPY)
        ]
        every = [
            (peer, size) for peer in (*PEERS, MEMCPY) for size in (*SMALL_BYTES, 64 * KIB, *LARGE_BYTES, 256 * MIB)
        ]
        quick = [(PEERS[0], 16 * KIB), (PEERS[0], MIB), (MEMCPY, MIB)]
        cases = choose(config, quick=quick, default=[*small, *large], thorough=every)
        metafunc.parametrize(("peer", "size_bytes"), cases)
    elif "payload" in metafunc.fixturenames:
        cases = [(payload, size) for payload in ("array", "bytes", "ints") for size in LADDER_BYTES]
        quick_ladder = [("array", 256 * KIB)]
        default = [case for case in cases if case[0] != "ints" and case[1] >= 16 * KIB]
        chosen = choose(config, quick=quick_ladder, default=default, thorough=cases)
        metafunc.parametrize(("payload", "size_bytes"), chosen)
    else:
        sizes = choose(config, quick=SHARED_BYTES[:2], default=SHARED_BYTES[::2], thorough=SHARED_BYTES)
        metafunc.parametrize("size_bytes", sizes)


def skip_without(kind: str) -> None:
    """Skip with the reason why a kind cannot run here."""
    spec = EXECUTORS.get(kind)
    if reason := f"no executor kind is called {kind}" if spec is None else spec.unavailable():
        pytest.skip(reason)


@pytest.mark.benchmark(max_time=1.0)
def test_against(peer: str, size_bytes: int, measure: Measure) -> None:
    """Send an array through shared memory and take it back, in turn with the same by a peer."""
    run_against(peer, size_bytes, measure, "round trip", echo)


@pytest.mark.benchmark(max_time=1.0)
def test_exchange(peer: str, size_bytes: int, measure: Measure) -> None:
    """Send an array through shared memory and take one that the worker keeps, in turn with the same by a peer."""
    run_against(peer, size_bytes, measure, "exchange", exchange, "array", size_bytes)


def run_against(
    peer: str, size_bytes: int, measure: Measure, measurement: str, task: Callable[..., Any], *more: Any
) -> None:
    """Measure a task that takes an array and returns an equal one, on the shared executor and on its peer."""
    skip_without("shared")
    if peer != MEMCPY:
        skip_without(peer)
    array = PAYLOADS["array"]
    value = array.build(size_bytes)
    with make("shared", 1) as shared, make(peer if peer != MEMCPY else "serial", 1) as other:
        target = value.copy()

        def copy() -> Any:
            target[:] = value
            return target

        def trip(pool: Any = shared) -> Any:
            return pool.submit(task, value, *more).result()

        for pool in (shared, other):
            warm(pool, 1, task, value, *more)
        # A program that holds on to a result while it asks for the next one has two pieces of memory at work, or three
        held = [trip() for _ in range(3)]
        held.clear()
        measure(
            trip,
            expect=lambda result: array.equal(result, value),
            reference=copy if peer == MEMCPY else lambda: trip(other),
            reference_name=peer,
            parameters=parameters(measurement, size_bytes) | {"peer": peer},
        )


@pytest.mark.benchmark(max_time=0.5)
def test_share(size_bytes: int, measure: Measure) -> None:
    """Send a handle of shared memory and take it back, in turn with a handle of 64 KiB."""
    skip_without("shared")
    from flagkit.executors.shared import share  # noqa: PLC0415 - where there is the kind

    with make("shared", 1) as pool:
        large, small = (share(PAYLOADS["array"].build(size)) for size in (size_bytes, SHARED_BYTES[0]))
        warm(pool, 1, echo, large)
        measure(
            lambda: pool.submit(echo, large).result(),
            expect=lambda result: result.value[-1] == size_bytes // 8 - 1,
            reference=lambda: pool.submit(echo, small).result(),
            reference_name="64 KiB",
            parameters=parameters("handle", size_bytes),
        )


@pytest.mark.benchmark(max_time=0.3)
def test_min_bytes(payload: str, size_bytes: int, measure: Measure) -> None:
    """Send a payload through memory and back, in turn with a pool that sends everything in messages."""
    skip_without("shared")
    spec = PAYLOADS[payload]
    value = spec.build(size_bytes)
    with make("shared", 1, min_bytes=1) as memory, make("shared", 1, min_bytes=4 * GIB) as message:
        for pool in (memory, message):
            warm(pool, 1, echo, value)
        measure(
            lambda: memory.submit(echo, value).result(),
            expect=lambda result: spec.equal(result, value),
            reference=lambda: message.submit(echo, value).result(),
            reference_name="message",
            parameters=parameters("memory or message", size_bytes) | {"payload": payload},
        )


def parameters(measurement: str, size_bytes: int) -> dict[str, str | int]:
    """Return what all benchmarks here say of themselves."""
    return {
        "suite": "transport",
        "measurement": measurement,
        "size_bytes": size_bytes,
        "payload": "array",
        "kind": "shared",
        "workers": 1,
        "temperature": "warm",
    }
