"""SharedMemoryExecutor: what arrives equals what was sent, whichever way it went."""

import multiprocessing
import operator
import pickle
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import missing
from flagkit.payloads import PAYLOADS, Point, Track, echo

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

MIN_BYTES = 4096
BIG = np.arange(100_000, dtype=np.float64)


@pytest.fixture(scope="module", params=multiprocessing.get_all_start_methods())
def pool(request: pytest.FixtureRequest) -> Iterator[SharedMemoryExecutor]:
    """Give a warm pool of one worker by each start method."""
    context = multiprocessing.get_context(request.param)
    with SharedMemoryExecutor(1, context, min_bytes=MIN_BYTES) as executor:
        yield executor


@pytest.fixture(scope="module")
def forked() -> Iterator[SharedMemoryExecutor]:
    """Give a warm pool whose worker knows what this module knows."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork"), min_bytes=MIN_BYTES) as executor:
        yield executor


def there_and_back(pool: SharedMemoryExecutor, value: Any, *, is_kept: bool = False) -> Any:
    """Send a value to the worker and take it back: in the memory it came in, or from a worker that still has it."""
    if not is_kept:
        return pool.submit(echo, value).result(timeout=60)
    cycle = [value]
    cycle.append(cycle)  # which the worker's garbage collector frees, later
    return pool.submit(operator.itemgetter(0), cycle).result(timeout=60)


ARRAYS = {
    "contiguous": BIG,
    "fortran": np.asfortranarray(BIG.reshape(100, 1000)),
    "three dimensions": BIG.reshape(10, 100, 100),
    "structured": np.zeros(2000, dtype=[("a", "i4"), ("b", "f8", (3,))]),
    "complex": BIG.astype("c16"),
    "other byte order": BIG.astype(">f8"),
    "dates": np.arange(10_000).astype("M8[D]"),
    "text": np.array(["flag", "flags"] * 5000),
    "zero-length": np.empty((0, 5), dtype="i2"),
    "scalar": np.array(3.5),
    "below min_bytes": np.arange(10),
    "small fortran": np.asfortranarray(BIG[:6].reshape(2, 3)),
    "small other byte order": BIG[:5].astype(">f8"),
    "small truth values": BIG[:5] > 2,
    "small, with metadata": BIG[:5].astype(np.dtype("f8", metadata={"unit": "m"})),
}


@pytest.mark.parametrize("is_kept", [False, True], ids=["back", "copied"])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_arrive_with_dtype_and_flags(pool: SharedMemoryExecutor, name: str, *, is_kept: bool) -> None:
    """Values, dtype, shape, order and writeability of an array are the sender's."""
    sent = ARRAYS[name]
    received = there_and_back(pool, sent, is_kept=is_kept)
    assert received.dtype == sent.dtype
    assert received.shape == sent.shape
    assert np.array_equal(received, sent)
    for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED"):
        assert received.flags[flag] == sent.flags[flag], flag


@pytest.mark.parametrize("is_kept", [False, True], ids=["back", "copied"])
@pytest.mark.parametrize("size", [10, 100_000])
def test_a_read_only_array_stays_read_only(pool: SharedMemoryExecutor, size: int, *, is_kept: bool) -> None:
    """What could not be written to before cannot be after, through memory or through the pipe."""
    sent = np.arange(size)
    sent.flags.writeable = False
    received = there_and_back(pool, sent, is_kept=is_kept)
    assert np.array_equal(received, sent)
    assert not received.flags.writeable


def test_what_is_not_contiguous_arrives_contiguous(pool: SharedMemoryExecutor) -> None:
    """A strided array, which cannot pickle out of band, is equal and writable, as from any process pool."""
    sent = BIG[::3]
    received = there_and_back(pool, sent)
    assert np.array_equal(received, sent)
    assert received.flags.writeable
    assert received.flags.c_contiguous


def test_an_array_of_objects_arrives(pool: SharedMemoryExecutor) -> None:
    """Objects in an array are pickled one by one, and a large array of them goes through memory as a stream."""
    sent = np.array([None, "flag", 2**70, b"x"] * 2000, dtype=object)
    assert there_and_back(pool, sent).tolist() == sent.tolist()


@pytest.mark.parametrize("kind", PAYLOADS)
@pytest.mark.parametrize("size", [64, MIN_BYTES, 1 << 20])
def test_payloads_arrive(pool: SharedMemoryExecutor, kind: str, size: int) -> None:
    """Every payload of the study comes back equal, below min_bytes and above."""
    value = PAYLOADS[kind].build(size)
    assert PAYLOADS[kind].equal(there_and_back(pool, value), value)


@dataclass
class Measured:
    """A record with an array in it."""

    name: str
    array: Any
    nested: dict[str, list[Any]]


