"""Dask as an executor kind (extra `dask`): the way past one machine."""

import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import dask
from distributed import Client, LocalCluster
from distributed.comm.addressing import get_address_host_port

from flagkit.executors.adapter import Adapter
from flagkit.executors.registry import UnavailableError

__all__ = ["ADDRESS_VARIABLE", "DaskExecutor"]

T = TypeVar("T")

ADDRESS_VARIABLE = "FLAGKIT_DASK_ADDRESS"
dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"})
"""A task's arguments are meant to be sent: no warning for large ones."""

LOOPBACK = "127.0.0.1"
CONNECT_S = 10.0


class DaskExecutor(Adapter):
    """`Client.get_executor()` of a Dask cluster: of the scheduler at `address`, or of a local one made here.

    `address` defaults to the variable FLAGKIT_DASK_ADDRESS. A local cluster has `workers` processes of one thread, and
    neither dashboard nor any port beyond loopback; a cluster at an address has the workers that it has. TLS is Dask's
    own configuration (distributed.comm.tls). When a worker dies, Dask runs its tasks again on another.
    UnavailableError when no scheduler answers.
    """

    def __init__(self, workers: int, *, address: str | None = None) -> None:
        super().__init__()
        address = address or os.environ.get(ADDRESS_VARIABLE) or None
        self._scratch: TemporaryDirectory[str] | None = None
        self._cluster: LocalCluster | None = None
        if address is None:
            self._scratch = TemporaryDirectory(prefix="flagkit-dask-", ignore_cleanup_errors=True)
            self._cluster = _local_cluster(workers, self._scratch.name)
        self._client = _connect(self._cluster or address)
        self._executor = self._client.get_executor(pure=False)  # otherwise equal tasks are run once

    def _send(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[T]:
        # Its submit() has parameters of its own names, which those of a task must not meet
        task = partial(function, **kwargs) if kwargs else function
        try:
            future: Future[T] = self._executor.submit(task, *args)
        except Exception as error:  # noqa: BLE001 - what cannot be pickled is the future's to tell
            future = Future()
            future.set_exception(error)
        return future

    def _close(self) -> None:
        self._executor.shutdown()
        self._disconnect()

    def _terminate(self) -> None:
        self._executor.shutdown(wait=False)
        self._disconnect()

    def _disconnect(self) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
        if self._scratch is not None:
            self._scratch.cleanup()


_CTRL_C_IS_FOR_THE_PARENT = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Run by a worker as it starts: one that is interrupted prints a traceback on its way out."""


def _local_cluster(workers: int, scratch: str) -> LocalCluster:
    with dask.config.set({"temporary-directory": scratch}):  # of the scheduler
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",  # without an address it takes a port of its own choice
            scheduler_kwargs={"dashboard": False},
            local_directory=scratch,  # of the workers
            memory_limit=0,  # as in any other pool
            preload=[*dask.config.get("distributed.worker.preload"), _CTRL_C_IS_FOR_THE_PARENT],
            silence_logs=logging.CRITICAL,
        )


def _connect(where: LocalCluster | str | None) -> Client:
    try:
        if isinstance(where, str):  # a client that cannot connect takes long to give up, and longer to be closed
            socket.create_connection(get_address_host_port(where), CONNECT_S).close()
        return Client(where, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:  # nothing answers; no such scheme
        reason = str(error) or type(error).__name__
        raise UnavailableError(f"no Dask scheduler at {where}: {reason}") from error
