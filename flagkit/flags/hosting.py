"""A flag server in a process of its own, for the length of a `with` block."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import flagkit
from flagkit.flags.behaviour import BEHAVIOURS, Behaviour

__all__ = ["FlagServer", "FlagServerError"]

STOP_S = 5.0


class FlagServerError(RuntimeError):
    """The server could not be started; the message says why."""


class FlagServer:
    """Serve flags from a process of its own: ready when the block is entered, gone when it is left.

    `behaviour` is LOCAL's unless said otherwise (see `BEHAVIOURS`), and `port` any that is free. The process ends with
    this one, however this one ends. It takes no notice of a terminal's Ctrl-C, which is this process's to handle.
    Raises FlagServerError when the server cannot be started.
    """

    def __init__(
        self,
        behaviour: Behaviour = BEHAVIOURS["LOCAL"],
        *,
        port: int = 0,
        label: str = "LOCAL",
    ) -> None:
        self._wanted = json.dumps({"label": label, "port": port, "behaviour": asdict(behaviour)})
        self.label = label
        self.behaviour = behaviour
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where the flags are."""
        return f"http://127.0.0.1:{self.port}/flags"

    @property
    def pid(self) -> int:
        """The server's process; RuntimeError outside the block."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            process = self._process = self._start()
            undo.callback(self.stop)
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise FlagServerError(f"the flag server ended before it was ready, with exit status {process.wait()}")
            told = json.loads(line)
            if "error" in told:
                raise FlagServerError(told["error"])
            self.port = told["port"]
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> "subprocess.Popen[bytes]":
        # The child must find the same flagkit, whether it is installed or only on this process's path.
        here = str(Path(flagkit.__file__).parent.parent)
        path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        new_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        try:
            return subprocess.Popen(  # noqa: S603 - this Python and this module
                [sys.executable, "-P", "-m", "flagkit.flags.hosted", self._wanted],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
                creationflags=new_group,
            )
        except OSError as error:
            raise FlagServerError(f"{sys.executable} cannot be run ({error.strerror or error})") from error

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not been stopped."""
        return self._process is not None

    def stop(self) -> None:
        """End the server now; leaving the block does so too."""
        process, self._process = self._process, None
        if process is None:
            return
        # Closing stdin is what asks it to end; reading on would wait for what it writes.
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