def test_arrays_within_other_objects_travel_in_memory(forked: SharedMemoryExecutor) -> None:
    """Arrays in lists, dicts and dataclasses arrive equal, writable, and in place: none owns its data."""
    sent = Measured("flag", BIG, {"more": [BIG + 1, (BIG + 2, "text")]})
    received = there_and_back(forked, sent)
    first, second = received.nested["more"][0], received.nested["more"][1][0]
    for array, value in ((received.array, BIG), (first, BIG + 1), (second, BIG + 2)):
        assert np.array_equal(array, value)
        assert array.flags.writeable
        assert not array.flags.owndata


def test_the_same_array_twice_arrives_once(pool: SharedMemoryExecutor) -> None:
    """Identity within an argument is kept, as by any pickle."""
    one, other = there_and_back(pool, [BIG, BIG])
    assert one is other


@pytest.mark.parametrize(
    "value",
    [b"x" * 1_000_000, bytearray(b"y" * 1_000_000), "ü" * 500_000, list(range(200_000))],
    ids=["bytes", "bytearray", "str", "list"],
)
def test_what_pickles_in_band_arrives(pool: SharedMemoryExecutor, value: Any) -> None:
    """Large objects without buffers come back equal."""
    assert there_and_back(pool, value) == value


def test_a_frame_of_pandas_arrives(pool: SharedMemoryExecutor) -> None:
    """A DataFrame pickles out of band without knowing of us."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    sent = pandas.DataFrame({"a": BIG, "b": np.arange(BIG.size), "c": ["flag"] * BIG.size})
    assert there_and_back(pool, sent).equals(sent)


def test_keyword_arguments_and_chunks_travel_likewise(pool: SharedMemoryExecutor) -> None:
    """map() with chunks gives every result in order, whatever its size."""
    sizes = [10, 100_000, 0, 3, 50_000] * 3
    arrays = [np.full(size, float(size)) for size in sizes]
    assert [len(array) for array in pool.map(operator.neg, arrays, chunksize=4)] == sizes
    assert pool.submit(sorted, list(range(50_000)), reverse=True).result(timeout=60)[0] == 49_999


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.integers(),
        st.text(max_size=20),
        st.binary(max_size=100),
        st.integers(0, 3 * MIN_BYTES).map(bytes),
        st.integers(0, 3 * MIN_BYTES).map(bytearray),
        st.integers(0, MIN_BYTES).map(lambda n: Track("t", [Point(1.0, 2.0, n)] * (n // 64))),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=5)),
    max_leaves=20,
)


@settings(max_examples=30)
@given(value=VALUES)
def test_whatever_pickles_arrives(forked: SharedMemoryExecutor, value: Any) -> None:
    """Any object of such parts is equal after the trip, at sizes around min_bytes and of many pieces."""
    assert there_and_back(forked, value) == value


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(0, 3 * MIN_BYTES), max_size=8),
    stream=st.integers(0, 3 * MIN_BYTES),
    is_kept=st.booleans(),
)
def test_buffers_of_any_sizes_arrive(
    forked: SharedMemoryExecutor, sizes: list[int], stream: int, *, is_kept: bool
) -> None:
    """Any number of buffers beside a stream of any length lie where the receiver looks for them."""
    arrays = [np.arange(size, dtype=np.uint8) for size in sizes]
    received, text = there_and_back(forked, (arrays, "x" * stream), is_kept=is_kept)
    assert text == "x" * stream
    assert len(received) == len(arrays)
    for one, other in zip(received, arrays, strict=True):
        assert np.array_equal(one, other)
        assert one.ctypes.data % 64 == 0 or one.nbytes < MIN_BYTES


@pytest.mark.soak
def test_payloads_beyond_two_gibibytes_arrive(forked: SharedMemoryExecutor) -> None:
    """Sizes that do not fit 32 bits do not matter, out of band or in band."""
    size = (1 << 31) + (1 << 20)
    array = np.zeros(size, dtype=np.uint8)
    array[-1] = 7
    received = there_and_back(forked, array)
    assert received.nbytes == size
    assert received[-1] == 7
    del received, array
    assert len(there_and_back(forked, bytes(size))) == size


def test_the_pipe_is_spared(forked: SharedMemoryExecutor) -> None:
    """An executor's parcel of a megabyte pickles to less than a kilobyte."""
    from flagkit.executors.shared.parcels import Parcel  # noqa: PLC0415 - not there on every platform

    for value in (BIG, b"x" * 1_000_000):
        parcel = Parcel(forked._home, echo, (value,), {})
        assert len(pickle.dumps(parcel)) < 1024
        future: Future[Any] = Future()
        future.cancel()
        parcel.meet(future)  # or what it has borrowed would be kept for it
