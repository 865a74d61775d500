"""What a benchmark can leave behind: processes, threads, listening sockets, shared memory, temporary files.

Only what this process and its descendants made is looked at, so that other programs on the machine raise no alarm.
"""

import gc
import multiprocessing
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import psutil

from bench.instrument import segments

# Both belong to multiprocessing (or loky), serve every pool of this process, and end with it.
_HELPER = re.compile(r"\.(resource_tracker|forkserver) import main")
_TRACKER = re.compile(r"\.resource_tracker import main")

POLL_S = 0.02


class Kind(StrEnum):
    """The kinds of what can leak, in the words of a message."""

    PROCESS = "process"
    THREAD = "thread"
    SOCKET = "listening socket"
    SEGMENT = "shared memory"
    FILE = "temporary file"


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that a benchmark can leave behind; two are the same if their kinds and keys are."""

    kind: Kind
    key: tuple[object, ...]
    label: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"


Snapshot: TypeAlias = frozenset[Resource]


def take(directory: Path | None) -> Snapshot:
    """Return all that is there now; ``directory`` is where temporary files go, None leaves them out."""
    return frozenset([*processes(), *threads(), *sockets(), *shared_memory(), *temporary_files(directory)])


def processes() -> list[Resource]:
    """Return the descendants of this process, save those that have ended and the helpers of multiprocessing."""
    multiprocessing.active_children()  # reaps those that have ended
    found = []
    for process in descendants():
        try:
            program, *arguments = process.cmdline() or [process.name()]
            command = " ".join([Path(program).name, *arguments])
        except psutil.Error:
            continue  # it ended meanwhile, which is what is wanted of it
        key = (process.pid, process)  # which tells it from a later one of that number, whatever becomes of the clock
        found.append(Resource(Kind.PROCESS, key, f"{process.pid} ({_shortened(command)})"))
    return found


def descendants() -> list[psutil.Process]:
    """Return the processes that this one started, directly or not, and that still run, without the helpers.

    A worker of a forkserver has the command line of its parent, the forkserver: the parent tells them apart.
    """
    found: list[psutil.Process] = []
    if not _has_children():
        return found
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE and not _is_helper(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def stop_children(patience_s: float = 3.0) -> list[psutil.Process]:
    """Stop the children of this process where they are, save a resource tracker; return them, who must then be killed.

    A forkserver that is still about to start a worker would do so when this process is gone, and nobody would end that
    worker. One that has just been started may not have its own command line yet, so all are stopped.
    """
    stopped = []
    for process in psutil.Process().children():
        try:
            if not _TRACKER.search(" ".join(process.cmdline())):
                process.suspend()
                stopped.append(process)
        except psutil.Error:
            continue
    _wait_until(stopped, {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}, patience_s)
    return stopped


def threads() -> list[Resource]:
    """Return the threads of this process for which the interpreter would wait at its end."""
    return [
        Resource(Kind.THREAD, (thread.ident or 0, thread.name), repr(thread.name))
        for thread in threading.enumerate()
        if not thread.daemon
    ]


def sockets() -> list[Resource]:
    """Return the addresses at which this process itself listens (TCP) or receives (UDP)."""
    found: list[Resource] = []
    if not _has_internet_socket():
        return found
    for connection in psutil.Process().net_connections(kind="inet"):
        is_receiver = connection.type == socket.SOCK_DGRAM and not connection.raddr
        if connection.status == psutil.CONN_LISTEN or is_receiver:
            address = tuple(connection.laddr)
            found.append(Resource(Kind.SOCKET, address, ":".join(str(part) for part in address)))
    return found


def _has_children() -> bool:
    """Return whether this process has any, which most benchmarks do not: to look through the system's takes longer."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _has_internet_socket() -> bool:
    """Return whether a descriptor of this process is one; likewise, as the system's tables hold those of all."""
    try:
        return any(_is_internet_socket(descriptor) for descriptor in list(Path("/proc/self/fd").iterdir()))
    except FileNotFoundError:
        return True


