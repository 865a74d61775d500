"""A socket between the controller and one arm, which carries messages one at a time."""

import os
import socket

from .messages import Message, decode, encode

_CHUNK_BYTES = 1 << 16


class ClosedError(ConnectionError):
    """The other side is gone."""


class Channel:
    """One end of the pair; the process that made it is the only one that may use it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""
        self._pid = os.getpid()

    @classmethod
    def inherited(cls, descriptor: int) -> "Channel":
        """Return the arm's end; the programs that the arm starts do not inherit it in turn."""
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
        channel = cls(socket.socket(fileno=descriptor))
        # A forked child lets go of the socket, which would keep the controller waiting for an arm that is dead.
        os.register_at_fork(after_in_child=channel.close)
        return channel

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._connection.fileno()

    def send(self, message: Message) -> None:
        """Send a message; raises ClosedError."""
        self._check()
        try:
            self._connection.sendall(encode(message))
        except OSError as error:
            raise ClosedError(str(error)) from None

    def receive(self) -> Message:
        """Wait for a message, without end; raises ClosedError, and ValueError for bytes that are none."""
        self._check()
        while (message := self.received()) is None:
            self.fill()
        return message

    def received(self) -> "Message | None":
        """Return a message that is here already, if there is one."""
        line, newline, rest = self._received.partition(b"\n")
        if not newline:
            return None
        self._received = rest
        return decode(line)

    def fill(self) -> bool:
        """Read what there is, and wait for it where there is nothing; raises ClosedError.

        Returns False if nothing has come in the time that the connection waits at most.
        """
        try:
            chunk = self._connection.recv(_CHUNK_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise ClosedError(str(error)) from None
        if not chunk:
            raise ClosedError("closed by the other side")
        self._received += chunk
        return True

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def _check(self) -> None:
        if os.getpid() != self._pid:
            os._exit(1)  # a copy of pytest, in a child that a benchmark forked and did not end
