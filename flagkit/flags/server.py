"""The flag server's ASGI application: flags, their metadata, a page with all of them, and its health.

Everything that it can answer is in a table from the start, and a request's path is only looked up there: none ever
reaches the file system.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from http import HTTPStatus
from typing import Any

from flagkit.flags.behaviour import DROP, Fate, Hosted
from flagkit.flags.codes import countries
from flagkit.flags.resources import NO_BODY, Message, Resource, flag_resource, metadata_resource, page_resource
from flagkit.flags.sessions import ATTEMPT_HEADER

__all__ = ["HEALTH_PATH", "FlagApp"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEALTH_PATH = "/healthz"
ATTEMPT = ATTEMPT_HEADER.lower().encode()
MOST_ATTEMPTS_DIGITS = 6
FLAG_PATH = re.compile(r"/flags/([a-z]{2})/\1\.gif")

NOT_FOUND = Resource.of_status(HTTPStatus.NOT_FOUND)
NOT_ALLOWED = Resource.of_status(HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD"))


class FlagApp:
    """Answers for each of `hosted`, told apart by the port that a request came to."""

    def __init__(self, hosted: Mapping[int, Hosted]) -> None:
        self._hosted = hosted
        self._health = {port: Resource.of_json(server.health()) for port, server in hosted.items()}
        self._routes = _routes()
        # Of clients that do not say which attempt it is; at most 676 codes a port.
        self._attempts: Counter[tuple[int, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        port = scope["server"][1]
        path = _path(scope["path"])
        if scope["method"] not in ("GET", "HEAD"):
            await _send(NOT_ALLOWED, scope, send)
            return
        if path == HEALTH_PATH:
            await _send(self._health[port], scope, send)
            return
        if not self._hosted[port].behaviour.is_plain:
            fate = self._fate(port, path, scope)
            if fate.delay_s:
                await asyncio.sleep(fate.delay_s)
            if fate.status == DROP:
                await _drop(scope, receive)
                return
            if fate.status is not None:
                await _send(Resource.of_status(fate.status), scope, send)
                return
        resource = self._routes.get(path)
        await _send(resource() if resource else NOT_FOUND, scope, send)

    def _fate(self, port: int, path: str, scope: Scope) -> Fate:
        flag = FLAG_PATH.fullmatch(path)
        key = flag[1].upper() if flag else path
        said = _header(scope, ATTEMPT)
        if said.isdigit() and len(said) <= MOST_ATTEMPTS_DIGITS:
            attempt = int(said)
        elif flag:
            self._attempts[port, key] += 1
            attempt = self._attempts[port, key]
        else:
            attempt = 1
        return self._hosted[port].behaviour.fate(key, attempt)


def _path(target: str) -> str:
    """Return the path of a request's target, which may be a whole URL (RFC 9112, 3.2.2): proxies ask in that way."""
    if target.startswith("/"):
        return target
    _, is_url, rest = target.partition("://")
    return f"/{rest.partition('/')[2]}" if is_url else target


def _routes() -> dict[str, Callable[[], Resource]]:
    routes: dict[str, Callable[[], Resource]] = dict.fromkeys(("/", "/flags", "/flags/"), page_resource)
    for code in countries():
        folder = f"/flags/{code.lower()}"
        routes[f"{folder}/{code.lower()}.gif"] = partial(flag_resource, code)
        routes[f"{folder}/metadata.json"] = partial(metadata_resource, code)
    return routes


def _header(scope: Scope, wanted: bytes) -> bytes:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return b""


async def _send(resource: Resource, scope: Scope, send: Send) -> None:
    known = _header(scope, b"if-none-match")
    if known and resource.start["status"] == HTTPStatus.OK and _has(known, resource.etag):
        await send(resource.unchanged)
        await send(NO_BODY)
    else:
        await send(resource.start)
        await send(NO_BODY if scope["method"] == "HEAD" else resource.body)


def _has(known: bytes, etag: bytes) -> bool:
    """Compare weakly, as If-None-Match asks for (RFC 9110, 13.1.2)."""
    return known.strip() == b"*" or etag in (tag.strip().removeprefix(b"W/") for tag in known.split(b","))


async def _drop(scope: Scope, receive: Receive) -> None:
    """Close the connection before an answer, and return once it is closed."""
    scope["state"]["close"]()
    while (await receive())["type"] != "http.disconnect":
        pass
