"""One HTTP session a worker."""

import multiprocessing
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import responses

from flagkit.flags import FlagServer, Job, Status, close_sessions, download_many, download_one, every_code, get_flag
from flagkit.flags import sessions as sessions_module
from flagkit.flags.sessions import FlagSession, close_sessions_of_ended_threads, worker_session

BASE = "http://flags.example/flags"


def test_a_worker_keeps_its_session() -> None:
    """The same thread gets the same session for the same site, and a new one for another."""
    session = worker_session(BASE)
    assert worker_session(BASE) is session
    assert worker_session("http://other.example/flags") is not session


def test_workers_do_not_share_a_session() -> None:
    """Each thread has its own."""
    barrier = threading.Barrier(3)

    def session_of_this_thread() -> FlagSession:
        barrier.wait()
        return worker_session(BASE)

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(session_of_this_thread) for _ in range(3)]
        assert len({id(future.result()) for future in futures}) == 3


@pytest.mark.parametrize(("workers", "executor"), [(1, "serial"), (5, "thread")])
def test_there_are_as_many_connections_as_workers(
    workers: int, executor: str, server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found or not, every answer of a worker comes over the connection that it opened first."""
    from urllib3.connection import HTTPConnection  # noqa: PLC0415

    opened: Counter[int] = Counter()
    connect = HTTPConnection.connect

    def counted(self: HTTPConnection) -> None:
        opened[threading.get_ident()] += 1
        connect(self)

    monkeypatch.setattr(HTTPConnection, "connect", counted)
    codes = every_code()[:100]
    tally = download_many(codes, base_url=server.base_url, dest=tmp_path, executor=executor, workers=workers)
    assert tally.errors == 0
    assert len(opened) <= workers
    assert set(opened.values()) == {1}


def test_the_sessions_of_a_run_are_closed_at_its_end(server: FlagServer, tmp_path: Path) -> None:
    """No session outlives the pool that was made for the run."""
    for executor in ("serial", "thread"):
        download_many(["BR", "FR"], base_url=server.base_url, dest=tmp_path, executor=executor)
        assert sessions_module._opened == {}


def test_a_living_threads_session_stays(server: FlagServer) -> None:
    """Closing what ended threads have left takes nothing from those that work."""
    with ThreadPoolExecutor(1) as pool:
        session = pool.submit(worker_session, server.base_url).result()
        close_sessions_of_ended_threads()
        assert pool.submit(worker_session, server.base_url).result() is session
    close_sessions_of_ended_threads()
    assert sessions_module._opened == {}


def _sessions_in_child(results: "multiprocessing.Queue[int]") -> None:
    results.put(len(sessions_module._opened))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_does_not_use_its_parents_connection(server: FlagServer, gif: bytes) -> None:
    """Two processes on one connection would take each other's answers."""
    assert get_flag("MC", server.base_url) == gif
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[int] = context.Queue()
    child = context.Process(target=_sessions_in_child, args=(results,))
    child.start()
    assert results.get() == 0
    child.join()
    results.close()
    results.join_thread()


@pytest.mark.parametrize("folder", ["", "/", "/flags", "/flags/"])
@pytest.mark.parametrize("is_moved", [False, True], ids=["", "moved"])
def test_the_flags_are_below_the_base_url(folder: str, *, is_moved: bool, gif: bytes) -> None:
    """With a path or without one, with a slash at the end or without, the server is asked for one and the same."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.requestline.split()[1])  # in `path`, two slashes at the start are one
            is_here = not is_moved or len(asked) > 1
            self.send_response(200 if is_here else 302)
            self.send_header("Location", "/elsewhere.gif")
            self.send_header("Content-Length", str(len(gif) if is_here else 0))
            self.end_headers()
            self.wfile.write(gif if is_here else b"")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        try:
            assert get_flag("MC", f"http://127.0.0.1:{serving.server_port}{folder}") == gif
        finally:
            serving.shutdown()
            thread.join()
    assert asked == [f"{folder.rstrip('/')}/mc/mc.gif", "/elsewhere.gif"][: 1 + is_moved]


@responses.activate
def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, gif: bytes) -> None:
    """What the environment says of proxies holds, though it is read once."""
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    responses.get(f"{BASE}/br/br.gif", gif)
    assert get_flag("BR", BASE) == gif
    kept = vars(responses.calls[0].request)["req_kwargs"]
    assert kept["proxies"]["http"] == "http://proxy.example:3128"


def test_a_proxy_that_cannot_be_reached_is_an_error(
    monkeypatch: pytest.MonkeyPatch, free_port: int, tmp_path: Path
) -> None:
    """With a proxy, requests go there and nowhere else."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")
    result = download_one("BR", Job(BASE, tmp_path))
    assert (result.status, result.detail) == (Status.ERROR, "connection refused")


def test_no_proxy_leads_to_this_machines_own_servers(
    monkeypatch: pytest.MonkeyPatch, free_port: int, server: FlagServer, gif: bytes
) -> None:
    """A proxy for the world does not keep the downloader from the server that it has started."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")
    assert get_flag("MC", server.base_url) == gif


def test_closing_twice_is_no_error() -> None:
    """There may be nothing to close."""
    worker_session(BASE)
    close_sessions()
    close_sessions()
    assert sessions_module._opened == {}
