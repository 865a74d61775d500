"""Dask as an executor kind: a local cluster, an existing scheduler, and the command line that names one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.instrument import leaks
from flagkit.executors import EXECUTORS, Step, UnavailableError, make, trace, warm
from flagkit.flags import FlagServer, download_many
from flagkit.payloads import echo
from flagkit.work import WORKLOADS

REASON = EXECUTORS["dask"].unavailable()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def test_a_local_cluster_does_all_the_work(tmp_path: Path) -> None:
    """CPU work, flags and payloads run on a local cluster and can be traced; a worker may die; nothing stays."""
    with make("dask", 2) as pool:  # what distributed starts once a process stays, and is not counted
        pool.submit(echo, 1).result(timeout=60)
    before = leaks.take(None)
    with make("dask", 2) as pool, FlagServer() as server:
        workers = {process for process, _ in warm(pool, 2)}
        assert len(workers) == 2
        gcd = WORKLOADS["gcd-short"]
        futures = [pool.submit(gcd.function, item) for item in gcd.items]
        os.kill(workers.pop(), signal.SIGKILL)
        gcd.check(future.result(timeout=60) for future in futures)
        tally = download_many(["BR", "FR", "ZZ"], base_url=server.base_url, dest=tmp_path, executor=pool)
        assert (tally.downloaded, tally.not_found, tally.errors) == (2, 1, 0)
        traced = trace(pool)
        payload = bytes(1 << 20)
        assert traced.submit(echo, payload).result(timeout=60) == payload
        (task,) = traced.tasks
        assert set(task.steps()) == set(Step)
        assert min(task.steps().values()) >= 0
        assert task.steps()[Step.SEND] > task.steps()[Step.PICKLE]
    assert leaks.remaining(lambda: leaks.take(None) - before, 10) == []


@pytest.mark.once
def test_equal_tasks_are_each_run() -> None:
    """Two equal tasks are two, although Dask would run a pure function once."""
    with make("dask", 1) as pool:
        ids = [pool.submit(os.urandom, 8).result(timeout=60) for _ in range(2)]
    assert ids[0] != ids[1]


@pytest.mark.once
def test_an_existing_scheduler_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With an address, by option, variable or command line, tasks go to that cluster's workers, which stay."""
    with scheduler() as (address, worker), FlagServer() as server:
        with make("dask", 1, address=address) as pool:
            assert worker_of(pool) == worker
        monkeypatch.setenv("FLAGKIT_DASK_ADDRESS", address)
        with make("dask", 1) as pool:
            assert worker_of(pool) == worker
        monkeypatch.delenv("FLAGKIT_DASK_ADDRESS")
        command = ["-x", "dask", "--dask-address", address, "--base-url", server.base_url, "BR", "FR"]
        told = download(tmp_path, *command)
        assert told.returncode == 0
        assert "2 flags downloaded." in told.stdout
        assert {path.name for path in (tmp_path / "flags").iterdir()} == {"br.gif", "fr.gif"}


def worker_of(pool: Executor) -> int:
    """Return the process that a task runs in."""
    return pool.submit(os.getpid).result(timeout=60)


@contextmanager
def scheduler() -> Iterator[tuple[str, int]]:
    """Run a scheduler and a worker as their own programs; give its address and the worker's process."""
    program = """
import sys
from flagkit.executors import make
if __name__ == "__main__":
    with make("dask", 1) as pool:
        import os
        print(pool._client.scheduler.address, pool.submit(os.getpid).result(), flush=True)
        sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            address, worker = process.stdout.readline().split()
            yield address, int(worker)
        finally:
            process.stdin.close()
            process.wait(30)


def download(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `flagkit download` in the folder."""
    return subprocess.run(
        [sys.executable, "-m", "flagkit", "download", "-d", "flags", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "pigeon://127.0.0.1:8786", "tcp://"])
def test_a_scheduler_that_is_not_there(address: str) -> None:
    """Where no scheduler can be, the error names the address."""
    with pytest.raises(UnavailableError, match=f"no Dask scheduler at {address}: "):
        make("dask", 1, address=address)


@pytest.mark.once
def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """A scheduler that does not answer is a usage error of one line, and so is an address for another kind."""
    absent = download(tmp_path, "-x", "dask", "--dask-address", "tcp://127.0.0.1:1", "BR")
    assert absent.returncode == 2
    assert "error: no Dask scheduler at tcp://127.0.0.1:1: " in absent.stderr.splitlines()[-1]
    other = download(tmp_path, "-x", "thread", "--dask-address", "tcp://127.0.0.1:1", "BR")
    assert other.returncode == 2
    assert "error: --dask-address goes with -x dask, not with thread" in other.stderr.splitlines()[-1]
