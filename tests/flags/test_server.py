"""The flag server, as a client of any kind meets it."""

import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagkit.flags import BEHAVIOURS, Behaviour, FlagServer, countries, every_code
from flagkit.flags import protocol as protocol_module
from flagkit.flags.behaviour import DROP, Hosted
from flagkit.flags.images import draw_flag
from flagkit.flags.serving import open_sockets


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Keep a connection, and nothing of the environment."""
    with requests.Session() as kept:
        kept.trust_env = False
        yield kept


def exchange(port: int, request: bytes, timeout_s: float = 5) -> bytes:
    """Send bytes on a connection of their own and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        with contextlib.suppress(OSError):  # the server may have answered and closed before it has heard all
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError), connection.makefile("rb") as answer:
            return answer.read()
        return b""


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer."""
    return int(answer.split(b" ", 2)[1])


def test_each_flag_is_served_with_its_size_and_type(server: FlagServer, session: requests.Session) -> None:
    """All 194 flags come whole, over one connection."""
    for country in countries().values():
        code = country.code.lower()
        answer = session.get(f"{server.base_url}/{code}/{code}.gif")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
        assert answer.content == draw_flag(country.code)
        assert int(answer.headers["Content-Length"]) == country.image_bytes


def test_metadata_tell_the_country_and_its_codes(server: FlagServer, session: requests.Session) -> None:
    """Names beyond ASCII come through."""
    facts = session.get(f"{server.base_url}/ci/metadata.json").json()
    assert facts == {
        "country": "Côte d'Ivoire",
        "iso_cc": "CI",
        "iso_alpha_3": "CIV",
        "iso_numeric": "384",
        "image_bytes": 5384,
    }


class Links(HTMLParser):
    """Collects what a page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the source of each image, which must say what it shows."""
        if tag == "img":
            found = dict(attrs)
            assert found["alt"]
            self.images.append(found["src"] or "")


@pytest.mark.parametrize("path", ["/flags/", "/flags", "/"])
def test_a_page_shows_all_flags(path: str, server: FlagServer, session: requests.Session) -> None:
    """A person with a browser sees a grid of 194 flags, each of which is there."""
    answer = session.get(f"http://127.0.0.1:{server.port}{path}")
    links = Links()
    links.feed(answer.text)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert links.images == [f"/flags/{code.lower()}/{code.lower()}.gif" for code in countries()]


def test_health_says_that_it_is_flagkit(server: FlagServer, session: requests.Session) -> None:
    """The downloader knows its own servers by this."""
    health = session.get(f"http://127.0.0.1:{server.port}/healthz").json()
    assert health == {"status": "ok", "server": "flagkit", "label": "LOCAL", "embedded": True}


@pytest.mark.parametrize(
    "path", ["/flags/br/br.gif", "/flags/br/metadata.json", "/flags/", "/healthz", "/flags/zz/zz.gif"]
)
def test_head_is_get_without_a_body(path: str, server: FlagServer, session: requests.Session) -> None:
    """Status and headers are the same."""
    url = f"http://127.0.0.1:{server.port}{path}"
    got, head = session.get(url), session.head(url)
    assert head.content == b""
    assert head.status_code == got.status_code
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}


@pytest.mark.parametrize(
    "path",
    [
        "/flags/zz/zz.gif",
        "/flags/br/fr.gif",
        "/flags/BR/BR.gif",
        "/flags/br/",
        "/flags/br/br.gif/",
        "//flags/br/br.gif",
        "/favicon.ico",
        "/flags/../../etc/passwd",
        "/flags/..%2f..%2fetc%2fpasswd",
        "/flags/%2e%2e/%2e%2e/etc/passwd",
        "/flags/%252e%252e%252f%252e%252e%252fetc/passwd",
        "/flags/..\\..\\etc\\passwd",
        "/flags/br/%00br.gif",
        "/flags/%ff%fe/x.gif",
        "/flags/br/../fr/fr.gif",
        "br",
        "http://localhost/flags/../../etc/passwd",
        "file:///etc/passwd",
    ],
)
def test_every_other_path_is_not_found(path: str, server: FlagServer) -> None:
    """No path leads out of the table, however it is written; the connection stays usable."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = exchange(server.port, request.encode())
    assert status_of(answer) == 404
    assert b"root:" not in answer
    assert b'"status": "ok"' in answer


