"""Which cores the arms run on: one, the same for all; or all that may be used, for benchmarks that have workers."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of single-threaded benchmarks and of those with workers; empty where ``reason`` says why not."""

    one: tuple[int, ...]
    several: tuple[int, ...]
    reason: str | None = None

    def of(self, workers: int | None) -> tuple[int, ...]:
        """Return the cores of a benchmark that says how many workers it has, or nothing about it."""
        return self.several if workers is not None and workers > 1 else self.one


def usable() -> Cores:
    """Return the cores of this process, of which single-threaded benchmarks get the last: the first has interrupts.

    Tries that a core can be chosen. Nothing is pinned where that fails: then ``reason`` says so.
    """
    if not hasattr(os, "sched_setaffinity"):
        return Cores((), (), "this system lets no program choose its cores")
    cores = tuple(sorted(os.sched_getaffinity(0)))
    try:
        os.sched_setaffinity(0, cores[-1:])
        os.sched_setaffinity(0, cores)
    except OSError as error:
        return Cores((), (), f"cores cannot be chosen: {error.strerror}")
    return Cores(cores[-1:], cores)


@contextmanager
def beside(cores: Iterable[int]) -> Iterator[None]:
    """Keep this thread on the cores of those with whom it takes turns: to wake one there takes a fraction of the time.

    It sleeps while they measure. No cores, or a system that refuses: does nothing.
    """
    wanted = frozenset(cores)
    before = os.sched_getaffinity(0) if wanted else frozenset()
    try:
        with suppress(OSError):
            if wanted:
                os.sched_setaffinity(0, wanted)
        yield
    finally:
        if wanted:
            os.sched_setaffinity(0, before)


def pin(pid: int, cores: Iterable[int]) -> None:
    """Pin all threads of a process and of its descendants; what they start later inherits it. No cores: does nothing.

    Raises OSError where the system refuses; a thread that has ended meanwhile is no error.
    """
    wanted = frozenset(cores)
    if not wanted:
        return
    try:
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in tree:
        try:
            threads = [thread.id for thread in member.threads()]
        except psutil.Error:
            continue
        for thread in threads:
            try:
                os.sched_setaffinity(thread, wanted)
            except ProcessLookupError:
                continue
