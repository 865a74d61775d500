"""Signals that a free-threaded CPython overlooks are sent again until they have been handled.

Before its main thread sleeps on a lock, it spins for it, and gives way to other threads in between. A signal that comes
meanwhile is not looked at, and the sleep that follows is not disturbed by it: the handler runs when somebody opens the
lock. On a busy machine that is up to a quarter of a second in which Ctrl-C comes to nothing (seen in 3.14t and 3.15t:
one signal in six where six processes share two cores; none on builds with the GIL, which do not spin).
"""

import os
import signal
import socket
import struct
import sys
import sysconfig
import threading
from collections.abc import Callable, Container

AGAIN_S = 0.2
_CREDENTIALS = struct.Struct("3i")
"""What the kernel of Linux says of who wrote: process, user and group."""
IS_NEEDED = bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and hasattr(signal, "pthread_kill")  # not on Windows


class Reminder:
    """A thread that hears of the signals ``numbers`` at once, and repeats them while not ``is_handled()``.

    It is started and stopped in the main thread, to which the signals go. A forked child must call ``silence``: what
    comes to it before that reaches the thread in its parent, which looks at who wrote (on Linux, where one can).
    """

    def __init__(self, numbers: Container[int], is_handled: Callable[[], bool]) -> None:
        self._numbers = numbers
        self._is_handled = is_handled
        self._stopped = threading.Event()
        self._wakeup: socket.socket | None = None
        self._replaced_fd = -1

    def start(self) -> None:
        """Begin to listen."""
        arrivals, self._wakeup = socket.socketpair()
        if sys.platform == "linux":
            arrivals.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._wakeup.settimeout(0)
        self._replaced_fd = signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._repeat, args=(arrivals,), name="reminder", daemon=True).start()

    def stop(self) -> None:
        """Listen no more; nothing happens if it has not begun."""
        if self._wakeup is None:
            return
        self._stopped.set()
        signal.set_wakeup_fd(self._replaced_fd)
        self._wakeup.close()  # which the thread hears, and ends
        self._wakeup = None

    @staticmethod
    def silence() -> None:
        """Keep the signals of a forked child from the thread in its parent."""
        signal.set_wakeup_fd(-1)

    def _repeat(self, arrivals: socket.socket) -> None:
        with arrivals:
            while number := _receive(arrivals):
                while number in self._numbers and not self._is_handled():
                    if self._stopped.wait(AGAIN_S):
                        return
                    if not self._is_handled():
                        signal.pthread_kill(threading.main_thread().ident or 0, number)


def _receive(arrivals: socket.socket) -> int:
    """Return the next signal that came to this process, zero when no more can come."""
    while True:
        number, credentials, _, _ = arrivals.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
        if not number:
            return 0
        if all(_CREDENTIALS.unpack(data)[0] == os.getpid() for _, _, data in credentials):
            return number[0]
