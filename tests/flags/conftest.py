"""Servers for the tests: the real one, and one that misbehaves as a test asks."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from flagkit.flags import FlagServer, close_sessions
from flagkit.flags.images import draw_flag

Answer = Callable[[socket.socket], None]
Misbehave = Callable[[Answer], str]


@pytest.fixture(scope="session")
def server() -> Iterator[FlagServer]:
    """Serve flags at once, for all tests that do not stop it."""
    with FlagServer() as running:
        yield running


@pytest.fixture(autouse=True)
def closed_sessions() -> Iterator[None]:
    """Leave no connection of one test to the next."""
    yield
    close_sessions()


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def misbehave() -> Iterator[Misbehave]:
    """Return a function that starts a server which treats each connection as told, and returns its base URL."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.05)

        def accept(answer: Answer) -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    connection, _ = listening.accept()
                    connection.settimeout(5)
                    thread = threading.Thread(target=serve, args=(connection, answer))
                    threads.append(thread)
                    thread.start()

        def serve(connection: socket.socket, answer: Answer) -> None:
            with connection, suppress(OSError):
                connection.recv(65536)
                answer(connection)

        def start(answer: Answer) -> str:
            thread = threading.Thread(target=accept, args=(answer,))
            threads.append(thread)
            thread.start()
            return f"http://127.0.0.1:{listening.getsockname()[1]}/flags"

        yield start
        stop.set()
        while threads:
            threads.pop(0).join()


@pytest.fixture(scope="session")
def gif() -> bytes:
    """Return a whole GIF image."""
    return draw_flag("MC")
