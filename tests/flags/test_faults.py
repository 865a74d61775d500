"""Whatever the network or the disk does, each code ends in exactly one of ok, not found, error."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flagkit.flags import FlagServer, Status, download_many
from flagkit.flags.client import MOST_BYTES

Answer = Callable[[socket.socket], None]
Misbehave = Callable[[Answer], str]

CODES = ["BR", "DE", "FR"]
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


def send(*pieces: bytes, pause_s: float = 0.0) -> Answer:
    """Return an answer that sends these pieces and closes."""

    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)

    return answer


def say_nothing(connection: socket.socket) -> None:
    """Wait until the client has had enough."""
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def without_end(connection: socket.socket) -> None:
    """Send more than any flag has."""
    connection.sendall(OK + b"\r\n")
    for _ in range(MOST_BYTES // 65536 + 2):
        connection.sendall(bytes(65536))


FAULTS = {
    "closed before an answer": (send(), "connection closed before an answer"),
    "reset": (reset, "connection closed before an answer"),
    "cut short": (send(OK + b"Content-Length: 1000\r\n\r\nGIF89a"), "the body was cut short"),
    "cut short in chunks": (
        send(OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\nGIF89a\r\nff\r\n"),
        "the body was cut short",
    ),
    "cut short, of unknown length": (send(OK + b"\r\nGIF89a"), "the answer is not a whole GIF image"),
    "no HTTP": (send(b"SSH-2.0-OpenSSH_9.2\r\n"), "SSH-2.0"),
    "no answer": (say_nothing, "timed out"),
    "a trickle": (send(OK + b"\r\n", *[b"x"] * 30, pause_s=0.1), "timed out while the body came"),
    "no end": (without_end, "the answer is larger than 16 MiB"),
    "a redirect loop": (
        send(b"HTTP/1.1 302 Found\r\nLocation: /flags/br/br.gif\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        "redirected too often",
    ),
    "a redirect to no web page": (
        send(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        "No connection adapters",
    ),
    "a page": (send(OK + b"Content-Length: 6\r\n\r\n<html>"), "the answer is not a whole GIF image"),
    "broken compression": (
        send(OK + b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\nGIF89a"),
        "gzip",
    ),
}


@pytest.mark.parametrize(("answer", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_the_server_is_an_error_of_each_code(
    answer: Answer, reason: str, misbehave: Misbehave, tmp_path: Path
) -> None:
    """The reason is told in a few words, on one line, and nothing is saved."""
    timeout_s = 1.0 if "timed out" in reason else 30.0
    tally = download_many(CODES, base_url=misbehave(answer), dest=tmp_path, timeout_s=timeout_s)
    assert sorted(result.code for result in tally.results) == CODES
    assert {result.status for result in tally.results} == {Status.ERROR}
    assert all(reason in result.detail and "\n" not in result.detail for result in tally.results), tally
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_an_error_of_each_code(free_port: int, tmp_path: Path) -> None:
    """A refused connection is told as one."""
    tally = download_many(CODES, base_url=f"http://127.0.0.1:{free_port}/flags", dest=tmp_path)
    assert {result.detail for result in tally.results} == {"connection refused"}


def test_a_host_that_does_not_exist_is_an_error_of_each_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be resolved is told as one."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    tally = download_many(CODES, base_url="http://nowhere.invalid/flags", dest=tmp_path)
    assert {result.detail for result in tally.results} == {"host not found"}


def test_a_server_that_goes_away_in_the_midst_loses_no_code(tmp_path: Path) -> None:
    """What came before is saved, and the rest are errors."""
    codes = ["BR"] * 300
    with FlagServer() as server:

        def end_server(_: object) -> None:
            if server.is_running:
                server.stop()

        tally = download_many(codes, base_url=server.base_url, dest=tmp_path, progress=end_server, workers=4)
    assert len(tally.results) == 300
    assert tally.downloaded > 0
    assert tally.errors > 0
    assert tally.not_found == 0


def test_a_file_in_the_way_of_the_folder_is_an_error_of_each_code(server: FlagServer, tmp_path: Path) -> None:
    """A folder that cannot be made saves nothing, and loses no code."""
    (tmp_path / "file").touch()
    tally = download_many(CODES, base_url=server.base_url, dest=tmp_path / "file")
    assert tally.errors == 3


def test_a_folder_that_is_removed_in_the_midst_is_made_again(server: FlagServer, tmp_path: Path) -> None:
    """The flags that follow are saved."""
    dest = tmp_path / "flags"
    tally = download_many(
        CODES, base_url=server.base_url, dest=dest, executor="serial", progress=lambda _: shutil.rmtree(dest)
    )
    assert tally.downloaded == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error_of_each_code(server: FlagServer, tmp_path: Path) -> None:
    """Each code says that permission was denied."""
    tmp_path.chmod(0o500)
    tally = download_many(CODES, base_url=server.base_url, dest=tmp_path)
    tmp_path.chmod(0o700)
    assert all("Permission denied" in result.detail for result in tally.results)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_file_system_that_takes_no_files_is_an_error_of_each_code(server: FlagServer) -> None:
    """Not even root may write there."""
    tally = download_many(CODES, base_url=server.base_url, dest=Path("/proc/self"))
    assert {result.status for result in tally.results} == {Status.ERROR}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 16 KiB, where that is allowed."""
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot mount a small file system: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)  # noqa: S607 - from the same place as mount


def test_a_full_disk_is_an_error_of_each_code_that_does_not_fit(server: FlagServer, small_disk: Path) -> None:
    """What fits is whole, what does not leaves nothing, and each is told."""
    codes = ["MC", "FR", "US", "LK", "AE"]  # 1, 5, 27, 36 and 3 KB
    tally = download_many(codes, base_url=server.base_url, dest=small_disk, executor="serial")
    ends = {result.code: result.status for result in tally.results}
    assert ends == dict.fromkeys(["MC", "FR", "AE"], Status.OK) | dict.fromkeys(["US", "LK"], Status.ERROR)
    assert {path.name for path in small_disk.iterdir()} == {"mc.gif", "fr.gif", "ae.gif"}


def test_no_space_is_told_as_such(server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words, and no temporary file."""

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("flagkit.flags.client._write", full)
    tally = download_many(CODES, base_url=server.base_url, dest=tmp_path)
    assert {result.detail for result in tally.results} == {os.strerror(errno.ENOSPC)}
    assert list(tmp_path.iterdir()) == []