@pytest.mark.parametrize(
    ("target", "begins"),
    [
        ("http://localhost/flags/br/br.gif", b"GIF8"),
        ("http://elsewhere:99/healthz", b'{"status": "ok"'),
        ("http://[::1", b"<!doctype html>"),
    ],
)
def test_a_whole_url_is_asked_for_by_its_path(target: str, begins: bytes, server: FlagServer) -> None:
    """As a client does that takes the server for a proxy (RFC 9112, 3.2.2)."""
    answer = exchange(server.port, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) == 200
    assert answer.split(b"\r\n\r\n", 1)[1].lower().startswith(begins.lower())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(method: str, server: FlagServer, session: requests.Session) -> None:
    """The answer says which are, known methods or not."""
    answer = session.request(method, f"{server.base_url}/br/br.gif", data=b"x" * 1000)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_is_not_sent_again(known: str, server: FlagServer, session: requests.Session) -> None:
    """An ETag that is given back is answered with 304 and nothing more."""
    url = f"{server.base_url}/br/br.gif"
    etag = session.get(url).headers["ETag"]
    answer = session.get(url, headers={"If-None-Match": known.format(etag)})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)


def test_another_etag_gets_the_flag(server: FlagServer, session: requests.Session) -> None:
    """What the client has is something else."""
    answer = session.get(f"{server.base_url}/br/br.gif", headers={"If-None-Match": '"other"'})
    assert (answer.status_code, answer.content) == (200, draw_flag("BR"))


def test_it_answers_on_both_loopback_addresses(server: FlagServer) -> None:
    """`localhost` may mean either."""
    for host in ("127.0.0.1", "localhost", *(["[::1]"] if has_ipv6() else [])):
        assert requests.get(f"http://{host}:{server.port}/healthz", timeout=5).ok


def has_ipv6() -> bool:
    """Tell whether this machine has an IPv6 loopback address."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def test_it_answers_on_loopback_alone() -> None:
    """Unless told otherwise, nobody else can reach it."""
    sockets = open_sockets("localhost", 0)
    assert {opened.getsockname()[0] for opened in sockets} <= {"127.0.0.1", "::1"}
    assert len({opened.getsockname()[1] for opened in sockets}) == 1
    for opened in sockets:
        opened.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 1000,
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=[
        "huge header",
        "huge path",
        "many headers",
        "no host",
        "length",
        "TLS",
        "zeros",
        "not ASCII",
        "text",
    ],
)
def test_what_is_no_request_gets_a_4xx_or_a_closed_connection(request_bytes: bytes, server: FlagServer) -> None:
    """And the server goes on serving."""
    answer = exchange(server.port, request_bytes)
    assert answer == b"" or 400 <= status_of(answer) < 500
    assert requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=5).ok


def test_garbage_behind_a_request_in_progress_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    """A pipelined request that is none cannot be answered while the one before it is."""
    with FlagServer(Behaviour(delay_s=(0.2, 0.2))) as slow:
        exchange(slow.port, b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n\r\n\0garbage\r\n\r\n")
        exchange(slow.port, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert requests.get(f"{slow.base_url}/br/br.gif", timeout=5).ok
    assert capfd.readouterr().err == ""


pieces = st.sampled_from(
    [
        b"GET ",
        b"HEAD ",
        b"/flags/br/br.gif",
        b" HTTP/1.1",
        b"\r\n",
        b"\r\n\r\n",
        b"Host: x",
        b"Content-Length: 5",
        b":",
        b"\0",
    ]
)


@pytest.fixture(scope="module")
def victim() -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Run a server whose stderr can be read at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "flagkit", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
        yield port, process
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(pieces, st.binary(max_size=30)), max_size=12).map(b"".join))
def test_no_bytes_end_the_server_or_print_anything(victim: tuple[int, "subprocess.Popen[str]"], data: bytes) -> None:
    """Whatever comes, it is answered or closed, and stderr stays empty."""
    port, process = victim
    answer = exchange(port, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
    assert process.poll() is None


def test_connections_that_are_given_up_do_not_matter(server: FlagServer) -> None:
    """Clients that leave in the midst of anything leave the server serving."""
    for request in (b"", b"GET /fl", b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n\r\n"):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(request)
    assert requests.get(f"{server.base_url}/br/br.gif", timeout=5).ok


class FakeTransport(asyncio.Transport):
    """A transport that only remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.unsent_bytes = 0
        self.sent: list[bytes] = []

    def get_extra_info(self, _name: str, default: object = None) -> object:
        """Know nothing."""
        return default

    def write(self, data: bytes) -> None:  # type: ignore[override] # bytes are all that is sent
        """Remember what was sent."""
        self.sent.append(data)

    def get_write_buffer_size(self) -> int:
        """Tell what a slow reader has not taken."""
        return self.unsent_bytes

    def is_closing(self) -> bool:
        """Tell whether it was aborted."""
        return self.aborted

    def abort(self) -> None:
        """Remember that."""
        self.aborted = True

    def close(self) -> None:
        """Close like abort: nothing waits."""
        self.aborted = True

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


