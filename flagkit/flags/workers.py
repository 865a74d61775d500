"""What a worker process does for itself: leave Ctrl-C to its parent, and end when its parent has ended."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["begin_worker_process", "without_interrupts"]

LOOK_EVERY_S = 0.5


def begin_worker_process() -> None:
    """Prepare a process of a pool; its initializer.

    A terminal's Ctrl-C goes to every process: the parent reports it, a worker would only print a traceback. And a
    worker of a parent that was killed would wait for its next task for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    try:
        parent.join()
    except ValueError:  # loky tells its workers which process their parent is, and gives them nothing to wait for
        while os.getppid() == parent.pid:
            time.sleep(LOOK_EVERY_S)
    os._exit(1)


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C for a moment, and for good in processes begun meanwhile, which inherit it (POSIX).

    Between its start and its initializer, a worker would otherwise die of Ctrl-C with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
