"""A worker process at its start: it will end with its parent, and does what the user wants first."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from flagkit.executors.shared import forks

__all__ = ["Origin", "begin", "origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose worker this is: the executor's number in the parent, its passage's end here, and its `min_bytes`."""

    number: int
    passage: Connection
    min_bytes: int


_origin: list[Origin] = []


def begin(origin: Origin, initializer: Callable[..., object] | None, initargs: tuple[Any, ...]) -> None:
    """Initialize a worker; raises what `initializer(*initargs)` raises."""
    _origin[:] = [origin]
    forks.follow()
    # With all signals blocked, as the thread inherits it: they are the main thread's, whose system calls they interrupt
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    threading.Thread(target=_end_with_parent, name="flagkit-parent", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if initializer is not None:
        initializer(*initargs)


def origin() -> Origin:
    """Return what this worker knows of its executor."""
    return _origin[0]


def _end_with_parent() -> None:
    """End this process once its parent has ended: workers of a killed parent wait for ever otherwise (gh-111873).

    A worker cannot notice by itself, as it holds both ends of the pipe at which it waits. The sentinel of the parent is
    a pipe, too, which children forked later hold open; the process descriptor is not, but the parent may have ended,
    and its number been taken, before it is opened. Together they miss nothing. Linux before 5.3 has no such descriptor,
    and some sandboxes allow none: then the sentinel has to do.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    watched = [parent.sentinel]
    try:
        watched.append(os.pidfd_open(parent.pid or 0))
    except ProcessLookupError:
        os._exit(1)
    except (AttributeError, OSError):  # not on this Python, or on this system
        pass
    wait(watched)
    os._exit(1)
