"""trace(): where the time of each task went, and nothing else changed by it."""

import gc
import math
import operator
import os
import pickle
import statistics
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from dataclasses import FrozenInstanceError, replace
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagkit.executors import SerialExecutor, Step, Task, TracedExecutor, available, make, trace, warm
from flagkit.executors.stamps import Call, Delivery, Reply, Trail
from flagkit.payloads import echo
from flagkit.work import gcd

LOCAL = ("serial", "thread")
"""Kinds that run the caller's own objects."""
IN_ORDER = (
    "submitted",
    "pickle_began",
    "pickle_ended",
    "unpickle_began",
    "function_loaded",
    "instrument_loaded",
    "unpickle_ended",
    "run_began",
    "run_ended",
    "result_pickle_began",
    "result_pickle_ended",
    "result_unpickle_began",
    "result_unpickle_ended",
    "done",
)


@pytest.fixture(scope="module", params=available())
def traced(request: pytest.FixtureRequest) -> Iterator[TracedExecutor]:
    """Trace a pool of each kind that can run here; of one worker."""
    with trace(make(request.param, 1)) as executor:
        executor.kind = request.param  # type: ignore[attr-defined] # for the tests to know
        yield executor


def kind_of(traced: TracedExecutor) -> str:
    """Return the kind that is traced."""
    kind: str = traced.kind  # type: ignore[attr-defined]
    return kind


def is_local(traced: TracedExecutor) -> bool:
    """Tell whether the kind pickles nothing."""
    return kind_of(traced) in LOCAL


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside) | st.tuples(inside, inside),
)


@settings(max_examples=30)
@given(args=st.lists(values, max_size=3), kwargs=st.dictionaries(st.text(min_size=1), values, max_size=3))
def test_a_call_arrives_as_it_was_sent(args: list[Any], kwargs: dict[str, Any]) -> None:
    """Arguments and result of a traced task are equal to what was sent, and its times are in order."""
    trail = Trail(time.perf_counter_ns(), ("builtins", "dict"))
    delivery = pickle.loads(pickle.dumps(Call(trail, given_back, tuple(args), kwargs)))
    reply = pickle.loads(pickle.dumps(delivery()))
    assert reply.result == (tuple(args), kwargs)
    times = [trail.submitted, trail.pickle_began, trail.pickle_ended, *reply.there, *reply.run, *reply.back]
    assert times == sorted(times)
    assert len(times) == len(IN_ORDER) - 1


