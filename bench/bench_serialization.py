"""What does sending data cost? Pickling alone, transport through each executor kind, and memcpy beside them.

test_pickle      dumps and loads in this process, by payload, size and protocol, out of band too
test_round_trip  a payload to a warm worker and back: twice pickled, sent and unpickled; against one memcpy
test_one_way     the payload as the argument alone, or as the result alone; against one memcpy
test_broadcast   one argument for every worker; against the same argument for one
test_against     a round trip through another kind, against the same through processes, in turn
test_memcpy      the floor for every way of sending bytes
"""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from bench import payload_grids
from bench.grids import process_kind
from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from bench.payload_grids import OUT_OF_BAND
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS, make, warm
from flagkit.payloads import PAYLOADS, Payload, echo, produce, swallow

SUITE = "serialization"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make the cases of each test."""
    config = metafunc.config
    if metafunc.function is test_pickle:
        metafunc.parametrize(("payload", "size_bytes", "protocol"), payload_grids.pickle_cases(config))
    elif metafunc.function is test_round_trip:
        metafunc.parametrize(("payload", "size_bytes", "kind"), payload_grids.trip_cases(config))
    elif metafunc.function is test_one_way:
        metafunc.parametrize(("size_bytes", "kind"), payload_grids.one_way_cases(config))
    elif metafunc.function is test_broadcast:
        metafunc.parametrize(("size_bytes", "kind"), payload_grids.broadcast_cases(config))
    elif metafunc.function is test_against:
        metafunc.parametrize(("size_bytes", "kind"), payload_grids.against_cases(config))
    elif metafunc.function is test_memcpy:
        every = payload_grids.SIZES_BYTES
        metafunc.parametrize("size_bytes", choose(config, quick=every[3:4], default=every, thorough=every))


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


def same(spec: Payload, value: Any) -> Callable[[Any], None]:
    """Return a check that what came is equal to what was sent."""

    def check(result: Any) -> None:
        assert spec.equal(result, value)

    return check


@pytest.mark.pythons
@pytest.mark.parametrize("measurement", ["dumps", "loads"])
@pytest.mark.benchmark(max_time=0.05)
def test_pickle(measurement: str, payload: str, size_bytes: int, protocol: int | str, measure: Measure) -> None:
    """Pickle, or unpickle, one payload in this process."""
    spec = PAYLOADS[payload]
    value = spec.build(size_bytes)
    dumps, loads = pickler(protocol)
    pickled = dumps(value)
    parameters: dict[str, str | int | bool] = {
        "suite": SUITE,
        "measurement": measurement,
        "payload": payload,
        "size_bytes": size_bytes,
        "pickled_bytes": pickled_bytes(pickled),
        "protocol": 5 if protocol == OUT_OF_BAND else protocol,
        "out_of_band": protocol == OUT_OF_BAND,
    }
    check = same(spec, value)
    if measurement == "dumps":
        measure(lambda: dumps(value), expect=lambda result: check(loads(result)), parameters=parameters)
    else:
        measure(lambda: loads(pickled), expect=check, parameters=parameters)


def transport(kind: str, payload: str, size_bytes: int, value: Any) -> dict[str, str | int]:
    """Return the parameters that all ways of sending share."""
    return {
        "suite": SUITE,
        "payload": payload,
        "size_bytes": size_bytes,
        "pickled_bytes": len(pickle.dumps(value)),
        "protocol": pickle.DEFAULT_PROTOCOL,
        "kind": kind,
        "temperature": "warm",
    }


@pytest.mark.pythons
@pytest.mark.benchmark(max_time=0.3)
def test_round_trip(payload: str, size_bytes: int, kind: str, measure: Measure) -> None:
    """Send one payload to a warm worker and take it back."""
    executor, spec = EXECUTORS[kind], PAYLOADS[payload]
    if reason := executor.unavailable() or spec.unavailable(executor.family):
        pytest.skip(reason)
    value = spec.build(size_bytes)
    with make(kind, 1) as pool:
        warm(pool, 1, echo, value)
        measure(
            lambda: pool.submit(echo, value).result(),
            expect=same(spec, value),
            reference=memcpy(size_bytes),
            reference_name="memcpy",
            parameters=transport(kind, payload, size_bytes, value)
            | {"measurement": "round trip", "direction": "both", "workers": 1},
        )


@pytest.mark.parametrize("direction", ["argument", "result"])
@pytest.mark.benchmark(max_time=0.2)
def test_one_way(direction: str, size_bytes: int, kind: str, measure: Measure) -> None:
    """Send bytes to a warm worker and get nothing back, or the other way round."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    spec = PAYLOADS["bytes"]
    value = spec.build(size_bytes)

    def take() -> Any:
        return pool.submit(produce, "bytes", size_bytes).result()

    def give() -> Any:
        return pool.submit(swallow, value).result()

    with make(kind, 1) as pool:
        warm(pool, 1, produce, "bytes", size_bytes)
        measure(
            take if direction == "result" else give,
            expect=same(spec, value) if direction == "result" else lambda result: result is None,
            reference=memcpy(size_bytes),
            reference_name="memcpy",
            parameters=transport(kind, "bytes", size_bytes, value)
            | {"measurement": "one way", "direction": direction, "workers": 1},
        )


@pytest.mark.benchmark(max_time=0.3)
def test_broadcast(size_bytes: int, kind: str, measure: Measure) -> None:
    """Send the same bytes to as many workers as there are cores (two at least), against sending them to one."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    value, workers = PAYLOADS["bytes"].build(size_bytes), max(2, usable_cpus())
    with make(kind, workers) as pool:
        warm(pool, workers, swallow, value)

        def send_to_all() -> list[None]:
            return [future.result() for future in [pool.submit(swallow, value) for _ in range(workers)]]

        measure(
            send_to_all,
            expect=lambda results: results == [None] * workers,
            reference=lambda: pool.submit(swallow, value).result(),
            reference_name="one argument",
            parameters=transport(kind, "bytes", size_bytes, value)
            | {"measurement": "broadcast", "direction": "broadcast", "workers": workers},
        )


@pytest.mark.benchmark(max_time=0.4)
def test_against(size_bytes: int, kind: str, measure: Measure) -> None:
    """Send a payload through another kind and back, against the same through a process pool, in turn.

    An array, or bytes where numpy does not load.
    """
    executor = EXECUTORS[kind]
    if reason := executor.unavailable():
        pytest.skip(reason)
    payload = "bytes" if PAYLOADS["array"].unavailable(executor.family) else "array"
    spec, process = PAYLOADS[payload], process_kind()
    value = spec.build(size_bytes)
    with make(kind, 1) as pool, make(process, 1) as processes:
        warm(pool, 1, echo, value)
        warm(processes, 1, echo, value)
        measure(
            lambda: pool.submit(echo, value).result(),
            expect=same(spec, value),
            reference=lambda: processes.submit(echo, value).result(),
            reference_name=process,
            parameters=transport(kind, payload, size_bytes, value)
            | {"measurement": "against", "direction": "both", "workers": 1},
        )


@pytest.mark.benchmark(max_time=0.05)
def test_memcpy(size_bytes: int, measure: Measure) -> None:
    """Copy bytes from one buffer into another, both touched before: the floor for every way of sending them."""

    def expect(result: memoryview) -> None:
        assert result == PAYLOADS["bytes"].build(size_bytes)

    measure(
        memcpy(size_bytes),
        expect=expect,
        parameters={"suite": SUITE, "measurement": "memcpy", "size_bytes": size_bytes},
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
