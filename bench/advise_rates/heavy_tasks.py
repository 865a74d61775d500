"""What the cells run whose module takes long to import, as a large program does: Pillow, an HTTP client, and a loop."""

import io
import urllib.request
from typing import Any

from PIL import Image

from bench.advise_rates import tasks
from flagkit.work.pure import loop

__all__ = ["download", "resize", "run", "total"]

IMPORT_TURNS = 4_000_000
loop(IMPORT_TURNS)


def run(item: tasks.Item) -> bytes:
    """Do what the item says."""
    return tasks.run(item)


def resize(picture: bytes) -> bytes:
    """Pillow, which releases the GIL while it resizes."""
    target = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").resize((64, 64)).save(target, "PNG")
    return target.getvalue()


def total(array: Any) -> float:
    """Reduce an array: numpy that waits for memory."""
    return float((array * array).sum())


def download(url: str) -> int:
    """Wait for a server, mostly."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the cell's own server on loopback
        return len(answer.read())
