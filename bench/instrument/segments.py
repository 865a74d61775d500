"""Segments of POSIX shared memory, where the system shows them as files (Linux)."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

DIRECTORY = Path("/dev/shm")  # noqa: S108  # not for temporary files: it is where Linux shows shared memory
PROC = Path("/proc")
PYTHON_PREFIXES = ("psm_", "sem.mp-")
"""How names begin that multiprocessing makes up for shared memory and for semaphores."""
_TRACKER = re.compile(rb"resource_tracker import main")
_made: set[str] = set()


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment by its name; the inode tells it from a later one of the same name."""

    name: str
    inode: int


def present(directory: Path = DIRECTORY) -> list[Segment]:
    """Return the segments of this user, whichever process made them; none where the system does not show them."""
    found = []
    if directory.is_dir() and hasattr(os, "getuid"):
        for entry in os.scandir(directory):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # others come and go
            if status.st_uid == os.getuid():
                found.append(Segment(entry.name, status.st_ino))
    return found


def note_creations() -> Callable[[], None]:
    """Note from now on which segments this process makes; return a function that ends that."""
    if not DIRECTORY.is_dir():
        return lambda: None
    posix: Any = import_module("_posixshmem")  # which SharedMemory calls; missing where there are no such segments
    original = posix.shm_open

    def shm_open(path: str, flags: int, mode: int = 0o777) -> int:
        descriptor: int = original(path, flags, mode)
        if flags & os.O_CREAT:
            _made.add(path.removeprefix("/"))
        return descriptor

    def end() -> None:
        posix.shm_open = original
        _made.clear()

    posix.shm_open = shm_open
    return end


def is_used(name: str, tree: Collection[int], proc: Path = PROC) -> bool:
    """Return whether a process of our ``tree`` (their ids) has the segment mapped or open: then it is ours for sure."""
    return not set(_users(DIRECTORY / name, proc)).isdisjoint(tree)


def is_ours(name: str, tree: Collection[int], proc: Path = PROC) -> bool:
    """Return whether a segment that is there was made by a process of our ``tree`` (ids), as far as can be told.

    Linux does not record who made it. It is ours if this process has made it (see note_creations) or one of ours uses
    it. What nobody uses any more may be what a worker has left, or another program that is about to end, whose resource
    tracker will then remove it: it is ours if multiprocessing made up its name and no other program has such a tracker.
    """
    users = set(_users(DIRECTORY / name, proc))
    if users or name in _made:
        return name in _made or not users.isdisjoint(tree)
    return name.startswith(PYTHON_PREFIXES) and (DIRECTORY / name).exists() and not _is_tracked_by_others(tree, proc)


def unlink(name: str) -> None:
    """Remove a segment, and tell multiprocessing's resource tracker, which would complain about it at the end."""
    try:
        segment = SharedMemory(name)
    except (OSError, ValueError):  # gone, or empty, or no segment of multiprocessing's at all: then nothing tracks it
        (DIRECTORY / name).unlink(missing_ok=True)
        return
    segment.close()
    with suppress(FileNotFoundError):  # whoever tracks it may be at the same work
        segment.unlink()


def _users(path: Path, proc: Path) -> Iterator[int]:
    """Yield the ids of the processes that have mapped or opened ``path``, of those that may be looked into.

    Files are told by device and inode: a semaphore is mapped before it gets its name, so the name is not in the maps.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    mapping = f" {os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x} {status.st_ino} "
    for process in proc.glob("[0-9]*"):
        try:
            mapped = mapping in (process / "maps").read_text(errors="replace")
            if mapped or any(_is_same(link, status) for link in (process / "fd").iterdir()):
                yield int(process.name)
        except OSError:
            continue  # it ended meanwhile, or is another user's


def _is_tracked_by_others(tree: Collection[int], proc: Path) -> bool:
    for process in proc.glob("[0-9]*"):
        try:
            if int(process.name) not in tree and _TRACKER.search((process / "cmdline").read_bytes()):
                return True
        except OSError:
            continue  # it ended meanwhile
    return False


def _is_same(link: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(link.stat(), status)
    except FileNotFoundError:
        return False  # a pipe, a socket, or closed meanwhile
