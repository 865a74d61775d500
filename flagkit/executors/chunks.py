"""Map in chunks: several items a task, for executors of ours that send their items away."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

__all__ = ["map_in_chunks"]

T = TypeVar("T")


def map_in_chunks(
    map_: Callable[..., Iterator[list[T]]],
    function: Callable[..., T],
    *iterables: Iterable[Any],
    chunksize: int,
    **options: Any,
) -> Iterator[T]:
    """Return the results of `function` in the order of the items, through `map_` with `chunksize` items a task.

    `map_` is a map that sends one item a task; it gets the `options`. ValueError for chunks of nothing.
    """
    if chunksize < 1:
        raise ValueError("chunksize must be >= 1.")
    results = map_(Chunked(function), _chunks(zip(*iterables, strict=False), chunksize), **options)
    return _chained(results)


class Chunked(Generic[T]):
    """A function on a chunk of items."""

    def __init__(self, function: Callable[..., T]) -> None:
        self.__wrapped__ = function

    def __call__(self, chunk: list[tuple[Any, ...]]) -> list[T]:
        """Return the results of the items in their order."""
        return [self.__wrapped__(*args) for args in chunk]


def _chunks(items: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(items, size)):
        yield chunk


def _chained(results: Iterator[list[T]]) -> Iterator[T]:
    for chunk in results:
        chunk.reverse()
        while chunk:
            yield chunk.pop()  # so that what has been taken is not kept
