"""Run flag servers on uvicorn: sockets on both loopback addresses, signals, and an orderly end."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import uvicorn

from flagkit.flags.behaviour import Hosted
from flagkit.flags.file_limit import raise_file_limit
from flagkit.flags.protocol import MOST_HEAD_BYTES, PATIENCE_S, FlagProtocol
from flagkit.flags.server import FlagApp

__all__ = ["FlagUvicorn", "PortError", "serve"]

LOOPBACK = ("127.0.0.1", "::1")
LOOPBACK_NAME = "localhost"
BACKLOG = 2048
MOMENT_S = 2
"""What is in flight at the end has this long, in seconds."""
NO_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
FREE_PORT_TRIES = 20


class PortError(Exception):
    """The port cannot be had; the message says why."""


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets on `host`, all on one port; `localhost` is both loopback addresses.

    Port 0 is any that is free on all of them. Raises PortError.
    """
    addresses = LOOPBACK if host == LOOPBACK_NAME else (host,)
    for _ in range(FREE_PORT_TRIES):
        try:
            return _open_all(addresses, port)
        except OSError as error:
            if port == 0 and error.errno == errno.EADDRINUSE:
                continue  # free on one address and taken on the other
            raise PortError(_reason(host, port, error)) from None
        except UnicodeError:  # an empty label, or one of more than 63 letters
            raise PortError(f"cannot listen on {host}, port {port}: that is no name of a host") from None
    raise PortError(f"found no port that is free on {' and '.join(addresses)}")


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not for this user, only those above 1023 are"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"


def _open_all(addresses: Sequence[str], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            try:
                sockets.append(_open(address, port))
            except OSError as error:
                if error.errno in NO_ADDRESS and sockets:
                    continue  # a machine without IPv6
                raise
            port = sockets[0].getsockname()[1]
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def _open(address: str, port: int) -> socket.socket:
    family, kind, protocol, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(where)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


class FlagUvicorn(uvicorn.Server):
    """A uvicorn server that says when it is ready, and looks for slow clients once a second."""

    def __init__(self, config: uvicorn.Config, ready: Callable[["FlagUvicorn"], None]) -> None:
        super().__init__(config)
        self._ready = ready
        config.callback_notify = self._end_slow_clients
        config.timeout_notify = 1

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections, and say so."""
        await super().startup(sockets)
        self._ready(self)

    async def _end_slow_clients(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, FlagProtocol):
                connection.end_if_slow(now)


def serve(
    hosted: Sequence[Hosted],
    ready: Callable[[FlagUvicorn, list[Hosted]], None],
    *,
    host: str = LOOPBACK_NAME,
    access_log: bool = False,
) -> None:
    """Serve all of `hosted` until SIGINT, SIGTERM or `should_exit`, then give what is in flight a moment.

    `ready` is called when connections are accepted, with the server and with `hosted` as they are: with their ports.
    Raises PortError before anything is served.
    """
    raise_file_limit()
    sockets: list[socket.socket] = []
    served: list[Hosted] = []
    try:
        for server in hosted:
            opened = open_sockets(host, server.port)
            sockets += opened
            served.append(replace(server, port=opened[0].getsockname()[1]))
    except PortError:
        for opened_socket in sockets:
            opened_socket.close()
        raise
    _configure_logging(access_log=access_log)
    config = uvicorn.Config(
        FlagApp({server.port: server for server in served}),
        http=FlagProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        loop="asyncio",
        log_config=None,
        access_log=access_log,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        timeout_keep_alive=int(PATIENCE_S),
        timeout_graceful_shutdown=MOMENT_S,
        backlog=BACKLOG,
    )
    running = FlagUvicorn(config, lambda started: ready(started, served))
    _exit_in_order()
    running.run(sockets)


def _exit_in_order() -> None:
    """Let the process live on when uvicorn, having ended in order, raises the signal again that ended it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


class _WithoutCancellations(logging.Filter):
    """Drop what uvicorn logs of requests that it cancelled at the end of their moment: that is no fault."""

    def filter(self, record: logging.LogRecord) -> bool:
        cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not cancelled and not str(record.msg).startswith("Cancel ")


def _configure_logging(*, access_log: bool) -> None:
    """Write errors to stderr, and each request to stdout with `access_log`; a client's bad request is no error."""
    errors = logging.StreamHandler()
    errors.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    error_log = logging.getLogger("uvicorn.error")
    error_log.addHandler(errors)
    error_log.setLevel(logging.ERROR)
    error_log.addFilter(_WithoutCancellations())
    error_log.propagate = False
    requests_log = logging.getLogger("uvicorn.access")
    requests_log.propagate = False
    if access_log:
        lines = logging.StreamHandler(sys.stdout)
        lines.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        requests_log.addHandler(lines)
        requests_log.setLevel(logging.INFO)
