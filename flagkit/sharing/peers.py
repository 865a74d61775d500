"""The other side of a medium: a process of its own, for the length of a `with` block."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["SPAWN", "peer"]

SPAWN = multiprocessing.get_context("spawn")
"""Nothing of this process is copied to a peer, and no server process stays behind."""


@contextmanager
def peer(target: Callable[..., None], *arguments: Any, end: Callable[[], object]) -> Iterator[None]:
    """Run a function in a new process; `end()` asks it to return, and an error in the block kills it."""
    process = SPAWN.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield
        end()
        process.join(5)
    finally:
        process.kill()
        process.join()
        process.close()
