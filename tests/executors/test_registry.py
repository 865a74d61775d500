"""The registry: every kind by name, with its reason where it cannot run."""

import multiprocessing
import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from flagkit.cpus import usable_cpus
from flagkit.executors import (
    EXECUTORS,
    SerialExecutor,
    UnavailableError,
    UnknownKindError,
    available,
    make,
    registry,
    resolve,
)


def test_kinds_are_those_of_the_standard_library_ours_and_their_peers() -> None:
    """The registry holds every executor that Python has, the serial one first, then ours and other libraries'."""
    standard = ["serial", "thread", "process-fork", "process-forkserver", "process-spawn", "interpreter"]
    assert list(EXECUTORS) == [*standard, "shared", "loky", "joblib", "mpire", "dask"]


@pytest.mark.parametrize("kind", EXECUTORS)
def test_a_spec_knows_its_kind(kind: str) -> None:
    """Each spec carries its own name, a summary, and a start method exactly when it runs processes."""
    spec = EXECUTORS[kind]
    assert spec.kind == kind
    assert spec.summary
    assert (spec.start_method is not None) == (spec.family == "process")


@pytest.mark.parametrize("kind", EXECUTORS)
def test_a_kind_is_available_or_has_a_reason(kind: str) -> None:
    """available() names exactly the kinds without a reason against them."""
    assert (kind in available()) == (EXECUTORS[kind].unavailable() is None)


def test_what_is_available_follows_the_python_and_platform() -> None:
    """Start methods are those that multiprocessing reports; interpreters came with 3.14."""
    methods = {EXECUTORS[kind].start_method for kind in available()} - {None}
    assert methods == set(multiprocessing.get_all_start_methods()) & {
        "fork",
        "forkserver",
        "spawn",
    }  # loky adds its own
    assert ("interpreter" in available()) == (sys.version_info >= (3, 14))


def test_process_is_the_default_start_method() -> None:
    """The alias `process` resolves to what multiprocessing would use by itself."""
    assert resolve("process").start_method == multiprocessing.get_context().get_start_method()


def test_an_unknown_kind_names_the_known_ones() -> None:
    """A misspelt kind is an error that lists what could have been meant."""
    with pytest.raises(UnknownKindError, match=r"'threads'.*serial, thread, .*process$"):
        resolve("threads")


def test_an_unavailable_kind_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a kind that cannot run here raises its reason and the kinds that can."""
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(
        UnavailableError, match=r"interpreter is not available here: .*3\.14; available: serial, thread"
    ):
        make("interpreter", 1)


def test_a_platform_without_fork_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where multiprocessing lacks a start method, the kind names the platform and the method."""
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert EXECUTORS["process-fork"].unavailable() == f"{sys.platform} cannot start processes by fork"
    assert EXECUTORS["process-spawn"].unavailable() is None


def test_a_python_without_semaphores_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build without sem_open has no process pools, and the reason names the cause."""
    monkeypatch.setitem(sys.modules, "multiprocessing.synchronize", None)
    assert "semaphores" in str(EXECUTORS["process-spawn"].unavailable())


@pytest.mark.parametrize("kind", available())
@pytest.mark.parametrize("workers", [0, -1])
def test_there_is_at_least_one_worker(kind: str, workers: int) -> None:
    """No kind can be made without a worker."""
    with pytest.raises(ValueError, match="at least 1"):
        make(kind, workers)


def test_serial_has_one_worker() -> None:
    """Asking the serial executor for two workers is refused rather than ignored."""
    with pytest.raises(ValueError, match="at most 1 worker, not 2"):
        make("serial", 2)


def test_windows_has_a_limit_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool can wait for 61 processes there: more are refused, and are not the default on a larger machine."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(registry, "usable_cpus", lambda: 128)
    with pytest.raises(ValueError, match="process-spawn has at most 61 workers, not 62"):
        make("process-spawn", 62)
    with make("process-spawn") as executor:
        assert isinstance(executor, ProcessPoolExecutor)
        assert executor._max_workers == 61  # type: ignore[attr-defined]
    assert EXECUTORS["thread"].max_workers is None


@pytest.mark.parametrize(
    ("kind", "made"),
    [("serial", SerialExecutor), ("thread", ThreadPoolExecutor), ("process-spawn", ProcessPoolExecutor)],
)
def test_make_gives_the_executor_of_the_kind(kind: str, made: type[Executor]) -> None:
    """make() returns an instance of the class that the kind stands for."""
    with make(kind, 1) as executor:
        assert type(executor) is made


def test_workers_default_to_the_usable_processors() -> None:
    """Without a number, a pool has one worker a processor that may be used."""
    with make("thread") as executor:
        assert isinstance(executor, ThreadPoolExecutor)
        assert executor._max_workers == usable_cpus()


def test_options_reach_the_constructor() -> None:
    """What the constructor takes beside workers can be given by name."""
    with make("thread", 1, thread_name_prefix="flag") as executor:
        assert executor.submit(lambda: __import__("threading").current_thread().name).result().startswith("flag")
