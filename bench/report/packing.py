"""Texts of the page as it carries them: packed (gzip, then base64), and as the policy knows them."""

import base64
import gzip
import hashlib

_LEVEL = 9


def packed(text: str) -> str:
    """Return a text as base64 of its gzip; the same text is the same every time."""
    return base64.b64encode(gzip.compress(text.encode(), _LEVEL, mtime=0)).decode("ascii")


def integrity(text: str) -> str:
    """Return the source expression by which a Content-Security-Policy allows exactly this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
