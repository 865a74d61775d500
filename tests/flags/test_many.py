"""Many flags, by any executor kind."""

import errno
import itertools
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from flagkit.executors import EXECUTORS, UnavailableError, UnknownKindError, make
from flagkit.flags import (
    BEHAVIOURS,
    Behaviour,
    DownloadInterruptedError,
    FlagServer,
    Result,
    Status,
    Tally,
    WorkersError,
    close_sessions,
    countries,
    download_many,
    every_code,
)
from flagkit.flags import pool as pool_module

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

FLAKY = Behaviour(error_rate=0.25, seed=5)
CODES = every_code()[:80]


@pytest.fixture(scope="module")
def flaky() -> Iterator[FlagServer]:
    """Serve with a quarter of errors."""
    with FlagServer(FLAKY) as running:
        yield running


def ends(tally: Tally) -> dict[str, Status]:
    """Return what became of each code."""
    return {result.code: result.status for result in tally.results}


def foretold(behaviour: Behaviour, codes: list[str], attempts: int = 1) -> dict[str, Status]:
    """Return what the seed says becomes of each code."""
    found = {True: Status.OK, False: Status.NOT_FOUND}
    return {
        code: found[code in countries()]
        if any(behaviour.fate(code, attempt).status is None for attempt in range(1, attempts + 1))
        else Status.ERROR
        for code in codes
    }


@pytest.mark.parametrize("kind", EXECUTORS)
def test_every_kind_ends_each_code_as_the_seed_says(kind: str, flaky: FlagServer, tmp_path: Path) -> None:
    """The same server gives the same results by any kind, again and again, and the flags are saved."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    workers = 1 if kind == "serial" else 2
    for _ in range(2):
        tally = download_many(CODES, base_url=flaky.base_url, dest=tmp_path, executor=kind, workers=workers)
        assert ends(tally) == foretold(FLAKY, CODES)
    saved = {path.name for path in tmp_path.iterdir()}
    assert saved == {f"{code.lower()}.gif" for code, status in ends(tally).items() if status is Status.OK}
    assert all(
        len((tmp_path / f"{r.code.lower()}.gif").read_bytes()) == r.size_bytes for r in tally.results if r.size_bytes
    )


def test_retries_turn_errors_into_flags_as_the_seed_says(flaky: FlagServer, tmp_path: Path) -> None:
    """A code is an error only when all its attempts are."""
    tally = download_many(CODES, base_url=flaky.base_url, dest=tmp_path, retries=2)
    assert ends(tally) == foretold(FLAKY, CODES, attempts=3)
    assert foretold(FLAKY, CODES, attempts=3) != foretold(FLAKY, CODES)


def test_the_counts_add_up(flaky: FlagServer, tmp_path: Path) -> None:
    """Each code is in exactly one count."""
    tally = download_many(CODES, base_url=flaky.base_url, dest=tmp_path)
    assert tally.downloaded + tally.not_found + tally.errors == len(CODES) == len(tally.results)
    assert min(tally.downloaded, tally.not_found, tally.errors) > 0


def test_no_codes_are_no_results(tmp_path: Path) -> None:
    """Nothing asked for, nothing done."""
    assert download_many([], base_url="http://127.0.0.1:1", dest=tmp_path).results == ()


def test_a_code_given_twice_ends_twice(server: FlagServer, tmp_path: Path) -> None:
    """The results are one for each code given, wrong ones included."""
    tally = download_many(["BR", "br", "?"] * 3, base_url=server.base_url, dest=tmp_path)
    assert (tally.downloaded, tally.errors) == (6, 3)


def test_progress_is_told_of_each_result_in_the_callers_thread(server: FlagServer, tmp_path: Path) -> None:
    """Results come one by one, as they are done."""
    seen: list[tuple[Result, int]] = []
    tally = download_many(
        CODES,
        base_url=server.base_url,
        dest=tmp_path,
        progress=lambda result: seen.append((result, threading.get_ident())),
    )
    assert tuple(result for result, _ in seen) == tally.results
    assert {thread for _, thread in seen} == {threading.get_ident()}


def test_results_are_told_before_the_last_code_is_taken(server: FlagServer, tmp_path: Path) -> None:
    """Codes are taken as they are needed: never more than twice the workers ahead of the results."""
    done = 0
    furthest = 0

    def codes() -> Iterator[str]:
        nonlocal furthest
        for number in range(200):
            furthest = max(furthest, number - done)
            yield "BR"

    def count(_: Result) -> None:
        nonlocal done
        done += 1

    download_many(codes(), base_url=server.base_url, dest=tmp_path, workers=3, progress=count)
    assert done == 200
    assert furthest <= 6


class Counting(ThreadPoolExecutor):
    """A thread pool that keeps the most that it has had in hand, and downloads nothing."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.submitted = 0
        self.most = 0
        self.ended = 0

    def submit(self, _: object, /, code: str, *__: object) -> Future[Result]:  # type: ignore[override] # enough here
        """Submit something quick instead."""
        self.submitted += 1
        self.most = max(self.most, self.submitted - self.ended)
        future: Future[Result] = super().submit(Result, code, Status.OK)
        return future


