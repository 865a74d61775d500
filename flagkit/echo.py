"""An echo beside CPU hogs: what a thread that waits for I/O has to wait for, when others compute in its process.

`serve(connection)` runs in a process of its own, started by `EchoProcess`. One thread answers what comes over a socket;
hogs, pure Python threads that never wait, are let loose and halted by command.
"""

import multiprocessing
import socket
import sys
import threading
import time
from types import TracebackType
from typing import Self

__all__ = ["EchoProcess", "serve"]

ECHO, LOOSE, HALT = b"e", b"l", b"h"
READY = b"r"
BATCH = 10_000
SETTLE_S = 0.002
"""After this the hogs have the processor and the GIL, whatever it took to wake them."""


class _Hogs:
    """Threads that compute while they are let loose, and otherwise wait."""

    def __init__(self, count: int) -> None:
        self._go = threading.Event()
        self._halted = threading.Semaphore(0)
        self._spinning = threading.Semaphore(0)
        self.count = count
        for _ in range(count):
            threading.Thread(target=self._compute, daemon=True).start()

    def loose(self) -> None:
        """Return once all compute."""
        self._go.set()
        for _ in range(self.count):
            self._spinning.acquire()

    def halt(self) -> None:
        """Return once none does."""
        self._go.clear()
        for _ in range(self.count):
            self._halted.acquire()

    def _compute(self) -> None:
        while True:
            self._go.wait()
            self._spinning.release()
            while self._go.is_set():
                for _ in range(BATCH):
                    pass
            self._halted.release()


def serve(connection: socket.socket, hogs: int, switch_interval_s: float) -> None:
    """Answer until the other end is closed; the hogs are halted to begin with."""
    sys.setswitchinterval(switch_interval_s)
    herd = _Hogs(hogs)
    connection.sendall(READY)
    while asked := connection.recv(1):
        if asked == LOOSE:
            herd.loose()
        elif asked == HALT:
            herd.halt()
        connection.sendall(asked)


class EchoProcess:
    """A process with an echo thread and so many hogs, for the length of a `with` block."""

    def __init__(self, hogs: int, switch_interval_s: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, self._theirs = socket.socketpair()
        self._process = context.Process(target=serve, args=(self._theirs, hogs, switch_interval_s), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        self._ours.recv(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ours.close()
        self._process.join(5)
        self._process.kill()
        self._process.join()
        self._process.close()

    def echo(self) -> bool:
        """Send a byte, wait until it comes back, and return whether it did."""
        return self._ask(ECHO)

    def loose(self) -> None:
        """Let the hogs loose; returns when they compute."""
        self._ask(LOOSE)
        time.sleep(SETTLE_S)

    def halt(self) -> None:
        """Halt them."""
        self._ask(HALT)

    def _ask(self, message: bytes) -> bool:
        self._ours.sendall(message)
        return self._ours.recv(1) == message
