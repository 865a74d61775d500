"""Where the servers are, and what answers there."""

import errno
import os
import socket
import time

import pytest

from flagkit.flags import FlagServer
from flagkit.flags import sites as sites_module
from flagkit.flags.sites import SITES, Site, SiteError, Visitor, check_url, look, site_of


def test_each_label_has_its_site() -> None:
    """The four servers are where the book has them."""
    assert {label: site_of(label, {}).base_url for label in SITES} == {
        "LOCAL": "http://localhost:8001/flags",
        "DELAY": "http://localhost:8002/flags",
        "ERROR": "http://localhost:8003/flags",
        "REMOTE": "http://flupy.org/data/flags",
    }


def test_a_label_may_be_written_small() -> None:
    """Case makes no difference, as in the book's program."""
    assert site_of("delay", {}).label == "DELAY"


def test_an_unknown_label_is_an_error_that_lists_the_known() -> None:
    """The message helps."""
    with pytest.raises(SiteError, match="LOCAL, DELAY, ERROR, REMOTE"):
        site_of("MARS", {})


def test_the_environment_may_say_where_a_server_is() -> None:
    """Each label has its variable; an empty one says nothing."""
    assert site_of("LOCAL", {"FLAGKIT_LOCAL_URL": "http://host:9/f/"}).base_url == "http://host:9/f"
    assert site_of("LOCAL", {"FLAGKIT_LOCAL_URL": ""}).base_url == SITES["LOCAL"]
    assert site_of("DELAY", {"FLAGKIT_LOCAL_URL": "http://host:9/f"}).base_url == SITES["DELAY"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8001",
        "ftp://host/flags",
        "http://",
        "http://host:port/",
        "http://[::1/",
        "http://h/?q",
        "http://h:0/",
        "http://h h/flags",
    ],
)
def test_what_is_no_url_is_an_error_that_names_its_origin(url: str) -> None:
    """The message says what was wrong and what is right."""
    with pytest.raises(SiteError, match=r"--base-url must be like http://localhost:8001/flags"):
        check_url(url, "--base-url")


@pytest.mark.parametrize(
    ("site", "may"),
    [
        (Site("LOCAL", "http://localhost:8001/flags"), True),
        (Site("ERROR", "http://[::1]:9/flags"), True),
        (Site("LOCAL", "http://example.com/flags"), False),
        (Site("LOCAL", "https://localhost/flags"), False),
        (Site("LOCAL", "http://localhost:8001"), False),
        (Site("LOCAL", "http://localhost:8001/images"), False),
        (Site("REMOTE", "http://localhost:8001/flags"), False),
        (Site("CUSTOM", "http://localhost:8001/flags"), False),
    ],
)
def test_only_the_books_servers_on_this_machine_may_be_embedded(site: Site, may: bool) -> None:  # noqa: FBT001 - a case
    """Nothing is started for a server elsewhere, for one that is named by its URL, nor where ours has no flags."""
    assert site.may_be_embedded is may


@pytest.mark.parametrize(
    ("url", "port"), [("http://h/flags", 80), ("https://h/flags", 443), ("http://h:8001/flags", 8001)]
)
def test_a_url_without_a_port_has_its_schemes(url: str, port: int) -> None:
    """80 and 443 need not be written."""
    assert Site("CUSTOM", url).port == port


def test_nothing_answers_at_a_free_port(free_port: int) -> None:
    """A refused connection means that a server may be started there."""
    assert look(Site("LOCAL", f"http://localhost:{free_port}/flags")) is Visitor.NOTHING


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH])
@pytest.mark.parametrize("is_last", [False, True])
def test_nothing_answers_at_an_address_that_the_machine_lacks(
    number: int, *, is_last: bool, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`localhost` may have ::1 where IPv6 is off, before or after the address that does refuse."""
    resolve(monkeypatch, free_port, is_last=is_last)
    fail_by_ipv6(monkeypatch, number)
    assert look(Site("LOCAL", f"http://localhost:{free_port}/flags")) is Visitor.NOTHING


def test_what_does_not_answer_is_an_error(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something may be there that lets nobody in, at one of two addresses, though the other refuses."""
    resolve(monkeypatch, free_port, is_last=False)
    fail_by_ipv6(monkeypatch, errno.ETIMEDOUT)
    with pytest.raises(SiteError, match=r"something else uses port .*timed out"):
        look(Site("LOCAL", f"http://localhost:{free_port}/flags"))


def resolve(monkeypatch: pytest.MonkeyPatch, port: int, *, is_last: bool) -> None:
    """Let every name have both loopback addresses, that of IPv6 as the last or as the first."""
    ipv4 = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
    ipv6 = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", port, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [ipv4, ipv6] if is_last else [ipv6, ipv4])


def fail_by_ipv6(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let connecting fail where the address is one of IPv6."""

    class Socket(socket.socket):
        def __init__(self, family: int = socket.AF_INET, *arguments: int) -> None:
            if family == socket.AF_INET6:
                raise OSError(number, os.strerror(number))
            super().__init__(family, *arguments)

    monkeypatch.setattr(socket, "socket", Socket)


def test_a_server_of_another_run_is_told_from_one_that_stays(server: FlagServer) -> None:
    """It would end with its run."""
    assert look(Site("LOCAL", server.base_url)) is Visitor.EMBEDDED


def test_something_foreign_is_an_error(misbehave: "object") -> None:
    """A web server of another kind is not asked for flags."""
    assert callable(misbehave)

    def page(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n[42]")

    with pytest.raises(SiteError, match=r"something else uses port \d+.*FLAGKIT_LOCAL_URL or --base-url"):
        look(Site("LOCAL", misbehave(page)))


def test_something_that_speaks_no_http_is_an_error(misbehave: "object") -> None:
    """Whatever listens there, the message is the same."""
    assert callable(misbehave)
    with pytest.raises(SiteError, match="no flagkit server"):
        look(Site("ERROR", misbehave(lambda connection: connection.sendall(b"220 smtp ready\r\n"))))


@pytest.mark.parametrize("piece", [b" " * 65_536, b" "], ids=["as fast as it can", "a byte now and then"])
def test_something_that_never_ends_is_an_error(
    piece: bytes, misbehave: "object", monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more of it is read than a flagkit server has to say, and for no longer than that may take."""
    monkeypatch.setattr(sites_module, "LOOK_S", 0.5)
    assert callable(misbehave)
    sent = 0

    def send(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while sent < 1000:
            connection.sendall(piece)
            sent += 1
            time.sleep(0.01)

    with pytest.raises(SiteError, match="no flagkit server"):
        look(Site("LOCAL", misbehave(send)))
    assert sent < 1000