def given_back(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """Return the arguments."""
    return args, kwargs


def test_a_result_arrives(traced: TracedExecutor) -> None:
    """Futures of a traced pool have the results that they would have without it, and so has map()."""
    assert traced.submit(math.gcd, 12, 18).result(timeout=60) == 6
    assert traced.submit(int, "11", base=2).result(timeout=60) == 3
    assert list(traced.map(operator.add, range(5), range(5))) == [0, 2, 4, 6, 8]
    assert list(traced.map(operator.neg, range(7), chunksize=3)) == [0, -1, -2, -3, -4, -5, -6]


def test_the_boundaries_are_in_order(traced: TracedExecutor) -> None:
    """Every boundary has its time, between the call and the result, and none is before the one that it follows."""
    before = time.perf_counter_ns()
    future = traced.submit(echo, b"flag")
    future.result(timeout=60)
    after = time.perf_counter_ns()
    task = traced.trace_of(future)
    times = [getattr(task, name) for name in IN_ORDER]
    known = [moment for moment in times if moment is not None]
    assert [before, *known, after] == sorted([before, *known, after])
    assert len(known) == (4 if is_local(traced) else len(IN_ORDER))


def test_steps_and_residual_add_up(traced: TracedExecutor) -> None:
    """All ten steps, the tracing and the residual make up the time from end to end, and none is negative."""
    wait([traced.submit(echo, bytes(size)) for size in (0, 100, 100_000)])
    for task in traced.tasks[-3:]:
        assert list(task.steps()) == list(Step)
        assert min(*task.steps().values(), task.residual_ns, task.instrument_ns) >= 0
        assert sum(task.steps().values()) + task.instrument_ns + task.residual_ns == task.end_to_end_ns


def test_steps_that_are_not_needed_take_nothing(traced: TracedExecutor) -> None:
    """Where the caller's own objects are run, nothing is pickled or sent; elsewhere each step takes its time."""
    future = traced.submit(echo, b"flag")
    future.result(timeout=60)
    task = traced.trace_of(future)
    taken = {step for step, ns in task.steps().items() if ns > 0}
    assert taken == ({Step.QUEUE, Step.RUN, Step.MERGE} if is_local(traced) else set(Step))


@pytest.mark.once
@pytest.mark.parametrize("size_bytes", [64, 64 << 10, 16 << 20])
def test_the_residual_is_small(traced: TracedExecutor, size_bytes: int) -> None:
    """In the median, no more than a tenth of a short task, a twentieth of a longer one, is in none of the steps.

    The worker of another library does more between reading a task and running it: there it is a tenth of any.
    """
    payload = bytes(size_bytes)
    count = 5 if size_bytes > 1 << 20 else 25
    futures = [traced.submit(echo, payload) for _ in range(3)]
    wait(futures)
    most = 0.1 if kind_of(traced) in ("loky", "joblib", "mpire", "dask") else 0.05
    for _ in range(5):  # a thread that waits for a core is in no step: where others keep the cores busy, once more
        begin = len(traced.tasks)
        for _ in range(count):
            assert traced.submit(echo, payload).result(timeout=60) == payload
        tasks = traced.tasks[begin:]
        share = statistics.median(task.residual_ns / task.end_to_end_ns for task in tasks)
        is_short = statistics.median(task.end_to_end_ns for task in tasks) < 100_000
        if share <= (0.1 if is_short else most):
            return
    pytest.fail(f"{share:.1%} of the time is in none of the steps")


def test_where_the_time_is_spent_shows(traced: TracedExecutor) -> None:
    """A task that sleeps does so while it is run; a long list takes far longer to pickle than a short one."""
    future = traced.submit(time.sleep, 0.05)
    future.result(timeout=60)
    task = traced.trace_of(future)
    assert task.steps()[Step.RUN] >= 50_000_000
    if is_local(traced):
        return
    short, long = steps_of(traced, [1]), steps_of(traced, list(range(200_000)))
    for step in (Step.PICKLE, Step.UNPICKLE, Step.PICKLE_RESULT, Step.UNPICKLE_RESULT):
        assert long[step] > 10 * short[step]
    assert long[Step.IMPORT] < long[Step.UNPICKLE]


def steps_of(traced: TracedExecutor, payload: Any) -> dict[Step, float]:
    """Return the median of each step over some tasks that return the payload."""
    futures = [traced.submit(echo, payload) for _ in range(5)]
    wait(futures)
    steps = [traced.trace_of(future).steps() for future in futures]
    return {step: statistics.median(one[step] for one in steps) for step in Step}


@pytest.mark.parametrize("kind", [kind for kind in ("process-spawn", "interpreter") if kind in available()])
def test_the_first_task_of_a_worker_imports(kind: str) -> None:
    """The first task with a function of a module is marked, and its import step is where that module is loaded."""
    with trace(make(kind, 1)) as traced:
        for _ in range(4):
            traced.submit(escape, "a < b").result(timeout=60)
        traced.submit(math.gcd, 2, 4).result(timeout=60)
    first, *later, other = traced.tasks
    assert [first.is_first, *(task.is_first for task in later), other.is_first] == [True, False, False, False, True]
    assert first.steps()[Step.IMPORT] > 20 * statistics.median(task.steps()[Step.IMPORT] for task in later)
    assert first.function == "xml.sax.saxutils.escape"


def test_each_worker_has_a_first_task() -> None:
    """Of many tasks on three workers, three are first, one on each, and the workers are those that warm() sees."""
    with trace(make("thread", 3)) as traced:
        seen = warm(traced, 3)
    first = [task.worker for task in traced.tasks if task.is_first]
    assert len(first) == 3
    assert set(first) == seen


def test_the_record_is_there_when_the_result_is() -> None:
    """Whoever has a result can have its record, whether it waited for the future or was called by it."""
    found: list[Task] = []
    with trace(make("thread", 2)) as traced:
        futures = [traced.submit(echo, number) for number in range(50)]
        for future in futures:
            future.add_done_callback(lambda done: found.append(traced.trace_of(done)))
        for future in futures:
            future.result(timeout=60)
            assert traced.trace_of(future) in traced.tasks
    assert len(found) == len(traced.tasks) == 50


def test_there_is_no_record_before_the_end() -> None:
    """A future that is not done, and one of another executor, has no record."""
    release = threading.Event()
    with trace(make("thread", 1)) as traced:
        future = traced.submit(release.wait)
        with pytest.raises(ValueError, match="not done yet"):
            traced.trace_of(future)
        assert traced.tasks == []
        release.set()
    done: Future[None] = Future()
    done.set_result(None)
    with pytest.raises(ValueError, match="not traced"):
        traced.trace_of(done)


def test_a_record_does_not_change() -> None:
    """A record is frozen."""
    with trace(SerialExecutor()) as traced:
        traced.submit(gcd, (12, 18))
    with pytest.raises(FrozenInstanceError):
        traced.tasks[0].done = 0  # type: ignore[misc] # which is what is tested


def test_a_failed_task_has_a_record(traced: TracedExecutor) -> None:
    """A task that raises has the name of its exception, the steps that are known, and all of its time."""
    future = traced.submit(operator.truediv, 1, 0)
    assert isinstance(future.exception(timeout=60), ZeroDivisionError)
    task = traced.trace_of(future)
    assert task.failure == "ZeroDivisionError"
    assert sum(task.steps().values()) + task.residual_ns == task.end_to_end_ns > 0
    assert (task.run_ended is None) == (not is_local(traced))


def test_a_cancelled_task_has_a_record() -> None:
    """Cancelling a traced future cancels what waits in the pool, tells those who wait for it, and is recorded."""
    release = threading.Event()
    ran: list[int] = []
    with trace(make("thread", 1)) as traced:
        running = traced.submit(release.wait)
        waiting = traced.submit(ran.append, 1)
        while not running.running():
            time.sleep(0.001)
        assert not running.cancel()
        assert not waiting.running()
        assert waiting.cancel()
        assert waiting.cancelled()
        both: list[Future[Any]] = [running, waiting]
        assert waiting in wait(both, timeout=60, return_when="FIRST_COMPLETED").done
        with pytest.raises(CancelledError):
            waiting.result()
        release.set()
    assert not running.cancel()
    assert not running.running()
    assert ran == []
    assert traced.trace_of(waiting).failure == "CancelledError"


def test_a_map_in_chunks_is_traced_by_chunk() -> None:
    """Where the pool maps in chunks, each is a task, named after the function; where it does not, each item is one."""
    with trace(make("process-spawn", 1)) as traced:
        list(traced.map(math.sqrt, range(10), chunksize=4))
        with pytest.raises(ValueError, match="chunksize"):
            traced.map(math.sqrt, range(10), chunksize=0)
    assert [task.function for task in traced.tasks] == ["math.sqrt"] * 3
    with trace(make("thread", 1)) as traced:
        list(traced.map(math.sqrt, range(10), chunksize=4))
    assert len(traced.tasks) == 10


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (gcd, f"{gcd.__module__}.gcd"),
        (len, "builtins.len"),
        (partial(partial(gcd), (1, 2)), f"{gcd.__module__}.gcd"),
        ([].append, "builtins.list.append"),
        (operator.itemgetter(1), "operator.itemgetter"),
    ],
)
def test_a_function_is_named(function: Any, name: str) -> None:
    """A record names what was called: what is inside a partial, and the class of a callable object."""
    with trace(SerialExecutor()) as traced:
        traced.submit(function)  # that it lacks its arguments is of no matter
    assert traced.tasks[0].function == name


