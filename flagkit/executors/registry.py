"""The registry of executor kinds: what each is, whether it can run here, and how it is made."""

import importlib
import importlib.util
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from flagkit.cpus import usable_cpus
from flagkit.executors import shared
from flagkit.executors.serial import SerialExecutor

__all__ = ["EXECUTORS", "ExecutorSpec", "UnavailableError", "UnknownKindError", "available", "make", "resolve"]

Family = Literal["serial", "thread", "process", "interpreter", "cluster"]
StartMethod = Literal["fork", "forkserver", "spawn"]

PROCESS = "process"
"""The alias of the process kind with the platform's default start method."""
MOST_ON_WINDOWS = 61
"""Worker processes of a pool, which waits for all of them at once: Windows lets it wait for no more than 63 things."""


class UnknownKindError(ValueError):
    """No executor kind has this name; the message lists those that there are."""


class UnavailableError(RuntimeError):
    """This Python or machine lacks the kind; the message says why and lists the kinds that work here."""


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """An executor kind: `family` says what its workers are, `start_method` how its processes begin (None without)."""

    kind: str
    summary: str
    family: Family
    build: Callable[..., Executor]
    """Called with the number of workers and the options of `make`."""
    missing: Callable[[], str | None]
    """Called for the reason why the kind cannot run here; None when it can."""
    start_method: StartMethod | None = None

    def unavailable(self) -> str | None:
        """Return in a few words why the kind cannot run here, or None when it can."""
        return self.missing()

    @property
    def max_workers(self) -> int | None:
        """The most workers that the kind accepts, None where there is no such limit."""
        if self.family == "process" and sys.platform == "win32":
            return MOST_ON_WINDOWS
        return 1 if self.family == "serial" else None


def _nothing_missing() -> None:
    return None


def _serial(workers: int) -> Executor:  # noqa: ARG001 - make() has checked that it is 1
    return SerialExecutor()


def _threads(workers: int, **options: Any) -> Executor:
    return ThreadPoolExecutor(workers, **options)


def _processes(start_method: StartMethod) -> ExecutorSpec:
    def build(workers: int, **options: Any) -> Executor:
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(start_method), **options)

    def missing() -> str | None:
        if start_method not in multiprocessing.get_all_start_methods():
            return f"{sys.platform} cannot start processes by {start_method}"
        return _semaphores_missing()

    how = {
        "fork": "copies of this process",
        "forkserver": "copies of a small server process",
        "spawn": "fresh processes that import what they need",
    }
    return ExecutorSpec(
        kind=f"process-{start_method}",
        summary=f"ProcessPoolExecutor: {how[start_method]}",
        family="process",
        build=build,
        missing=missing,
        start_method=start_method,
    )


def _semaphores_missing() -> str | None:
    try:
        importlib.import_module("multiprocessing.synchronize")
    except ImportError:
        return "this Python was built without working semaphores (sem_open)"
    return None


def _interpreters(workers: int, **options: Any) -> Executor:
    if sys.version_info >= (3, 14):
        from concurrent.futures import InterpreterPoolExecutor  # noqa: PLC0415 - not to be had before

        return InterpreterPoolExecutor(workers, **options)
    raise UnavailableError(_interpreters_missing())  # make() has asked before: this is for direct callers of build


def _interpreters_missing() -> str | None:
    return None if sys.version_info >= (3, 14) else "InterpreterPoolExecutor came with Python 3.14"


def _shared(workers: int, start_method: StartMethod = "forkserver", **options: Any) -> Executor:
    options.setdefault("mp_context", multiprocessing.get_context(start_method))
    return shared.SharedMemoryExecutor(workers, **options)


