"""What every executor kind must do, with one pool of each kind for all of these tests, which leave it in order.

The tasks come from the standard library, since every worker, of whatever start method, can import that; what it does
not have is in the text of a program.
"""

import math
import operator
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, Executor, Future, as_completed, wait
from typing import Any

import numpy as np
import pytest

from flagkit.executors import EXECUTORS
from flagkit.executors.properties import Property
from flagkit.work import WORKLOADS

RAISE_FROM = """
def deep():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise KeyError("flag") from error
deep()
"""
RAISE_UNPICKLABLE = """
class Local(Exception):
    pass
raise Local(lambda: None)
"""
SHORT_WORKLOADS = {work.function: work for _, work in sorted(WORKLOADS.items())}.values()
"""One for each function: of those by pairs and loops, the last in this order takes about a millisecond at most."""


def goes_on(pool: Executor) -> bool:
    """Tell whether the pool still does what it is for."""
    return pool.submit(math.gcd, 12, 18).result(timeout=30) == 6


@pytest.mark.property(Property.SUBMIT)
def test_results_arrive_through_futures(pool: Executor) -> None:
    """submit() returns a future with the result of the call, keyword arguments included."""
    assert pool.submit(math.gcd, 12, 18).result(timeout=30) == 6
    assert pool.submit(int, "11", base=2).result(timeout=30) == 3
    assert pool.submit(dict, fn=1, key=2, timeout=3).result(timeout=30) == {"fn": 1, "key": 2, "timeout": 3}


@pytest.mark.property(Property.MAP_ORDER)
def test_map_keeps_the_order(pool: Executor) -> None:
    """map() yields results in the order of the items, and ends with the shortest iterable."""
    assert list(pool.map(operator.neg, range(20))) == [-n for n in range(20)]
    assert list(pool.map(operator.sub, range(5), [1, 1, 1])) == [-1, 0, 1]
    assert list(pool.map(operator.neg, [])) == []


@pytest.mark.property(Property.MAP_CHUNKS)
@pytest.mark.parametrize("chunksize", [1, 3, 100])
def test_map_gives_the_same_in_chunks(pool: Executor, chunksize: int) -> None:
    """map() yields the same results with any chunksize."""
    assert list(pool.map(operator.sub, range(10), [1] * 10, chunksize=chunksize)) == list(range(-1, 9))


@pytest.mark.property(Property.MAP_TIMEOUT)
def test_map_times_out(pool: Executor) -> None:
    """map() raises TimeoutError when results are not there in time, and the pool is as good as before."""
    results = pool.map(time.sleep, [0, 0.8], timeout=0.01)
    with pytest.raises(TimeoutError):
        list(results)
    assert goes_on(pool)


@pytest.mark.property(Property.MAP_BUFFER)
@pytest.mark.skipif(sys.version_info < (3, 14), reason="buffersize came with Python 3.14")
def test_map_takes_items_as_they_are_needed(pool: Executor) -> None:
    """map() with a buffersize begins so many items at once, and another with each result that is taken."""
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    since_314: dict[str, Any] = {"buffersize": 4}
    results = pool.map(operator.neg, items(), **since_314)
    assert len(taken) == 4
    assert [next(results) for _ in range(3)] == [0, -1, -2]
    assert len(taken) == 7


@pytest.mark.property(Property.FUTURES)
def test_waiting_sees_every_end(pool: Executor) -> None:
    """wait(), as_completed() and done callbacks see each future, those that fail too."""
    futures: list[Future[float]] = [pool.submit(operator.truediv, 1, number) for number in range(5)]
    called: list[Future[float]] = []
    for future in futures:
        future.add_done_callback(called.append)
    assert set(as_completed(futures, timeout=30)) == set(futures)
    assert wait(futures, timeout=30, return_when=ALL_COMPLETED).not_done == set()
    assert all(future.done() and not future.running() and not future.cancelled() for future in futures)
    deadline = time.monotonic() + 10  # callbacks run after waiters are told
    while len(called) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(called) == set(futures)


@pytest.mark.property(Property.EXCEPTION)
def test_an_exception_is_the_futures(pool: Executor) -> None:
    """A task that raises leaves its exception in its own future, with its arguments, and the pool goes on."""
    failed, fine = pool.submit(operator.truediv, 1, 0), pool.submit(operator.truediv, 1, 2)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        failed.result(timeout=30)
    assert fine.result(timeout=30) == 0.5


@pytest.mark.property(Property.EXCEPTION_WHOLE)
def test_an_exception_keeps_what_it_holds(pool: Executor) -> None:
    """An OSError has its number and its file after it was sent."""
    error = pool.submit(open, "/no/such/flag").exception(timeout=30)
    assert isinstance(error, FileNotFoundError)
    assert (error.errno, error.filename) == (2, "/no/such/flag")


