"""The media: each does its operations between processes and between threads, and leaves nothing behind."""

import threading
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import psutil
import pytest

from flagkit.sharing import MEDIA
from tests.processes import command_line, left_running

SHARED = Path("/dev/shm")  # noqa: S108 - no file: shared memory


def children() -> set[psutil.Process]:
    """Return the processes that this one has, save multiprocessing's tracker, which the first segment starts."""
    return {child for child in psutil.Process().children() if "resource_tracker" not in command_line(child)}


@pytest.mark.parametrize("name", MEDIA)
def test_both_sides_do_the_same(name: str) -> None:
    """At its smallest size a medium gives what is expected twice in a row, of processes and of threads."""
    medium = MEDIA[name]
    size_bytes = medium.sizes_bytes[0]
    for block in (medium.processes, medium.threads):
        with block(size_bytes) as use:
            assert use() == use() == medium.expected(size_bytes)


@pytest.mark.parametrize("name", ["queue", "pipe", "shared-memory", "value"])
def test_nothing_is_left_after_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that is left by an error ends its peer, its threads and its shared memory."""
    medium = MEDIA[name]
    made: list[str] = []

    def make(*arguments: Any, **options: Any) -> SharedMemory:
        segment = SharedMemory(*arguments, **options)
        made.append(segment.name)
        return segment

    monkeypatch.setattr("flagkit.sharing.exchanges.SharedMemory", make)
    before = threading.active_count(), children()

    def fail() -> None:
        with medium.processes(medium.sizes_bytes[-1]) as use:
            use()
            raise RuntimeError("in the block")

    with pytest.raises(RuntimeError, match="in the block"):
        fail()
    assert (threading.active_count(), children()) == before
    assert (len(made), [one for one in made if (SHARED / one).exists()]) == (name == "shared-memory", [])


@pytest.mark.parametrize("name", ["queue", "simple-queue", "pipe", "shared-memory", "value"])
@pytest.mark.parametrize("is_asked", [False, True], ids=["idle", "asked"])
def test_the_end_of_a_peer_is_an_error(name: str, *, is_asked: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """When a peer is killed, before it is asked or once it has been, nobody waits for it, and nothing of it is left."""
    medium = MEDIA[name]
    killers: list[threading.Timer] = []
    before = threading.active_count(), children()

    def kill() -> None:
        with medium.processes(medium.sizes_bytes[-1]) as use:
            use()
            (victim,) = children() - before[1]
            if is_asked:
                victim.suspend()
                killers.append(threading.Timer(0.2, victim.kill))
                killers[-1].start()
            else:
                victim.kill()
                assert left_running([victim]) == []
            use()

    with pytest.raises((EOFError, OSError)):
        kill()
    for killer in killers:
        killer.join()
    assert (threading.active_count(), children()) == before
    assert capfd.readouterr().err == ""