def _library(
    kind: str,
    summary: str,
    *,
    library: str,
    extra: str,
    executor: str,
    start_method: StartMethod | None,
    family: Family = "process",
    fixed: Mapping[str, Any] = MappingProxyType({}),
) -> ExecutorSpec:
    """Return the kind that another library's pool is, by a module of ours that is imported when one is made."""

    def build(workers: int, **options: Any) -> Executor:
        module, _, name = executor.partition(":")
        made: Executor = getattr(importlib.import_module(module), name)(workers, **fixed, **options)
        return made

    def missing() -> str | None:
        if importlib.util.find_spec(library) is None:
            return f"{library} is not installed (pip install 'flagkit[{extra}]')"
        return _semaphores_missing()

    return ExecutorSpec(kind, summary, family, build, missing, start_method)


MPIRE_START_METHOD: StartMethod = "fork" if sys.platform == "linux" else "spawn"

EXECUTORS: Mapping[str, ExecutorSpec] = MappingProxyType(
    {
        spec.kind: spec
        for spec in (
            ExecutorSpec("serial", "one task after the other, in the caller", "serial", _serial, _nothing_missing),
            ExecutorSpec("thread", "ThreadPoolExecutor: threads of one process", "thread", _threads, _nothing_missing),
            _processes("fork"),
            _processes("forkserver"),
            _processes("spawn"),
            ExecutorSpec(
                "interpreter",
                "InterpreterPoolExecutor: threads, each with an interpreter and a GIL of its own",
                "interpreter",
                _interpreters,
                _interpreters_missing,
            ),
            ExecutorSpec(
                "shared",
                "SharedMemoryExecutor: a process pool whose large data goes through shared memory",
                "process",
                _shared,
                shared.missing,
                start_method="forkserver",
            ),
            _library(
                "loky",
                "loky: fresh processes, cloudpickle",
                library="loky",
                extra="loky",
                executor="flagkit.executors.loky_pool:LokyExecutor",
                start_method="spawn",
            ),
            _library(
                "joblib",
                "joblib's pool: loky's, with large arrays memory-mapped",
                library="joblib",
                extra="peers",
                executor="flagkit.executors.joblib_pool:JoblibExecutor",
                start_method="spawn",
            ),
            _library(
                "mpire",
                f"mpire's WorkerPool: processes by {MPIRE_START_METHOD}",
                library="mpire",
                extra="peers",
                executor="flagkit.executors.mpire_pool:MpireExecutor",
                start_method=MPIRE_START_METHOD,
                fixed={"start_method": MPIRE_START_METHOD},
            ),
            _library(
                "dask",
                "Dask: a local cluster of processes, or an existing scheduler's workers",
                library="distributed",
                extra="dask",
                executor="flagkit.executors.dask_cluster:DaskExecutor",
                start_method=None,
                family="cluster",
            ),
        )
    },
)


def available() -> tuple[str, ...]:
    """Return the kinds that can run on this Python and machine, in the registry's order."""
    return tuple(kind for kind, spec in EXECUTORS.items() if spec.unavailable() is None)


def resolve(kind: str) -> ExecutorSpec:
    """Return the spec of `kind`; `process` means the platform's default start method. UnknownKindError otherwise."""
    if kind == PROCESS:
        kind = f"process-{multiprocessing.get_context().get_start_method()}"
    try:
        return EXECUTORS[kind]
    except KeyError:
        known = ", ".join([*EXECUTORS, PROCESS])
        raise UnknownKindError(f"no executor kind is called {kind!r}; there are: {known}") from None


def make(kind: str, workers: int | None = None, **options: Any) -> Executor:
    """Return a new executor of `kind`, to be used as a context manager.

    `workers` defaults to the usable processors, as far as the kind can have as many; serial has one, always. `options`
    go to the executor's constructor (`initializer`, `max_tasks_per_child`, ...). Raises UnknownKindError,
    UnavailableError, and ValueError for a number of workers that the kind cannot have.
    """
    spec = resolve(kind)
    if reason := spec.unavailable():
        raise UnavailableError(f"{spec.kind} is not available here: {reason}; available: {', '.join(available())}")
    most = spec.max_workers
    if workers is None:
        workers = usable_cpus() if most is None else min(usable_cpus(), most)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    if most is not None and workers > most:
        raise ValueError(f"{spec.kind} has at most {most} worker{'s' if most > 1 else ''}, not {workers}")
    return spec.build(workers, **options)
