"""One HTTP session a worker: made at the worker's first request, kept for all its codes, closed when the worker ends.

A worker has one request in flight at a time, so its session keeps one connection to a host, and as many connections
are open as there are workers. This module alone imports requests, when a session is first needed.
"""

import atexit
import os
import threading
import warnings
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import flagkit

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session
    from requests.adapters import HTTPAdapter
    from requests.structures import CaseInsensitiveDict
    from urllib3 import BaseHTTPResponse
    from urllib3.connectionpool import ConnectionPool

__all__ = [
    "FlagSession",
    "close_sessions",
    "close_sessions_of_ended_threads",
    "import_requests",
    "is_loopback",
    "worker_session",
]

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

USER_AGENT = f"flagkit/{flagkit.__version__}"
ATTEMPT_HEADER = "Flagkit-Attempt"
"""Tells the server which attempt at a code this is, so that what it draws for it can be repeated."""

_opened: dict[threading.Thread, "FlagSession"] = {}
_opening = threading.Lock()


class FlagSession:
    """A requests.Session that asks one site for many small files.

    What the environment says of the site (proxies, .netrc, certificates) is looked up once, and without a proxy the
    connection pool and the form of the URL are too: requests would do both again for each of them. No proxy leads to
    this machine's own ports.
    """

    def __init__(self, base_url: str) -> None:
        requests = import_requests()

        self.base_url = base_url
        self.session: Session = requests.Session()
        # What HTTP/1.1 means without being told (keep-alive, any type) is left out.
        self.session.headers.clear()
        self.session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self._template = self.session.prepare_request(requests.Request("GET", base_url))
        self._root = (self._template.url or "").rstrip("/")  # without a path, there is a slash that nobody has written
        self._settings = self.session.merge_environment_settings(base_url, {}, True, None, None)  # noqa: FBT003 - stream
        if is_loopback(base_url):
            self._settings["proxies"] = {}
        # Two hosts: a redirect has its own. One connection to each: a worker does one thing at a time.
        adapter = requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=1)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self._direct: HTTPAdapter | None = None
        if not self._settings["proxies"]:
            self._direct = _direct_adapter(adapter, self._template, self._settings)

    def get(self, path: str, *, timeout_s: float, attempt: int) -> "Response":
        """Return the answer to a GET of `path` below the base URL, its body not yet read.

        Raises requests.RequestException.
        """
        request = self._template.copy()
        request.url = f"{self._root}/{path}"
        request.headers[ATTEMPT_HEADER] = str(attempt)
        if self._direct is not None:
            response = self._direct.send(request, timeout=timeout_s, **self._settings)
            if response.is_redirect:
                for followed in self.session.resolve_redirects(response, request, timeout=timeout_s, **self._settings):
                    response = followed
            return response
        return self.session.send(request, timeout=timeout_s, **self._settings)

    def close(self) -> None:
        """Close the connections."""
        self.session.close()


def _direct_adapter(
    adapter: "HTTPAdapter",
    template: "PreparedRequest",
    settings: Any,
) -> "HTTPAdapter":
    """Return an adapter for one site without a proxy, which shares the connections of `adapter`."""
    from requests import Response  # noqa: PLC0415 - see import_requests
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    pool = adapter.get_connection_with_tls_context(template, settings["verify"], cert=settings["cert"])
    before_path = (template.url or "").index("/", len("https://"))

    class DirectAdapter(HTTPAdapter):
        def get_connection_with_tls_context(self, *_: Any, **__: Any) -> "ConnectionPool":
            return pool

        def request_url(self, request: "PreparedRequest", proxies: Any) -> str:  # noqa: ARG002 - as inherited
            return (request.url or "")[before_path:]

        def build_response(self, req: "PreparedRequest", resp: "BaseHTTPResponse") -> Response:
            # As inherited, without the cookies, the guess at the encoding of a text, and headers that are copied once
            # more: urllib3's do not mind the case either.
            response = Response()
            response.status_code = resp.status
            response.reason = resp.reason or ""
            response.headers = cast("CaseInsensitiveDict[str]", resp.headers)
            response.raw = resp
            response.url = req.url or ""
            response.request = req
            return response

    return DirectAdapter(pool_connections=1, pool_maxsize=1)


def is_loopback(url: str) -> bool:
    """Tell whether `url` is on this machine, by its name."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS


def worker_session(base_url: str) -> FlagSession:
    """Return this thread's session for `base_url`, a new one at first; another base URL replaces it."""
    thread = threading.current_thread()
    session = _opened.get(thread)
    if session is None or session.base_url != base_url:
        if session is not None:
            session.close()
        session = FlagSession(base_url)
        with _opening:
            _opened[thread] = session
    return session


def close_sessions_of_ended_threads() -> None:
    """Close the sessions of threads that have ended, and the calling thread's own."""
    with _opening:
        ended = [thread for thread in _opened if not thread.is_alive() or thread is threading.current_thread()]
        sessions = [_opened.pop(thread) for thread in ended]
    for session in sessions:
        session.close()


def close_sessions() -> None:
    """Close all sessions of this process (or interpreter)."""
    with _opening:
        sessions = list(_opened.values())
        _opened.clear()
    for session in sessions:
        session.close()


def _forget_sessions() -> None:
    """Leave the sessions of its parent to it, in a forked child: two would mix their requests on one connection."""
    global _opening  # noqa: PLW0603 - the lock may have been held by another thread of the parent
    _opening = threading.Lock()
    _opened.clear()


def import_requests() -> Any:
    """Import requests; in an interpreter of its own too, where the compiled charset_normalizer cannot be imported.

    It would only be needed to guess the encoding of text, and a flag is none, so requests' warning is left out.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
        import requests  # noqa: PLC0415 - it takes a quarter of a second, and only a download needs it
    return requests


atexit.register(close_sessions)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_sessions)
