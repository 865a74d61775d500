"""The queue of an executor's calls: as messages, and what is too long for one by a pipe.

multiprocessing's Queue gives each call to a thread that pickles and sends it. What is small and plain is sent at once
here, by the executor's own thread: to wake another one takes longer than the rest. All else has its own thread as well,
so that pickling what is large, or what is the user's, keeps no result waiting. Calls are sent in their order.
"""

import os
import pickle
import select
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.reduction import ForkingPickler
from queue import Full, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from flagkit.executors.shared.messages import MessageSocket, message_pair
from flagkit.executors.shared.semaphores import Semaphore
from flagkit.executors.shared.tasks import Named

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["CallQueue"]

BY_PIPE: Final = b"\0"
"""A message that no pickle begins with: the call comes by the pipe."""
END: Final = object()
"""After the last call that is to be sent."""


class CallQueue:
    """One sender, the executor's process, and many receivers, its workers; what ProcessPoolExecutor asks of a queue.

    At most `places` calls are on their way. `failed(error, call)` is told of a call that could not be pickled.
    """

    def __init__(self, places: int, failed: Callable[[BaseException, Any], object]) -> None:
        receiver, sender = message_pair()
        pipe_out, pipe_in = Pipe(duplex=False)
        turn = Semaphore(1)
        self._reader = _Receiver(receiver, pipe_out, turn)
        self._sender = _Sender(sender, pipe_in, turn)
        self._places = Semaphore(places)
        self._failed = failed
        self._line: SimpleQueue[Any] = SimpleQueue()
        self._feeder: Thread | None = None
        self._is_broken = False
        # Each is written to by one thread: the executor's, and the feeder
        self._stood_in_line = 0
        self._fed = 0

    def full(self) -> bool:
        """Return whether no place is left; for the executor's thread alone, as `put` is."""
        return self._places.is_zero

    def put(self, call: Any, block: bool = True) -> None:  # noqa: FBT001, FBT002 - as multiprocessing's
        """Send a call, or None to have a worker end; raises Full where that would have to wait and is not to."""
        if not self._places.acquire(block=block):
            raise Full
        is_small = call is None or type(call.fn) is Named
        if not (is_small and self._stood_in_line == self._fed and self._sender.offer(ForkingPickler.dumps(call))):
            self._stand_in_line(call)

    def put_nowait(self, call: Any) -> None:
        """Do so without waiting."""
        self.put(call, block=False)

    def get(self, *, block: bool) -> Any:  # noqa: ARG002 - it always is
        """Wait for a call, in a worker; None where this is the end of it, or the parent's."""
        try:
            data = self._reader.receive()
        except EOFError:
            return None
        self._places.release()
        return pickle.loads(data)  # noqa: S301 - from our own parent

    def close(self) -> None:
        """Take no more calls."""
        self._line.put(END)

    def join_thread(self) -> None:
        """Wait until all has been sent, once it is closed, and free what it has."""
        if self._feeder is None:
            self._sender.close()
        elif not self._is_broken:
            self._feeder.join()
        self._reader.close()

    def _terminate_broken(self) -> None:
        """Close it now: no worker is left, or will be soon.

        The feeder ends then, but is not waited for: it may be pickling what takes long, for nobody.
        """
        self._is_broken = True
        self.close()
        self.join_thread()

    def _stand_in_line(self, call: Any) -> None:
        if self._feeder is None:
            feeder = Thread(target=self._feed, name="flagkit-feeder", daemon=True)
            feeder.start()
            self._feeder = feeder
        self._stood_in_line += 1
        self._line.put(call)

    def _feed(self) -> None:
        while (call := self._line.get()) is not END:
            try:
                data = ForkingPickler.dumps(call)
            except Exception as error:  # noqa: BLE001 - whatever pickling raises
                self._places.release()
                try:
                    self._failed(error, call)
                except ConnectionError:  # the executor has failed all of its calls, and receives no more
                    break
            else:
                try:
                    self._sender.send(data)
                except ConnectionError:  # nobody receives any more, and the executor knows
                    break
                del data
            del call
            self._fed += 1
        self._sender.close()

    def __getstate__(self) -> Any:
        return self._reader, self._places

    def __setstate__(self, state: Any) -> None:
        self._reader, self._places = state


class _Sender:
    """The parent's end of both ways."""

    def __init__(self, messages: MessageSocket, pipe: "Connection[Any, Any]", turn: Semaphore) -> None:
        os.set_blocking(messages.fileno(), False)
        self._messages = messages
        self._pipe = pipe
        self._turn = turn

    def offer(self, data: Any) -> bool:
        """Send a call if that takes one message, and no waiting; return whether it did."""
        try:
            return self._messages.send(data)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True  # sent to nobody, which is seen by who looks after the workers

    def send(self, data: Any) -> None:
        """Send a call; raises ConnectionError if nobody is left to receive it.

        Of those that go by the pipe one is on its way at a time. The message that says so goes to one worker, which is
        the only one then to read from the pipe, and gives the turn back.
        """
        if not self._send(data):
            self._turn.acquire()
            self._send(BY_PIPE)
            self._pipe.send_bytes(data)

    def _send(self, data: Any) -> bool:
        while True:
            try:
                return self._messages.send(data)
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._messages.fileno(), select.POLLOUT)
                poll.poll()

    def close(self) -> None:
        """Close both."""
        self._messages.close()
        self._pipe.close()


class _Receiver:
    """The workers' end of both ways, which the parent has as well."""

    def __init__(self, messages: MessageSocket, pipe: "Connection[Any, Any]", turn: Semaphore) -> None:
        self._messages = messages
        self._pipe = pipe
        self._turn = turn

    def receive(self) -> Any:
        """Wait for a call and return its bytes, to be read before there is another. Raises EOFError."""
        message = self._messages.receive()
        if message[0] != BY_PIPE[0]:
            return message
        data = self._pipe.recv_bytes()
        self._turn.release()
        return data

    def close(self) -> None:
        """Close both; a sender that waits for its turn gets it, and finds nobody there."""
        self._messages.close()
        self._pipe.close()
        self._turn.release()