async def connect(behaviour: Behaviour) -> tuple[protocol_module.FlagProtocol, FakeTransport]:
    """Return a connection to an application, without a network."""
    import uvicorn  # noqa: PLC0415
    from uvicorn.server import ServerState  # noqa: PLC0415

    from flagkit.flags.server import FlagApp  # noqa: PLC0415

    app = FlagApp({0: Hosted("TEST", behaviour)})

    async def at_port_0(scope: dict[str, object], receive: object, send: object) -> None:
        await app(scope | {"server": ("x", 0)}, receive, send)  # type: ignore[arg-type] # as uvicorn gives them

    config = uvicorn.Config(at_port_0, ws="none", lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    protocol = protocol_module.FlagProtocol(config, ServerState(), {}, asyncio.get_running_loop())
    transport = FakeTransport()
    protocol.connection_made(transport)
    return protocol, transport


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /flags/br/br.gif HT",
        b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
    ],
    ids=["nothing", "half a line", "half the headers", "half a body"],
)
def test_a_client_that_takes_too_long_to_ask_is_closed(sent: bytes) -> None:
    """It has some time for a whole request, however it dribbles, and no more."""

    async def scenario() -> tuple[bool, bool]:
        protocol, transport = await connect(Behaviour())
        began = asyncio.get_running_loop().time()
        if sent:
            protocol.data_received(sent)
        await asyncio.sleep(0.01)
        protocol.end_if_slow(began + protocol_module.PATIENCE_S - 1)
        early = transport.aborted
        protocol.end_if_slow(began + protocol_module.PATIENCE_S + 1)
        return early, transport.aborted

    assert asyncio.run(scenario()) == (False, True)


def test_a_client_that_waits_for_a_late_answer_is_not_slow() -> None:
    """The server's own delay is not held against it; an answer that it does not take is."""

    async def scenario() -> tuple[bool, bool]:
        protocol, transport = await connect(Behaviour(delay_s=(30, 30)))
        protocol.data_received(b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0)
        late = asyncio.get_running_loop().time() + protocol_module.PATIENCE_S + 1
        protocol.end_if_slow(late)
        waiting = transport.aborted
        transport.unsent_bytes = 1
        protocol.end_if_slow(late)
        for task in list(protocol.tasks):
            task.cancel()
        return waiting, transport.aborted

    assert asyncio.run(scenario()) == (False, True)


