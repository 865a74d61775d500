"""`flagkit serve`, as a person uses it: real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from flagkit import __version__
from flagkit.flags import BEHAVIOURS

FLAGKIT = [sys.executable, "-m", "flagkit"]

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@contextmanager
def serving(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """Run the servers; yield the process and the ports, once they answer."""
    process = subprocess.Popen(
        [*FLAGKIT, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        ports = []
        for line in lines:
            if "Ctrl-C" in line:
                break
            ports += [int(port) for port in re.findall(r":(\d+)/flags", line)]
        yield process, ports
    finally:
        process.kill()
        process.communicate()


def stop(process: "subprocess.Popen[str]", number: int) -> tuple[int, str]:
    """End the servers by a signal; return the exit status and what they said on stderr."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_what_is_in_flight_and_exits_0(number: int) -> None:
    """An answer that was asked for still comes."""
    with (
        serving("--port", "0", "--delay", "0.7") as (process, (port,)),
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
    ):
        connection.sendall(b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=30).ok  # so what came before it was read
        assert stop(process, number) == (0, "")
        with connection.makefile("rb") as answer:
            assert answer.readline().split()[1] == b"200"


@posix
def test_the_end_does_not_wait_for_ever(request: pytest.FixtureRequest) -> None:
    """What would take longer than a moment is cut off, without a traceback."""
    with serving("--port", "0", "--delay", "60") as (process, (port,)):
        connection = socket.create_connection(("127.0.0.1", port))
        request.addfinalizer(connection.close)
        connection.sendall(b"GET /flags/br/br.gif HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        assert stop(process, signal.SIGTERM) == (0, "")


def test_one_server_behaves_as_told() -> None:
    """Errors at the rate asked for, the same for the same seed."""
    runs = []
    for seed in ("1", "1", "2"):
        with (
            serving("--port", "0", "--error-rate", "0.5", "--seed", seed) as (_, (port,)),
            requests.Session() as session,
        ):
            session.headers["Flagkit-Attempt"] = "1"
            runs.append(
                [_status(session, f"http://127.0.0.1:{port}/flags/b{letter}/b{letter}.gif") for letter in "abcdefghij"]
            )
    assert runs[0] == runs[1] != runs[2]
    assert {200, 404} & set(runs[0])
    assert {0, 418, 500, 503} & set(runs[0])


def _status(session: requests.Session, url: str) -> int:
    try:
        return session.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


@posix
def test_verbose_tells_each_request() -> None:
    """Without -v nothing is told."""
    for arguments, told in (((), 0), (("-v",), 1)):
        with serving("--port", "0", *arguments) as (process, (port,)):
            requests.get(f"http://127.0.0.1:{port}/flags/br/br.gif", timeout=5)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=30)
        assert out.count("GET /flags/br/br.gif HTTP/1.1") == told


def test_without_options_there_are_three_servers(tmp_path: Path) -> None:
    """LOCAL, DELAY and ERROR are where the downloader looks for them."""
    if any(_is_taken(port) for port in (8001, 8002, 8003)):
        pytest.skip("something uses the ports 8001 to 8003")
    process = subprocess.Popen([*FLAGKIT, "serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [process.stdout.readline() for _ in range(4)]
    try:
        if process.poll() is not None:
            said = process.stderr.read()
            assert "is in use" in said, said
            pytest.skip(f"another test has the ports: {said}")
        assert lines == [
            "LOCAL: http://localhost:8001/flags (every answer at once)\n",
            "DELAY: http://localhost:8002/flags (every answer after 0.5 s)\n",
            f"ERROR: http://localhost:8003/flags ({BEHAVIOURS['ERROR']})\n",
            "Ctrl-C ends the serving.\n",
        ]
        labels = [
            requests.get(f"http://localhost:{port}/healthz", timeout=5).json()["label"] for port in (8001, 8002, 8003)
        ]
        assert labels == ["LOCAL", "DELAY", "ERROR"]
        again = subprocess.run([*FLAGKIT, "serve"], check=False, capture_output=True, text=True)
        assert again.returncode == 2
        assert "port 8001 of localhost is in use" in again.stderr.splitlines()[-1]
        download = [*FLAGKIT, "download", "br", "-s", "local", "-d", str(tmp_path)]
        done = subprocess.run(download, check=True, capture_output=True, text=True)
        assert done.stdout.startswith("LOCAL site: http://localhost:8001/flags\nSearching for 1 flag: BR\n")
    finally:
        process.kill()
        process.communicate()


def _is_taken(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port must be at most 65535"),
        (["--port", "x"], "must be a whole number"),
        (["--delay", "2", "1"], "the shorter first"),
        (["--delay", "1", "2", "3"], "--delay takes one number of seconds, or two"),
        (["--delay", "-1"], "must be a number of seconds, 0 or more"),
        (["--error-rate", "1.5"], "must be a share from 0 to 1"),
        (["--delay-rate", "x"], "must be a share from 0 to 1"),
        (["--host", "256.256.256.256", "--port", "0"], "cannot listen on 256.256.256.256"),
        (["--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1"),
        (["--host", "a..b", "--port", "0"], "cannot listen on a..b, port 0: that is no name of a host"),
        (["--host", f"{'a' * 64}.example", "--port", "0"], "that is no name of a host: choose another"),
    ],
)
def test_a_usage_error_says_what_is_wrong(arguments: list[str], message: str) -> None:
    """Status 2, one line, and nothing is served."""
    done = subprocess.run([*FLAGKIT, "serve", *arguments], check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: flagkit serve")
    assert message in done.stderr.splitlines()[-1]


def test_the_version_is_told() -> None:
    """As of every program."""
    done = subprocess.run([*FLAGKIT, "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"flagkit {__version__}\n"


def test_without_a_command_there_is_a_usage_error() -> None:
    """The commands are listed."""
    done = subprocess.run(FLAGKIT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


@pytest.mark.parametrize(
    ("line", "completions"),
    [("flagkit d", ["download "]), ("flagkit download -s L", ["LOCAL "]), ("flagkit download -x seri", ["serial "])],
)
@posix
def test_a_shell_can_ask_for_completions(line: str, completions: list[str], tmp_path: Path) -> None:
    """With argcomplete installed, commands, labels and kinds complete."""
    pytest.importorskip("argcomplete", reason="argcomplete (extra completion) is not installed")
    environment = os.environ | {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "completions"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run(FLAGKIT, env=environment, check=True)
    assert (tmp_path / "completions").read_text().split("\n") == completions
