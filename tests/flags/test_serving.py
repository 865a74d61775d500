"""The sockets that a server listens on."""

import errno
import os
import socket
from contextlib import closing

import pytest

from flagkit.flags import FlagServer, hosting
from flagkit.flags import serving as serving_module
from flagkit.flags.serving import PortError, open_sockets


def close(sockets: list[socket.socket]) -> list[tuple[str, int]]:
    """Close sockets and return where they were."""
    where = [opened.getsockname()[:2] for opened in sockets]
    for opened in sockets:
        opened.close()
    return where


def failing(monkeypatch: pytest.MonkeyPatch, address: str, number: int, times: int = 1000) -> list[str]:
    """Let listening on `address` fail so many times; return the list of addresses that are tried."""
    tried: list[str] = []
    open_really = serving_module._open

    def fail(wanted: str, port: int) -> socket.socket:
        tried.append(wanted)
        if wanted == address and tried.count(address) <= times:
            raise OSError(number, os.strerror(number))
        return open_really(wanted, port)

    monkeypatch.setattr(serving_module, "_open", fail)
    return tried


def test_a_machine_without_ipv6_is_served_by_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is then one address."""
    failing(monkeypatch, "::1", errno.EADDRNOTAVAIL)
    assert [host for host, _ in close(open_sockets("localhost", 0))] == ["127.0.0.1"]


def test_a_free_port_is_free_on_both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is free on one alone is let go, and another is tried."""
    tried = failing(monkeypatch, "::1", errno.EADDRINUSE, times=2)
    assert len({port for _, port in close(open_sockets("localhost", 0))}) == 1
    assert tried.count("127.0.0.1") == 3


def test_a_machine_without_a_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search has an end."""
    failing(monkeypatch, "127.0.0.1", errno.EADDRINUSE)
    with pytest.raises(PortError, match="no port that is free"):
        open_sockets("localhost", 0)


def test_a_port_that_is_in_use_is_an_error() -> None:
    """Taken on one of two addresses is taken."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"port {port} of localhost is in use"):
            open_sockets("localhost", port)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "only those above 1023"), (errno.ENOBUFS, "cannot listen on 127.0.0.1, port 80")],
)
def test_other_reasons_are_told_too(number: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port for the administrator alone, or whatever the system says."""
    failing(monkeypatch, "127.0.0.1", number)
    with pytest.raises(PortError, match=words):
        open_sockets("127.0.0.1", 80)


def test_a_server_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving the block never hangs."""
    monkeypatch.setattr(hosting, "STOP_S", 0.0)
    with FlagServer() as server:
        pid = server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
