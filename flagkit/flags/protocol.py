"""uvicorn's HTTP protocol with an end to every wait for a client, and a way to close before an answer."""

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["MOST_HEAD_BYTES", "PATIENCE_S", "FlagProtocol"]

MOST_HEAD_BYTES = 16 * 1024
"""A request line and its headers are not larger."""
PATIENCE_S = 15.0
"""A client has this long for a whole request, from its connection or from the answer before."""


class CorkedTransport:
    """A transport that sends what is written within one turn of the event loop at once.

    uvicorn writes an answer's head and body one after the other: apart, they are two system calls and two packets
    here, and wake the client twice.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep `data` until the loop's next turn."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)

    def close(self) -> None:
        """Close once everything has been sent."""
        self.flush()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that have not been sent."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._waiting))

    def flush(self) -> None:
        """Send what was kept."""
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()


class FlagProtocol(H11Protocol):
    """One connection of the flag server."""

    # (config, server_state, app_state, _loop) are uvicorn's to give
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn's
        """Begin to wait for the first request; give the application a way to close the connection."""
        super().connection_made(cast("asyncio.Transport", CorkedTransport(transport, self.loop)))
        self._idle_since = self.loop.time()
        self.app_state = {"close": self.transport.close}

    def eof_received(self) -> None:
        """Send what has been answered to a client that asks no more: the transport closes now, without the corked."""
        cast("CorkedTransport", self.transport).flush()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Parse piece by piece: h11 holds its limit against what is incomplete, not against what comes whole."""
        for begin in range(0, len(data), MOST_HEAD_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[begin : begin + MOST_HEAD_BYTES])

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is none; when an answer is already under way there is nothing left but to close."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # the application may still be at the request before, or at this one
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.abort()

    def end_if_slow(self, now: float) -> None:
        """Close the connection when the client has neither sent a request nor taken its answer for too long."""
        if now - self._idle_since <= PATIENCE_S:
            return
        asking = bool(self.cycle) and not self.cycle.response_complete  # uvicorn has None before the first request
        if not asking or self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