@pytest.mark.once
def test_a_hundred_thousand_codes_are_never_all_submitted(tmp_path: Path) -> None:
    """The pool has twice its workers in hand at most, however long the input is."""
    with Counting(4) as pool:

        def count(_: Result) -> None:
            pool.ended += 1

        codes = itertools.islice(itertools.cycle(every_code()), 100_000)
        tally = download_many(
            codes, base_url="http://127.0.0.1:1", dest=tmp_path, executor=pool, workers=4, progress=count
        )
    assert (tally.downloaded, pool.submitted) == (100_000, 100_000)
    assert pool.most <= 2 * 4


def test_an_executor_of_the_callers_is_used_and_stays_open(server: FlagServer, tmp_path: Path) -> None:
    """A warm pool can be used again, and keeps its connections."""
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            assert download_many(["BR", "ZZ"], base_url=server.base_url, dest=tmp_path, executor=pool).errors == 0
        assert pool.submit(str, 1).result() == "1"
    close_sessions()


def test_the_serial_executor_of_the_callers_tells_each_result_at_once(server: FlagServer, tmp_path: Path) -> None:
    """Serial is one at a time, whoever made it."""
    taken: list[str] = []
    seen_at: list[int] = []

    def codes() -> Iterator[str]:
        for code in ("BR", "FR", "DE"):
            taken.append(code)
            yield code

    with make("serial") as alone:
        download_many(
            codes(),
            base_url=server.base_url,
            dest=tmp_path,
            executor=alone,
            progress=lambda _: seen_at.append(len(taken)),
        )
    assert seen_at == [1, 2, 3]


def test_an_unknown_kind_is_an_error(tmp_path: Path) -> None:
    """The registry says which kinds there are."""
    with pytest.raises(UnknownKindError, match="thread"):
        download_many(["BR"], base_url="http://127.0.0.1:1", dest=tmp_path, executor="fibres")


def test_an_unavailable_kind_is_an_error_with_its_reason(tmp_path: Path) -> None:
    """What cannot run here says so before anything is downloaded."""
    lacking = [kind for kind, spec in EXECUTORS.items() if spec.unavailable()]
    if not lacking:
        pytest.skip("every kind is available here")
    with pytest.raises(UnavailableError, match="not available"):
        download_many(["BR"], base_url="http://127.0.0.1:1", dest=tmp_path, executor=lacking[0])


def _kill_first(monkeypatch: pytest.MonkeyPatch, when: Callable[[int], bool]) -> None:
    """Kill a worker process with -9 after those submissions for which `when(number)` is true."""
    submit = pool_module.DownloadPool.submit
    number = 0

    def submit_and_kill(self: pool_module.DownloadPool, *arguments: object) -> Future[Result]:
        nonlocal number
        number += 1
        future = submit(self, *arguments)  # type: ignore[arg-type] # as they came
        assert isinstance(self.executor, ProcessPoolExecutor)
        if when(number):
            for pid in list(self.executor._processes):
                os.kill(pid, signal.SIGKILL)
        return future

    monkeypatch.setattr(pool_module.DownloadPool, "submit", submit_and_kill)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
