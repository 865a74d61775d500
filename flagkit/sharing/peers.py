"""The other side of a medium: a process of its own, for the length of a `with` block."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["SPAWN", "peer"]

SPAWN = multiprocessing.get_context("spawn")
"""Nothing of this process is copied to a peer, and no server process stays behind."""


@contextmanager
def peer(
    target: Callable[..., None], *arguments: Any, end: Callable[[], object], theirs: "Iterable[Connection[Any, Any]]"
) -> Iterator[None]:
    """Run a function in a new process; `end()` asks it to return, and an error in the block kills it.

    Of the connections that it is given, `theirs` are closed here: nobody waits for it then once it has died.
    """
    process = SPAWN.Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        for connection in theirs:
            connection.close()
        yield
        end()
        process.join(5)
    finally:
        process.kill()
        process.join()
        process.close()
