"""Why a download failed, in a few words for a person."""

import socket
from collections.abc import Iterator

__all__ = ["reason"]


def reason(error: BaseException) -> str:
    """Return why a request or a save failed; what requests and urllib3 wrap is unwrapped, what is unknown is quoted."""
    from http.client import IncompleteRead, RemoteDisconnected  # noqa: PLC0415 - loaded with requests

    from requests.exceptions import Timeout, TooManyRedirects  # noqa: PLC0415 - loaded with the first session
    from urllib3.exceptions import IncompleteRead as BodyCut  # noqa: PLC0415
    from urllib3.exceptions import TimeoutError as Urllib3Timeout  # noqa: PLC0415

    words: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
        ((TooManyRedirects,), "redirected too often"),
        ((ConnectionRefusedError,), "connection refused"),
        ((socket.gaierror,), "host not found"),
        ((IncompleteRead, BodyCut), "the body was cut short"),
        ((RemoteDisconnected, ConnectionResetError, ConnectionAbortedError), "connection closed before an answer"),
        ((Timeout, Urllib3Timeout, TimeoutError), "timed out"),
    )
    chain = list(_chain(error))
    for kinds, text in words:
        if any(isinstance(link, kinds) for link in chain):
            return text
    for link in chain:
        if isinstance(link, OSError) and link.strerror:
            return f"{link.strerror}: {link.filename}" if link.filename else link.strerror
    return str(error) or type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and what it wraps: as its cause, its context, its argument, or urllib3's `reason`."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