def _is_internet_socket(descriptor: Path) -> bool:
    try:
        if not str(descriptor.readlink()).startswith("socket:"):
            return False
        looked_at = socket.socket(fileno=int(descriptor.name))
    except OSError:  # another thread has closed it
        return False
    family = looked_at.family
    looked_at.detach()  # it is somebody else's
    return family in {socket.AF_INET, socket.AF_INET6}


def shared_memory() -> list[Resource]:
    """Return the segments of shared memory that may be of our making."""
    return [Resource(Kind.SEGMENT, (segment.name, segment.inode), segment.name) for segment in segments.present()]


def temporary_files(directory: Path | None) -> list[Resource]:
    """Return what lies in the directory for temporary files."""
    return [Resource(Kind.FILE, (path.name,), path.name) for path in directory.iterdir()] if directory else []


def remaining(find: Callable[[], Collection[Resource]], patience_s: float) -> list[Resource]:
    """Return what ``find`` finds now and still finds after ``patience_s``: processes and threads may be about to end.

    Returns as soon as nothing of it is left. What comes up meanwhile is not looked at: it is another program's, or will
    be found later. What only the garbage collector would free is given back.
    """
    deadline_s = time.monotonic() + patience_s
    found = set(without_foreign(find()))
    if found:
        gc.collect()
    while found and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
        found &= set(find())
    return sorted(without_foreign(found), key=str)


def without_descendants(found: Iterable[Resource], owners: Snapshot) -> list[Resource]:
    """Return ``found`` without the processes that a process among ``owners`` started, directly or not."""
    pids: set[object] = {owner.key[0] for owner in owners if owner.kind is Kind.PROCESS}
    return [
        resource for resource in found if resource.kind is not Kind.PROCESS or pids.isdisjoint(_ancestors(resource))
    ]


def without_foreign(found: Collection[Resource]) -> list[Resource]:
    """Return ``found`` without segments of shared memory that are, or may well be, another program's."""
    tree = _tree() if any(resource.kind is Kind.SEGMENT for resource in found) else set()
    return [
        resource
        for resource in found
        if resource.kind is not Kind.SEGMENT or segments.is_ours(str(resource.key[0]), tree)
    ]


def end(found: Iterable[Resource], directory: Path | None) -> None:
    """Kill, unlink and remove what can be; a thread or a socket of this process ends with it only.

    Shared memory that nobody uses is left to multiprocessing's resource tracker, which knows for sure whose it is and
    removes it when this process ends. What is used is unlinked before its users are killed.
    """
    found = list(found)
    tree = _tree() if found else set()
    for resource in sorted(found, key=lambda resource: resource.kind is not Kind.SEGMENT):
        match resource.kind:
            case Kind.PROCESS:
                kill([process for process in descendants() if process.pid == resource.key[0]])
            case Kind.SEGMENT if segments.is_used(str(resource.key[0]), tree):
                segments.unlink(str(resource.key[0]))
            case Kind.FILE if directory is not None:
                path = directory / str(resource.key[0])
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
            case _:
                continue


def kill(victims: Iterable[psutil.Process], patience_s: float = 3.0) -> None:
    """Kill the processes and wait until they have ended.

    Reaping them is left to whoever started them, who would miss their exit status.
    """
    running = list(victims)
    for process in running:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    _wait_until(running, {psutil.STATUS_ZOMBIE}, patience_s)


def _wait_until(processes: Iterable[psutil.Process], statuses: Collection[str], patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while any(_status(process) not in statuses for process in processes) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)


def _status(process: psutil.Process) -> str:
    try:
        return process.status() if process.is_running() else psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE


def _is_helper(process: psutil.Process) -> bool:
    if not _HELPER.search(" ".join(process.cmdline())):
        return False
    parent = process.parent()
    return parent is None or not _HELPER.search(" ".join(parent.cmdline()))


def _ancestors(resource: Resource) -> set[int]:
    try:
        return {process.pid for process in psutil.Process(int(str(resource.key[0]))).parents()}
    except psutil.Error:
        return set()


def _tree() -> set[int]:
    here = psutil.Process()
    return {here.pid, *(process.pid for process in here.children(recursive=True))}


def _shortened(command: str, width: int = 60) -> str:
    return command if len(command) <= width else f"{command[: width - 3]}..."