@pytest.mark.property(Property.TRACEBACK)
def test_an_exception_brings_its_traceback(pool: Executor) -> None:
    """What is printed of an exception names the function that raised it, and the exception that caused it."""
    error = pool.submit(exec, RAISE_FROM, {}).exception(timeout=30)
    assert isinstance(error, KeyError)
    told = "".join(traceback.format_exception(error))
    assert "in deep" in told
    assert "ZeroDivisionError: division by zero" in told


@pytest.mark.property(Property.EXCEPTION_UNPICKLABLE)
def test_an_exception_that_cannot_be_pickled(pool: Executor, patience_s: float) -> None:
    """An exception that cannot be sent becomes another one, of its own future alone."""
    failed, fine = pool.submit(exec, RAISE_UNPICKLABLE, {}), pool.submit(math.gcd, 4, 6)
    assert isinstance(failed.exception(timeout=patience_s), Exception)
    assert fine.result(timeout=patience_s) == 2
    assert goes_on(pool)


@pytest.mark.property(Property.ARGUMENT_UNPICKLABLE)
def test_an_argument_that_cannot_be_pickled(pool: Executor, patience_s: float) -> None:
    """An argument that cannot be sent is an error of its own future alone; nothing hangs."""
    before = pool.submit(math.gcd, 4, 6)
    failed = pool.submit(id, threading.Lock())
    after = pool.submit(math.gcd, 6, 9)
    assert isinstance(failed.exception(timeout=patience_s), Exception)
    assert (before.result(timeout=patience_s), after.result(timeout=patience_s)) == (2, 3)
    assert goes_on(pool)


@pytest.mark.property(Property.RESULT_UNPICKLABLE)
def test_a_result_that_cannot_be_pickled(pool: Executor, patience_s: float) -> None:
    """A result that cannot be sent is an error of its own future alone; nothing hangs."""
    before = pool.submit(math.gcd, 4, 6)
    failed = pool.submit(threading.Lock)
    after = pool.submit(math.gcd, 6, 9)
    assert isinstance(failed.exception(timeout=patience_s), Exception)
    assert (before.result(timeout=patience_s), after.result(timeout=patience_s)) == (2, 3)
    assert goes_on(pool)


@pytest.mark.property(Property.ARRAY)
def test_an_array_is_a_copy_of_ones_own(pool: Executor) -> None:
    """An array can be written to by a task and, when it comes back, by the caller; the caller's own stays as it was."""
    array = np.arange(300_000.0)
    write: Callable[..., None] = operator.setitem
    assert pool.submit(write, array, 0, 7.0).result(timeout=30) is None
    back = pool.submit(np.sort, array[::-1]).result(timeout=30)
    back[0] = 7.0
    assert array[0] == 0.0
    assert np.array_equal(back[1:], array[1:])
    assert back.dtype == array.dtype


@pytest.mark.property(Property.THREADS)
def test_many_threads_can_submit(pool: Executor) -> None:
    """Eight threads that submit at once each get the results of their own tasks."""
    start = threading.Barrier(8)
    results: dict[int, list[int]] = {}

    def work(number: int) -> None:
        start.wait()
        futures = [pool.submit(operator.mul, number, item) for item in range(12)]
        results[number] = [future.result(timeout=30) for future in futures]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [number * item for item in range(12)] for number in range(8)}


@pytest.mark.property(Property.CANCEL)
def test_what_waits_can_be_cancelled(pool: Executor) -> None:
    """The last of many tasks can be cancelled while the first runs, which cannot."""
    futures = [pool.submit(time.sleep, seconds) for seconds in (0.5, *[0.15] * 25)]
    last = pool.submit(math.gcd, 4, 6)
    deadline = time.monotonic() + 30
    while not futures[0].running():
        assert not futures[0].done()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert last.cancel()
    assert last.cancelled()
    assert not futures[0].cancel()
    assert last in wait([last], timeout=30).done
    for future in reversed(futures):
        future.cancel()
    assert wait(futures, timeout=30).not_done == set()
    assert not futures[0].cancelled()
    assert goes_on(pool)


def test_workloads_give_the_serial_results(kind: str, pool: Executor) -> None:
    """Each function of the workloads gives the same result on this kind as in a plain call, and that is right."""
    family = EXECUTORS[kind.removeprefix("trace(").removesuffix(")")].family
    for work in SHORT_WORKLOADS:
        if work.unavailable(family) is None:
            item = min(work.items, key=repr)
            result = pool.submit(work.function, item).result(timeout=30)
            assert result == work.function(item) == work.oracle(item), work.name
