"""What can be relied on: the properties of an executor, and where a kind lacks one.

The contract tests (tests/executors) hold every kind to every property on every Python, and each deviation to be one:
when a peer mends it, a test fails until the line here is gone. `python -m flagkit.executors.property_table` writes the
table.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from flagkit.executors.registry import resolve

__all__ = ["Property", "deviation", "inapplicable"]


class Property(StrEnum):
    """The properties, in the words of the table."""

    SUBMIT = "submit() gives a future with the result of the call, keyword arguments included"
    MAP_ORDER = "map() gives the results in the order of the items, over several iterables too"
    MAP_CHUNKS = "map() gives the same with any `chunksize`"
    MAP_TIMEOUT = "map() raises TimeoutError after its `timeout`, and the pool goes on"
    MAP_BUFFER = "map() with a `buffersize` takes items only as results are taken (Python 3.14)"
    FUTURES = "wait(), as_completed() and callbacks see every future end"
    EXCEPTION = "an exception is its own future's alone"
    EXCEPTION_WHOLE = "an exception keeps what it holds, such as the `errno` of an OSError"
    TRACEBACK = "an exception brings the traceback of the worker and its cause"
    EXCEPTION_UNPICKLABLE = "an exception that cannot be pickled fails its own future alone"
    ARGUMENT_UNPICKLABLE = "an argument that cannot be pickled fails its own future alone"
    RESULT_UNPICKLABLE = "a result that cannot be pickled fails its own future alone"
    ARRAY = "an array arrives as a copy that may be written to"
    THREADS = "many threads can submit at once"
    CANCEL = "a task that waits can be cancelled, one that runs cannot"
    SHUTDOWN_WAITS = "shutdown(), and leaving the `with` block, finish what was submitted"
    SHUTDOWN_NO_WAIT = "shutdown(wait=False) returns while tasks run, which are finished all the same"
    SHUTDOWN_CANCELS = "shutdown(cancel_futures=True) cancels what waits and finishes what runs"
    SHUT = "a pool that is shut down raises RuntimeError for a further task"
    INITIALIZER = "an `initializer` runs in every worker before its first task"
    INITIALIZER_FAILS = "an initializer that fails breaks the pool: BrokenExecutor, no hang"
    KILLED = "kill -9 of a worker in mid-task breaks the pool: BrokenExecutor, no hang"
    MAX_TASKS = "`max_tasks_per_child` replaces a worker after that many tasks"
    TWO_POOLS = "two pools at once do not disturb each other"
    NOTHING_LEFT = "no process, thread, socket, shared memory or file descriptor is left within 10 s of the shutdown"
    NOTHING_LEFT_KILLED = "nor after kill -9 of a worker"


_NO_PICKLING = "nothing is pickled"
_ONE_BY_ONE = "each task is done when submit() returns"
_BY_FAMILY: Mapping[str, Mapping[Property, str]] = {
    "serial": {
        Property.MAP_TIMEOUT: _ONE_BY_ONE,
        Property.EXCEPTION_UNPICKLABLE: _NO_PICKLING,
        Property.ARGUMENT_UNPICKLABLE: _NO_PICKLING,
        Property.RESULT_UNPICKLABLE: _NO_PICKLING,
        Property.ARRAY: "the task gets the caller's own",
        Property.CANCEL: _ONE_BY_ONE,
        Property.SHUTDOWN_NO_WAIT: _ONE_BY_ONE,
        Property.SHUTDOWN_CANCELS: _ONE_BY_ONE,
        Property.INITIALIZER: "there is no worker",
        Property.INITIALIZER_FAILS: "there is no worker",
        Property.KILLED: "there is no worker process",
        Property.MAX_TASKS: "there is no worker process",
        Property.NOTHING_LEFT_KILLED: "there is no worker process",
    },
    "thread": {
        Property.EXCEPTION_UNPICKLABLE: _NO_PICKLING,
        Property.ARGUMENT_UNPICKLABLE: _NO_PICKLING,
        Property.RESULT_UNPICKLABLE: _NO_PICKLING,
        Property.ARRAY: "the task gets the caller's own",
        Property.KILLED: "there is no worker process",
        Property.MAX_TASKS: "there is no worker process",
        Property.NOTHING_LEFT_KILLED: "there is no worker process",
    },
    "interpreter": {
        Property.ARRAY: "numpy does not load in a subinterpreter",
        Property.KILLED: "there is no worker process",
        Property.MAX_TASKS: "there is no worker process",
        Property.NOTHING_LEFT_KILLED: "there is no worker process",
    },
    "process": {},
    "cluster": {},
}

DEVIATIONS: Mapping[str, Mapping[Property, str]] = MappingProxyType(
    {
        "process-fork": {Property.MAX_TASKS: "ProcessPoolExecutor refuses it with fork (python/cpython#90622)"},
        "loky": {Property.MAX_TASKS: "loky has no such option"},
        "joblib": {
            Property.ARRAY: "joblib sends arrays of 1 MB and more as memory-mapped files that cannot be written to",
            Property.MAX_TASKS: "joblib has no such option",
            Property.TWO_POOLS: "joblib has one pool a process, for all that use it",
        },
        "mpire": {
            Property.EXCEPTION_WHOLE: "mpire makes exceptions anew, from their arguments alone",
            Property.TRACEBACK: "mpire brings the traceback without the cause",
            Property.ARGUMENT_UNPICKLABLE: "mpire loses the task: its future never ends, and neither does shutdown()",
            Property.RESULT_UNPICKLABLE: "mpire loses the result: its future never ends, and neither does shutdown()",
            Property.CANCEL: "mpire hands a task to a worker at once",
            Property.SHUTDOWN_CANCELS: "mpire hands a task to a worker at once",
            Property.MAX_TASKS: "mpire has it for map() alone, not for single tasks",
            Property.NOTHING_LEFT_KILLED: "mpire leaves file descriptors of a broken pool open",
        },
        "dask": {
            Property.RESULT_UNPICKLABLE: "Dask asks the worker for the result again and again",
            Property.CANCEL: "Dask's futures do not tell that they run, and one that does can be cancelled",
            Property.SHUTDOWN_CANCELS: "Dask's futures do not tell that they run, and one that does can be cancelled",
            Property.INITIALIZER: "the workers are the cluster's, not the pool's",
            Property.INITIALIZER_FAILS: "the workers are the cluster's, not the pool's",
            Property.KILLED: "Dask runs the task again on another worker, and gives it up after the fourth",
            Property.MAX_TASKS: "the workers are the cluster's, not the pool's",
        },
    },
)


def inapplicable(kind: str, property_: Property) -> str | None:
    """Return why a property means nothing for a kind; None where it does."""
    return _BY_FAMILY[resolve(kind).family].get(property_)


def deviation(kind: str, property_: Property) -> str | None:
    """Return why a kind lacks a property that it should have; None where it has it."""
    return DEVIATIONS.get(kind, {}).get(property_)
