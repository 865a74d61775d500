"""The servers by label: where each is, and whether a flagkit server, something else, or nothing answers there."""

import errno
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flagkit.flags.behaviour import BEHAVIOURS
from flagkit.flags.sessions import import_requests, is_loopback

if TYPE_CHECKING:
    import requests

__all__ = ["SITES", "Site", "SiteError", "Visitor", "advice", "check_url", "look", "site_of"]

EMBEDDED_PATH = "/flags"
LOOK_S = 5.0
MOST_HEALTH_BYTES = 65_536
"""What a flagkit server says of itself takes a hundred; something foreign may never end."""
NOBODY_THERE = (errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH)
"""How connecting fails where nobody listens, and at an address that a machine lacks, as ::1 where IPv6 is off."""

SITES: Mapping[str, str] = MappingProxyType(
    {
        "LOCAL": "http://localhost:8001/flags",
        "DELAY": "http://localhost:8002/flags",
        "ERROR": "http://localhost:8003/flags",
        "REMOTE": "http://flupy.org/data/flags",
    },
)
"""Where each server is unless FLAGKIT_<LABEL>_URL says otherwise."""


class SiteError(ValueError):
    """A server cannot be used as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Site:
    """A server to download from."""

    label: str
    base_url: str

    @property
    def port(self) -> int:
        """The TCP port."""
        parts = urlsplit(self.base_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def may_be_embedded(self) -> bool:
        """Whether a server may be started for it: a label of the book's servers, on this machine, at our path."""
        parts = urlsplit(self.base_url)
        ours = parts.scheme == "http" and parts.path == EMBEDDED_PATH
        return self.label in BEHAVIOURS and ours and is_loopback(self.base_url)


class Visitor(Enum):
    """What answers at a site's port."""

    NOTHING = auto()
    FLAGKIT = auto()
    EMBEDDED = auto()
    """A server that ends with another run."""


def site_of(label: str, environment: Mapping[str, str] = os.environ) -> Site:
    """Return the site of `label`, in upper or lower case. SiteError for an unknown label or a URL that is none."""
    known = label.upper()
    if known not in SITES:
        raise SiteError(f"no server is called {label!r}; there are: {', '.join(SITES)}")
    variable = f"FLAGKIT_{known}_URL"
    url = environment.get(variable)
    return Site(known, SITES[known] if not url else check_url(url, variable))


def check_url(url: str, origin: str) -> str:
    """Return `url` without a slash at its end; SiteError, which names its `origin`, unless it is an HTTP URL."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that does not close
        usable = False
    if not usable or parts.query or parts.fragment or any(letter.isspace() for letter in url):
        raise SiteError(f"{origin} must be like http://localhost:8001/flags, not {url!r}")
    return url.rstrip("/")


def look(site: Site) -> Visitor:
    """Tell what answers at the port of a `site` on this machine; SiteError when it is no flagkit server."""
    parts = urlsplit(site.base_url)
    address = (parts.hostname or "", site.port)
    try:
        socket.create_connection(address, LOOK_S, all_errors=True).close()
    except ExceptionGroup as errors:  # one for each address of the name
        telling = [error for error in errors.exceptions if getattr(error, "errno", None) not in NOBODY_THERE]
        if not telling:
            return Visitor.NOTHING
        raise SiteError(_foreign(site, str(telling[0]))) from None
    except OSError as error:
        raise SiteError(_foreign(site, str(error))) from None
    health = _health(f"{parts.scheme}://{parts.netloc}/healthz")
    if health.get("server") != "flagkit":
        raise SiteError(_foreign(site, "it is no flagkit server"))
    return Visitor.EMBEDDED if health.get("embedded") else Visitor.FLAGKIT


def _health(url: str) -> dict[str, Any]:
    requests = import_requests()
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - loaded with requests

    deadline = time.monotonic() + LOOK_S
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy leads to this machine's own ports
            with session.get(url, timeout=LOOK_S, stream=True, allow_redirects=False) as response:
                health = json.loads(_read(response, deadline))
    except (requests.RequestException, HTTPError, ValueError):
        return {}
    return health if isinstance(health, dict) else {}


def _read(response: "requests.Response", deadline: float) -> bytes:
    """Read the body: as much as a flagkit server could have to say, until the deadline."""
    body = b""
    while len(body) < MOST_HEALTH_BYTES and time.monotonic() < deadline:
        piece = response.raw.read1(MOST_HEALTH_BYTES)
        if not piece:
            break
        body += piece
    return body


def _foreign(site: Site, why: str) -> str:
    return f"something else uses port {site.port}, where the {site.label} server should be ({why}): {advice(site)}"


def advice(site: Site) -> str:
    """Return what to do when a server cannot be at its site's port."""
    return f"end what is there, or say with FLAGKIT_{site.label}_URL or --base-url where the server is"