def test_an_answer_is_sent_in_one_piece() -> None:
    """Head and body make one packet, so that a client wakes once."""

    async def scenario() -> list[bytes]:
        protocol, transport = await connect(Behaviour())
        protocol.data_received(b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.01)
        return transport.sent

    (answer,) = asyncio.run(scenario())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(draw_flag("BR"))


def test_a_client_that_has_closed_its_side_gets_its_answer(server: FlagServer) -> None:
    """As one does that sends a request from a file, without asking to close."""
    for _ in range(20):
        answer = exchange(server.port, b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.endswith(draw_flag("BR"))


def test_errors_are_drawn_by_code_and_attempt() -> None:
    """The header names the attempt; without it, the server counts a code's requests."""
    flaky = Behaviour(error_rate=0.5, seed=3)

    def ask(code: str, headers: dict[str, str]) -> int:
        url = f"{server.base_url}/{code.lower()}/{code.lower()}.gif"
        try:
            return requests.get(url, headers=headers, timeout=5).status_code
        except requests.ConnectionError:
            return DROP

    codes = list(countries())[:12]
    plain = [
        [
            flaky.fate(code, attempt).status or 200 if flaky.fate(code, attempt).status != DROP else DROP
            for code in codes
        ]
        for attempt in (1, 2)
    ]
    with FlagServer(flaky) as server:
        for _ in range(2):
            assert [ask(code, {"Flagkit-Attempt": "2"}) for code in codes] == plain[1]
        assert [ask(code, {}) for code in codes] == plain[0]
        assert [ask(code, {}) for code in codes] == plain[1]


def test_metadata_and_pages_can_fail_too_but_health_cannot() -> None:
    """All answers but the health's are drawn."""
    with FlagServer(Behaviour(error_rate=1, seed=1)) as failing:
        base = f"http://127.0.0.1:{failing.port}"
        for path in ("/flags/", "/flags/br/metadata.json", "/nothing"):
            try:
                assert requests.get(base + path, timeout=5).status_code in {500, 503, 418}
            except requests.ConnectionError as error:
                assert "RemoteDisconnected" in str(error)  # noqa: PT017 - one of the errors
        assert requests.get(f"{base}/healthz", timeout=5).ok


def test_delays_are_asynchronous() -> None:
    """Fifty late answers take about as long as one, and the first comes no earlier than its delay."""
    with FlagServer(Behaviour(delay_s=(0.3, 0.3))) as slow, ThreadPoolExecutor(50) as pool:
        began = time.perf_counter()
        first = requests.get(f"{slow.base_url}/br/br.gif", timeout=5)
        one_s = time.perf_counter() - began
        answers = list(
            pool.map(lambda code: requests.get(f"{slow.base_url}/{code}/{code}.gif", timeout=5), ["br"] * 50)
        )
        fifty_s = time.perf_counter() - began - one_s
    assert first.ok
    assert all(answer.ok for answer in answers)
    assert one_s >= 0.3
    assert fifty_s < 50 * 0.3 / 2


def test_a_request_that_is_dropped_has_no_answer() -> None:
    """Not a byte comes before the end of the connection."""
    behaviour = Behaviour(error_rate=1)
    code = next(code for code in every_code() if behaviour.fate(code).status == DROP).lower()
    with FlagServer(behaviour) as server:
        assert exchange(server.port, f"GET /flags/{code}/{code}.gif HTTP/1.1\r\nHost: x\r\n\r\n".encode()) == b""


def test_the_books_servers_are_local_delay_and_error() -> None:
    """Their behaviours are those of the first edition."""
    assert list(BEHAVIOURS) == ["LOCAL", "DELAY", "ERROR"]
    assert json.loads(json.dumps(Hosted("DELAY", BEHAVIOURS["DELAY"]).health()))["label"] == "DELAY"