def test_what_was_sent_is_let_go() -> None:
    """Neither the executor nor a record keeps arguments or results alive, not even until the garbage collector runs."""
    gc.disable()
    try:
        with trace(make("thread", 1)) as traced:
            payload = np.ones(10)
            argument = weakref.ref(payload)
            future = traced.submit(echo, payload)
            future.result(timeout=60)
            del payload, future
            traced.submit(echo, None).result(timeout=60)
            assert argument() is None
            assert len(traced.tasks) == 2
    finally:
        gc.enable()


def test_a_stop_on_the_way_does_not_count() -> None:
    """A task that is read and sent on, as by a scheduler, has the times of its last reading."""
    trail = Trail(time.perf_counter_ns(), ("flagkit.work", "gcd"))
    stop = pickle.loads(pickle.dumps(Call(trail, gcd, ((12, 18),), {})))
    sent_on = time.perf_counter_ns()
    reply = pickle.loads(pickle.dumps(stop))()
    assert isinstance(stop, Delivery)
    assert isinstance(reply, Reply)
    assert reply.result == 6
    assert min(reply.there) > sent_on


def test_buffers_out_of_band_are_passed_on() -> None:
    """An array inside a traced task, or in its result, still leaves the pickle as a buffer."""
    array = np.arange(1000.0)
    trail = Trail(time.perf_counter_ns(), ("builtins", "len"))
    for carrier in (Call(trail, echo, (array,), {}), Reply(array, (0, 0, 0, 0), (0, 0), (0, 0, 0))):
        buffers: list[pickle.PickleBuffer] = []
        stream = pickle.dumps(carrier, 5, buffer_callback=buffers.append)
        assert [buffer.raw().nbytes for buffer in buffers] == [array.nbytes]
        assert len(stream) < 1000


def test_another_machines_clock_is_not_compared() -> None:
    """Where the worker has another clock, what both ways take together is kept, and each gets half of it."""
    with trace(make("process-spawn", 1)) as traced:
        traced.submit(gcd, (12, 18)).result(timeout=60)
    (here,) = traced.tasks
    assert here.is_one_clock
    shift = 10**15
    worker = IN_ORDER[3:11]
    there = replace(here, is_one_clock=False, **{name: getattr(here, name) + shift for name in worker})
    both_ways = here.steps()[Step.SEND] + here.steps()[Step.SEND_BACK]
    assert abs(there.steps()[Step.SEND] - both_ways / 2) <= 1
    assert abs(there.steps()[Step.SEND_BACK] - both_ways / 2) <= 1
    assert there.residual_ns == here.residual_ns


def test_shutdown_reaches_the_executor() -> None:
    """The options of shutdown() are handed on, and a pool that is shut down takes nothing more."""
    told: list[tuple[bool, bool]] = []

    class Listening(SerialExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the interface's own
            told.append((wait, cancel_futures))
            super().shutdown(wait, cancel_futures=cancel_futures)

    traced = trace(Listening())
    traced.shutdown(wait=False, cancel_futures=True)
    assert told == [(False, True)]
    with pytest.raises(RuntimeError, match="after shutdown"):
        traced.submit(os.getpid)
