"""What does sending data cost? Pickling alone, the round trip through each executor kind, and memcpy beside them.

The round trip sends a payload to a warm worker, which returns it: twice pickled, sent and unpickled. After each round
a warmed memcpy of the same nominal size runs, one copy, so the price is stated against what the memory itself allows.
"""

import itertools
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.instrument.measure import Measure
from flagkit.executors import EXECUTORS, make, warm
from flagkit.payloads import PAYLOADS, echo

KIB, MIB = 1 << 10, 1 << 20
SIZES_BYTES = (64, KIB, 16 * KIB, 256 * KIB, MIB)
LARGE_SIZES_BYTES = (16 * MIB, 64 * MIB)
QUICK_SIZES_BYTES = (16 * KIB, MIB)
PICKLE_LEAVES_OUT_BYTES = (KIB, 256 * KIB, 64 * MIB)
FLAT = ("bytes", "array")  # one buffer each; the others hold objects, and take seconds to pickle at 16 MiB

OUT_OF_BAND = "5-out-of-band"
PROTOCOLS = (2, 3, 4, 5, OUT_OF_BAND)


def cases(config: pytest.Config) -> Iterator[tuple[str, int]]:
    """Yield the payloads and sizes of the study, or of the quick one."""
    if config.getoption("quick"):
        yield from itertools.product(FLAT, QUICK_SIZES_BYTES)
    else:
        yield from itertools.product(PAYLOADS, SIZES_BYTES)
        yield from itertools.product(FLAT, LARGE_SIZES_BYTES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each payload and size, and of each protocol or executor kind where the test takes one."""
    if "payload" in metafunc.fixturenames:
        # Every size by every protocol, in both directions, would take as long as all the rest
        passed_over = PICKLE_LEAVES_OUT_BYTES if "protocol" in metafunc.fixturenames else ()
        chosen = [(payload, size) for payload, size in cases(metafunc.config) if size not in passed_over]
        metafunc.parametrize(("payload", "size_bytes"), chosen)
    else:
        metafunc.parametrize("size_bytes", sorted({size for _, size in cases(metafunc.config)}))
    if "protocol" in metafunc.fixturenames:
        metafunc.parametrize("protocol", PROTOCOLS[-2:] if metafunc.config.getoption("quick") else PROTOCOLS)
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", [kind for kind, spec in EXECUTORS.items() if spec.family != "serial"])


def pickler(protocol: int | str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return dumps and loads for a protocol; out of band, a pickle is the pair (stream, buffers)."""
    if isinstance(protocol, str):

        def dumps(value: Any) -> tuple[bytes, list[pickle.PickleBuffer]]:
            buffers: list[pickle.PickleBuffer] = []
            return pickle.dumps(value, 5, buffer_callback=buffers.append), buffers

        def loads(pickled: tuple[bytes, list[pickle.PickleBuffer]]) -> Any:
            return pickle.loads(pickled[0], buffers=pickled[1])

        return dumps, loads
    return lambda value: pickle.dumps(value, protocol), pickle.loads


def pickled_bytes(pickled: bytes | tuple[bytes, list[pickle.PickleBuffer]]) -> int:
    """Return the length of a pickle, with the buffers that go beside it."""
    if isinstance(pickled, tuple):
        return len(pickled[0]) + sum(buffer.raw().nbytes for buffer in pickled[1])
    return len(pickled)


@pytest.mark.parametrize("measurement", ["dumps", "loads"])
@pytest.mark.benchmark(max_time=0.05)
def test_pickle(measurement: str, payload: str, size_bytes: int, protocol: int | str, measure: Measure) -> None:
    """Pickle, or unpickle, one payload in this process."""
    spec = PAYLOADS[payload]
    value = spec.build(size_bytes)
    dumps, loads = pickler(protocol)
    pickled = dumps(value)
    parameters: dict[str, str | int | bool] = {
        "suite": "serialization",
        "measurement": measurement,
        "payload": payload,
        "size_bytes": size_bytes,
        "pickled_bytes": pickled_bytes(pickled),
        "protocol": 5 if protocol == OUT_OF_BAND else protocol,
        "out_of_band": protocol == OUT_OF_BAND,
    }

    def expect_value(result: Any) -> None:
        assert spec.equal(result, value)

    if measurement == "dumps":
        measure(lambda: dumps(value), expect=lambda result: expect_value(loads(result)), parameters=parameters)
    else:
        measure(lambda: loads(pickled), expect=expect_value, parameters=parameters)


@pytest.mark.benchmark(max_time=0.2)
def test_round_trip(payload: str, size_bytes: int, kind: str, measure: Measure) -> None:
    """Send one payload to a warm worker and take it back."""
    executor, spec = EXECUTORS[kind], PAYLOADS[payload]
    if reason := executor.unavailable() or spec.unavailable(executor.family):
        pytest.skip(reason)
    value = spec.build(size_bytes)
    copy = memcpy(size_bytes)

    def expect(result: Any) -> None:
        assert spec.equal(result, value)

    with make(kind, 1) as pool:
        warm(pool, 1, echo, value)
        measure(
            lambda: pool.submit(echo, value).result(),
            expect=expect,
            reference=copy,
            reference_name="memcpy",
            parameters={
                "suite": "serialization",
                "measurement": "round trip",
                "payload": payload,
                "size_bytes": size_bytes,
                "pickled_bytes": len(pickle.dumps(value)),
                "protocol": pickle.DEFAULT_PROTOCOL,
                "kind": kind,
                "workers": 1,
                "temperature": "warm",
            },
        )


@pytest.mark.benchmark(max_time=0.05)
def test_memcpy(size_bytes: int, measure: Measure) -> None:
    """Copy bytes from one buffer into another, both touched before: the floor for every way of sending them."""
    copy = memcpy(size_bytes)

    def expect(result: memoryview) -> None:
        assert result == PAYLOADS["bytes"].build(size_bytes)

    measure(
        copy,
        expect=expect,
        parameters={"suite": "serialization", "measurement": "memcpy", "size_bytes": size_bytes},
    )


def memcpy(size_bytes: int) -> Callable[[], memoryview]:
    """Return a function that copies `size_bytes` bytes between two buffers of its own and returns the target."""
    source = memoryview(PAYLOADS["bytes"].build(size_bytes))
    target = memoryview(bytearray(size_bytes))

    def copy() -> memoryview:
        target[:] = source
        return target

    copy()  # touches every page of the target
    return copy
