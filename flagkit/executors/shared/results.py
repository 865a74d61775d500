"""The queue of an executor's results: as messages, each of them whole, a long one in several.

multiprocessing's SimpleQueue waits for ever for the rest of a result whose worker was killed while it sent it, and the
executor with it. Here a part that has arrived is put aside, and the executor goes on looking at its workers.

A call that could not be sent fails in the executor's thread as well, as do those whose results arrive: all that it has
of its calls is changed by it alone. ProcessPoolExecutor has the thread that sends do it. That waits for ever where the
executor holds a lock and waits for that thread (gh-125451, until 3.12.8 and 3.13.1); and what it fails is missed where
the executor has just made another table of its calls, to cancel some, and then waits for ever itself.
"""

import os
import pickle
from collections import deque
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from struct import Struct
from typing import Any, Final

from flagkit.executors.shared.messages import AT_ONCE, MessageSocket, message_pair

__all__ = ["ResultQueue"]

PART: Final = b"\0"
"""The first byte of a part; no pickle begins with it."""
HERE: Final = b"\1"
"""A message that no pickle is either: there is something to do here."""
HEADER: Final = Struct("=cqq")
"""Of each part: PART, who sends, and how many bytes the parts have together."""


class ResultQueue:
    """Many senders, the workers, with one thread each, and one receiver, the executor's thread."""

    def __init__(self, prepare: Callable[[Any], object] | None = None) -> None:
        receiver, self._writer = message_pair()
        self._reader = _Reader(receiver)
        self._prepare = prepare
        self.home: object = None
        """What deliveries need in the parent: there for as long as the executor's thread, which has this queue."""

    def put(self, item: Any) -> None:
        """Send an item, once `prepare(item)` has made it fit; raises what that or pickling does, and sends nothing."""
        if self._prepare is not None:
            self._prepare(item)
        data = ForkingPickler.dumps(item)
        try:
            if not self._writer.send(data):
                self._send_parts(data)
        except ConnectionError:  # the parent has ended, and so do its workers
            os._exit(1)

    def call(self, function: Callable[[], object]) -> None:
        """Have the receiver's thread call it, in this process; ConnectionError where nobody receives any more."""
        self._reader.calls.append(function)
        self._writer.send(HERE)

    def close(self) -> None:
        """Close both ends."""
        self._reader.close()
        self._writer.close()
        self.home = None

    def _send_parts(self, data: memoryview) -> None:
        header = HEADER.pack(PART, os.getpid(), len(data))
        size = AT_ONCE - HEADER.size
        start = 0
        while start < len(data):
            if self._writer.send(header, data[start : start + size]):
                start += size
            else:  # a system that takes less at once
                size //= 2

    def __getstate__(self) -> Any:
        return self._writer, self._prepare

    def __setstate__(self, state: Any) -> None:
        self._writer, self._prepare = state
        self.home = None
        self._reader = _Reader(MessageSocket(-1))


class _Reader:
    """The end that the executor waits at and receives from."""

    def __init__(self, messages: MessageSocket) -> None:
        self._messages = messages
        self._parts: dict[int, bytearray] = {}
        self.calls: deque[Callable[[], object]] = deque()

    def fileno(self) -> int:
        """Return the descriptor, to wait for."""
        return self._messages.fileno()

    def recv(self) -> Any:
        """Wait for a message and return its item, None if it is a part and others are missing, or a call to be made.

        The executor takes None for having been woken for nothing, and waits again, for its workers' ends as well.
        Raises what unpickling raises.
        """
        message = self._messages.receive()
        if message[0] == HERE[0]:
            self.calls.popleft()()
            return None
        data = self._joined(message) if message[0] == PART[0] else message
        return None if data is None else pickle.loads(data)  # noqa: S301 - from our own worker

    def close(self) -> None:
        """Close it, once."""
        self._messages.close()

    def _joined(self, message: memoryview) -> bytearray | None:
        """Return the whole if this is the last part of it."""
        _, sender, size = HEADER.unpack_from(message)
        parts = self._parts.setdefault(sender, bytearray())
        parts += message[HEADER.size :]
        return self._parts.pop(sender) if len(parts) == size else None
