"""Messages between processes: each goes by one system call, so no kill divides one, and no lock keeps two apart.

The locks of multiprocessing's queues are there because a pipe knows bytes alone. A socket of this kind keeps messages
apart by itself, for as many senders and receivers as there are, and takes less time than a pipe.
"""

import os
import socket
from errno import EMSGSIZE
from multiprocessing import reduction
from multiprocessing.context import assert_spawning
from typing import Any, Final

__all__ = ["AT_ONCE", "MessageSocket", "message_pair"]

AT_ONCE: Final = 192 * 1024
"""Bytes that a message has at most: more than `MIN_BYTES`, from which on memory is taken, and less than Linux takes."""
ROOM: Final = 4 * AT_ONCE
"""Bytes that may be on the way, if the system allows that many."""


class MessageSocket:
    """One end of a pair, which any process may have that it is sent to, or that is forked from one that has it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = memoryview(bytearray())

    def send(self, *pieces: Any) -> bool:
        """Send one message; return False, and send nothing, where it is too long.

        Waits while too much is on the way. Raises ConnectionError where nobody has the other end any more.
        """
        if sum(map(len, pieces)) > AT_ONCE:
            return False
        try:
            os.writev(self._descriptor, pieces)
        except OSError as error:
            if error.errno != EMSGSIZE:
                raise
            return False
        return True

    def receive(self) -> memoryview:
        """Wait for the next message and return it, to be read before there is another. Raises EOFError."""
        if not self._buffer:
            self._buffer = memoryview(bytearray(AT_ONCE))
        if size := os.readv(self._descriptor, [self._buffer]):
            return self._buffer[:size]
        raise EOFError

    def fileno(self) -> int:
        """Return the descriptor, to wait for."""
        return self._descriptor

    def close(self) -> None:
        """Close it, once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __getstate__(self) -> Any:
        assert_spawning(self)
        return reduction.DupFd(self._descriptor)

    def __setstate__(self, duplicate: Any) -> None:
        MessageSocket.__init__(self, duplicate.detach())

    def __del__(self) -> None:
        self.close()


def message_pair() -> tuple[MessageSocket, MessageSocket]:
    """Return both ends. OSError where the system has no descriptors left."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:  # of which Linux gives as much as it is set to allow
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
    one, other = (MessageSocket(end.detach()) for end in ends)
    return one, other