@pytest.mark.parametrize("kind", ["process-fork", "process-spawn"])
def test_when_workers_are_killed_their_codes_are_tried_again(
    kind: str, server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool is replaced, and no code is lost."""
    _kill_first(monkeypatch, lambda number: number == 20)
    tally = download_many(CODES, base_url=server.base_url, dest=tmp_path, executor=kind, workers=2)
    assert ends(tally) == foretold(BEHAVIOURS["LOCAL"], CODES)
    assert len(tally.results) == len(CODES)
    assert tally.pools_replaced == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
def test_when_workers_are_killed_for_ever_the_rest_are_errors(
    server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run comes to its end, and the counts still add up."""
    _kill_first(monkeypatch, lambda _: True)
    tally = download_many(CODES, base_url=server.base_url, dest=tmp_path, executor="process-fork", workers=2)
    assert len(tally.results) == len(CODES)
    assert tally.errors > 0
    assert {result.detail.split(" (")[0] for result in tally.results if result.status is Status.ERROR} == {
        "a worker died"
    }
    assert tally.pools_replaced == pool_module.MOST_REPLACEMENTS


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("process-fork", BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")),
        ("process-fork", BrokenPipeError(errno.EPIPE, "Broken pipe")),
        ("process-forkserver", EOFError("unexpected EOF")),
        ("process-spawn", OSError(errno.ENOMEM, "Cannot allocate memory")),
    ],
    ids=repr,
)
def test_a_system_that_starts_no_further_worker_is_an_error(
    kind: str, error: Exception, server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told in words, and those that it has started are ended."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    started: list[Any] = []
    start = BaseProcess.start

    def start_two(process: BaseProcess) -> None:
        if len(started) == 2:
            raise error
        start(process)
        started.append(process)

    monkeypatch.setattr(BaseProcess, "start", start_two)
    with pytest.raises(WorkersError, match=rf"^no further worker can be started \({error.args[-1]}\)$"):
        download_many(CODES, base_url=server.base_url, dest=tmp_path, executor=kind, workers=4)
    assert [process for process in started if process._popen.returncode is None] == []
    assert not list(tmp_path.glob("*.part"))


def test_a_system_without_a_pipe_for_a_pool_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool may take more than there is before it has any worker."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("concurrent.futures.process._ThreadWakeup", refuse)
    with pytest.raises(WorkersError, match="Too many open files"):
        download_many(CODES, base_url="http://127.0.0.1:1", dest=tmp_path, executor="process-spawn", workers=2)


def test_no_kind_has_more_workers_than_it_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by default nor at most, on a machine with many processors, and on Windows, where fewer are possible."""
    monkeypatch.setattr(pool_module, "usable_cpus", lambda: 128)
    assert pool_module.concurrency("process-spawn") == pool_module.Concurrency(100, 100)
    monkeypatch.setattr(sys, "platform", "win32")
    assert pool_module.concurrency("process-spawn") == pool_module.Concurrency(61, 61)


class Refusing(Executor):
    """An executor that cannot begin some of its tasks."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future[object]:  # type: ignore[override] # enough here
        """Refuse every second task, and fail every third in the worker."""
        self.submitted += 1
        if self.submitted % 2 == 0:
            raise RuntimeError("can't start new thread")
        future: Future[object] = Future()
        if self.submitted % 3 == 0:
            future.set_exception(MemoryError())
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_what_an_executor_cannot_begin_is_an_error(server: FlagServer, tmp_path: Path) -> None:
    """Threads that cannot be started and workers that fail outside of the download lose no code."""
    tally = download_many(["BR"] * 12, base_url=server.base_url, dest=tmp_path, executor=Refusing())
    assert Counter(result.detail for result in tally.results) == {
        "": 4,
        "can't start new thread": 6,
        "MemoryError": 2,
    }


def test_a_fault_of_the_progress_function_ends_the_run(server: FlagServer, tmp_path: Path) -> None:
    """The caller's own exception comes through, and no worker is left behind."""
    before = threading.active_count()

    def fail(_: Result) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        download_many(CODES, base_url=server.base_url, dest=tmp_path, progress=fail)
    assert threading.active_count() == before


def test_one_interruption_after_another_has_the_results_too(
    server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who presses Ctrl-C again and again is not told that nothing was done."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flagkit.flags.many.wait", interrupt)
    monkeypatch.setattr(pool_module.DownloadPool, "abandon", interrupt)
    with ThreadPoolExecutor(2) as pool, pytest.raises(DownloadInterruptedError) as interrupted:
        download_many(CODES, base_url=server.base_url, dest=tmp_path, executor=pool, workers=2, progress=interrupt)
    assert interrupted.value.tally.results


@pytest.mark.parametrize("kind", ["serial", "thread", "process-spawn"])
def test_an_interruption_has_the_results_so_far(kind: str, tmp_path: Path) -> None:
    """Ctrl-C ends the run soon; what was saved is whole, and no temporary file is left."""
    slow = Behaviour(delay_s=(0.02, 0.02))

    def interrupt(_: Result) -> None:
        time.sleep(0.05)
        raise KeyboardInterrupt

    with FlagServer(slow) as server, pytest.raises(DownloadInterruptedError) as interrupted:
        download_many(
            ["BR"] * 500,
            base_url=server.base_url,
            dest=tmp_path,
            executor=kind,
            workers=1 if kind == "serial" else 2,
            progress=interrupt,
        )
    tally = interrupted.value.tally
    assert 1 <= len(tally.results) < 500
    assert tally.downloaded == len(tally.results)
    assert [path.name for path in tmp_path.iterdir()] == ["br.gif"]
