"""Where the servers are, and what answers there."""

import socket

import pytest

from flagkit.flags import FlagServer
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
