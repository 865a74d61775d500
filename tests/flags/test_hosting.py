"""A flag server in a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
import requests

from flagkit.flags import Behaviour, FlagServer, FlagServerError
from tests.processes import left_running


def is_answering(port: int) -> bool:
    """Tell whether a server listens."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=20).ok
    except requests.ConnectionError:
        return False


def test_it_is_ready_when_entered_and_gone_when_left() -> None:
    """No wait, no port to choose, nothing left."""
    with FlagServer() as server:
        pid, port = server.pid, server.port
        assert is_answering(port)
    assert left_running([pid]) == []
    assert not is_answering(port)
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.pid


def test_it_is_gone_when_the_block_raises() -> None:
    """An exception ends it too."""
    pids = []

    def fail() -> None:
        with FlagServer() as server:
            pids.append(server.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert left_running(pids[:1]) == []


def test_several_run_side_by_side() -> None:
    """Each has a port of its own, and no race for it."""
    with FlagServer() as one, FlagServer() as other:
        assert one.port != other.port
        assert is_answering(one.port)
        assert is_answering(other.port)


def test_it_can_be_started_again() -> None:
    """The same server, a new process."""
    server = FlagServer()
    with server:
        first = server.pid
    with server:
        assert server.pid != first
        assert is_answering(server.port)


def test_a_port_that_is_taken_is_an_error() -> None:
    """It says which, and nothing is left running."""
    before = {child.pid for child in psutil.Process().children()}
    with FlagServer() as first:
        with pytest.raises(FlagServerError, match=f"port {first.port} .* in use"), FlagServer(port=first.port):
            pass
        assert {child.pid for child in psutil.Process().children()} - before == {first.pid}


def test_it_ends_in_silence_when_nobody_waits_for_it_any_more() -> None:
    """A program that is interrupted while its server starts leaves neither a process nor a traceback."""
    wanted = json.dumps({"label": "LOCAL", "port": 0, "behaviour": asdict(Behaviour())})
    command = [sys.executable, "-m", "flagkit.flags.hosted", wanted]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.close()
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(10) == 0


def test_a_server_that_cannot_begin_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that ends at once is told from one that is slow."""
    monkeypatch.setattr(sys, "executable", shutil.which("false" if os.name == "posix" else "where.exe"))
    with pytest.raises(FlagServerError, match="ended before it was ready"), FlagServer():
        pass


def test_a_server_whose_process_cannot_be_started_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system has against it, it is this error that the callers know."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(FlagServerError, match=r"python cannot be run \(No such file"), FlagServer():
        pass


PARENT = """
import os, sys, time
from flagkit.flags import FlagServer
with FlagServer() as server:
    if len(sys.argv) > 1 and os.fork() == 0:
        time.sleep(600)  # holds what the parent held
    print(server.pid, server.port, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
@pytest.mark.parametrize("arguments", [(), ("fork",)], ids=["alone", "with a forked child"])
def test_it_ends_when_its_parent_is_killed(arguments: tuple[str, ...]) -> None:
    """Even by -9, and even when a fork of the parent lives on with the parent's pipes."""
    with subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        forks = [child for child in psutil.Process(parent.pid).children() if child.pid != pid]
        assert len(forks) == len(arguments)
        assert is_answering(port)
        parent.kill()
        parent.wait()
        try:
            assert left_running([pid]) == []
            assert not is_answering(port)
        finally:
            for fork in forks:
                fork.kill()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_it_takes_no_notice_of_ctrl_c_on_the_terminal() -> None:
    """The program that it belongs to decides when it ends: it is no part of the terminal's foreground."""
    with FlagServer() as server:
        assert os.getpgid(server.pid) != os.getpgid(0)


def test_a_folder_on_the_way_with_a_module_of_a_standard_name_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder is no place from which the server imports."""
    (tmp_path / "random.py").write_text("raise ImportError('the wrong one')")
    monkeypatch.chdir(tmp_path)
    with FlagServer() as server:
        assert is_answering(server.port)
