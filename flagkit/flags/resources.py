"""Answers that are made once and sent often: ASGI messages with their headers in place."""

import hashlib
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Self

from flagkit.flags.codes import countries
from flagkit.flags.images import draw_flag
from flagkit.flags.page import flags_page

__all__ = ["NO_BODY", "Message", "Resource", "flag_resource", "metadata_resource", "page_resource"]

Message = MutableMapping[str, Any]
Header = tuple[bytes, bytes]

NO_BODY: Message = {"type": "http.response.body", "body": b""}


@dataclass(frozen=True, slots=True)
class Resource:
    """An answer that is ready to be sent: its start, its start when the client has it already, and its body."""

    start: Message
    unchanged: Message
    body: Message
    etag: bytes

    @classmethod
    def of(cls, content: bytes, content_type: str, status: int = HTTPStatus.OK, *extra: Header) -> Self:
        """Return the answer with this content; its ETag is a digest of the content."""
        etag = b'"' + hashlib.blake2b(content, digest_size=8).hexdigest().encode() + b'"'
        # No header that nobody needs: each is checked, written and parsed again with every answer.
        length = str(len(content)).encode()
        headers: list[Header] = [(b"content-type", content_type.encode()), (b"content-length", length)]
        if status == HTTPStatus.OK:
            headers.append((b"etag", etag))
        return cls(
            start=_start(status, [*headers, *extra]),
            unchanged=_start(HTTPStatus.NOT_MODIFIED, [(b"etag", etag)]),
            body={"type": "http.response.body", "body": content},
            etag=etag,
        )

    @classmethod
    def of_json(cls, value: object) -> Self:
        """Return the answer with `value` as JSON."""
        return cls.of(json.dumps(value, ensure_ascii=False).encode(), "application/json")

    @classmethod
    def of_status(cls, status: int, *extra: Header) -> Self:
        """Return the answer that is nothing but a status, in words."""
        words = f"{status} {HTTPStatus(status).phrase}\n"
        return cls.of(words.encode(), "text/plain; charset=utf-8", status, *extra)


def _start(status: int, headers: list[Header]) -> Message:
    return {"type": "http.response.start", "status": int(status), "headers": headers}


@cache
def flag_resource(code: str) -> Resource:
    """Return the flag of a country, drawn at its first use."""
    return Resource.of(draw_flag(code), "image/gif")


@cache
def metadata_resource(code: str) -> Resource:
    """Return the facts about a country: its name, its ISO 3166-1 codes, and the size of its flag in bytes."""
    country = countries()[code]
    return Resource.of_json(
        {
            "country": country.name,
            "iso_cc": country.code,
            "iso_alpha_3": country.alpha_3,
            "iso_numeric": country.numeric,
            "image_bytes": country.image_bytes,
        },
    )


@cache
def page_resource() -> Resource:
    """Return the page with all flags."""
    return Resource.of(flags_page(countries().values()).encode(), "text/html; charset=utf-8")
