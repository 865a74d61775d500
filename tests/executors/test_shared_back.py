"""SharedMemoryExecutor: a result that is in the memory of the arguments comes back in it, as private as any other."""

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagkit.executors import SharedMemoryExecutor
from flagkit.executors.shared import memory, missing
from flagkit.payloads import echo

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

MIN_BYTES = 4096
COUNT = 60_000
KEPT: list[Any] = []


@pytest.fixture
def pool() -> Iterator[SharedMemoryExecutor]:
    """Give a pool of one worker that knows this module and has run a task."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork"), min_bytes=MIN_BYTES) as executor:
        executor.submit(echo, 0).result()
        yield executor


@pytest.fixture(scope="module")
def lasting() -> Iterator[SharedMemoryExecutor]:
    """Give a pool of one worker, the same one to all examples of a test."""
    with SharedMemoryExecutor(1, multiprocessing.get_context("fork"), min_bytes=MIN_BYTES) as executor:
        yield executor


def numbers() -> Any:
    """Return an array of 480 kB."""
    return np.arange(COUNT, dtype=np.float64)


def negate(array: Any) -> Any:
    """Change the argument in place and return it."""
    return np.negative(array, out=array)


def most(array: Any) -> Any:
    """Return a view of most of the argument, which begins where memory is aligned."""
    return array[64:].reshape(-1, 4)


def halves(array: Any) -> Any:
    """Return two views that have nothing in common."""
    return {"low": array[: COUNT // 2], "high": array[COUNT // 2 :]}


def fixed(array: Any) -> Any:
    """Return the argument for reading only."""
    array.flags.writeable = False
    return array


def kept(array: Any) -> Any:
    """Keep the argument."""
    KEPT.append(array)
    return array


def overlapping(array: Any) -> Any:
    """Return two views that have some numbers in common."""
    return array[: COUNT // 2 + 512], array[COUNT // 2 - 512 :]


def little(array: Any) -> Any:
    """Return a view of a small part."""
    return array[:1024]


def unaligned(array: Any) -> Any:
    """Return all but the first number."""
    return array[1:]


def with_another(array: Any) -> Any:
    """Return the argument and an array of the task's own."""
    return array, np.ones(COUNT)


def with_a_stream(array: Any) -> Any:
    """Return the argument and many objects."""
    return array, list(range(COUNT))


def forked(array: Any) -> Any:
    """Return the argument, which a child may have been reading."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    array[0] = 5  # which the memory, private by now, does not show
    return array


def parts(array: Any, spans: list[tuple[int, int]]) -> list[Any]:
    """Return views of the argument."""
    return [array[start:stop] for start, stop in spans]


def change_kept() -> float:
    """Write to what has been kept, after telling what it was."""
    array = KEPT[-1]
    first = float(array[0])
    array[:] = -7
    return first


def arrays_of(value: Any) -> list[Any]:
    """Return the arrays in a result."""
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
    return [one for one in values if isinstance(one, np.ndarray)]


def pieces_for(pool: SharedMemoryExecutor, task: Callable[[Any], Any]) -> tuple[Any, int]:
    """Return a task's result, and how many pieces of memory it has taken: two, unless it came back where it went."""
    before = next(memory._serial)
    result = pool.submit(task, numbers()).result(timeout=60)
    return result, next(memory._serial) - before - 1


@pytest.mark.parametrize("task", [echo, negate, most, halves, fixed])
def test_it_comes_back_without_a_copy(pool: SharedMemoryExecutor, task: Callable[[Any], Any]) -> None:
    """One piece of memory is enough for the argument and the result, which equals what the task returns here."""
    result, pieces = pieces_for(pool, task)
    assert pieces == 1
    check_equal(result, task(numbers()))


@pytest.mark.parametrize(
    "task", [kept, overlapping, little, unaligned, with_another, with_a_stream, forked], ids=lambda task: task.__name__
)
def test_it_is_copied_where_the_memory_cannot_go(pool: SharedMemoryExecutor, task: Callable[[Any], Any]) -> None:
    """What the worker still has, what overlaps, and what is not alone in the memory or too little is copied."""
    result, pieces = pieces_for(pool, task)
    assert pieces == 2
    check_equal(result, task(numbers()))


def check_equal(result: Any, expected: Any) -> None:
    """Compare all arrays, their flags included."""
    assert type(result) is type(expected)
    pairs = list(zip(arrays_of(result), arrays_of(expected), strict=True))
    assert pairs
    for one, other in pairs:
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype
        for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED"):
            assert one.flags[flag] == other.flags[flag], flag


def test_a_worker_that_keeps_it_has_its_own(pool: SharedMemoryExecutor) -> None:
    """What either side writes later, the other does not see, though the buffer had been left for going back."""
    result = pool.submit(kept, numbers()).result()
    result[:] = 3
    assert pool.submit(change_kept).result() == 0
    assert np.all(result == 3)


def test_the_next_task_has_other_memory(pool: SharedMemoryExecutor) -> None:
    """A result that is held is not written to by the tasks that follow, whatever they do with their argument."""
    results = [pool.submit(negate, numbers() + first).result() for first in range(8)]
    for first, result in enumerate(results):
        assert np.array_equal(result, -(numbers() + first))


def test_the_memory_is_used_again(pool: SharedMemoryExecutor) -> None:
    """A loop that drops each result for the next one takes no more memory than its first few rounds."""
    for _ in range(3):
        result = pool.submit(negate, numbers()).result()
    before = next(memory._serial)
    for _ in range(20):
        result = pool.submit(negate, result).result()
    assert next(memory._serial) - before - 1 <= 2  # another thread may let go of one a little later
    assert np.array_equal(result, -numbers())


SPANS = st.tuples(st.integers(0, 3 * MIN_BYTES), st.integers(0, 3 * MIN_BYTES))


@settings(max_examples=60)
@given(spans=st.lists(SPANS, max_size=4), is_aligned=st.booleans())
def test_any_views_arrive_as_by_pickle(
    lasting: SharedMemoryExecutor, spans: list[tuple[int, int]], *, is_aligned: bool
) -> None:
    """Views of any part of the argument arrive as pickle makes them: equal, each of them with bytes of its own."""
    array = (np.arange(3 * MIN_BYTES) % 251).astype(np.uint8)
    if is_aligned:
        spans = [(start // 64 * 64, stop) for start, stop in spans]
    received = lasting.submit(parts, array, spans).result(timeout=60)
    expected = pickle.loads(pickle.dumps(parts(array, spans)))
    for number, (one, other) in enumerate(zip(received, expected, strict=True)):
        assert np.array_equal(one, other)
        one[:] = 251 + number
    for number, one in enumerate(received):
        assert np.all(one == 251 + number)
