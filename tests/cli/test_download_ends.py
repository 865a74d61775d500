"""How `flagkit download` ends before its time: Ctrl-C, kill -9, and a reader that leaves."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from flagkit.cli import main
from flagkit.executors import available
from flagkit.flags import Behaviour, FlagServer, countries
from tests.cli.command import DOWNLOAD, posix, saved
from tests.processes import left_running


@posix
@pytest.mark.parametrize("kind", [kind for kind in available() if kind not in {"loky", "mpire"}])  # as joblib is
def test_ctrl_c_prints_the_report_so_far(kind: str, tmp_path: Path) -> None:
    """The whole foreground gets the signal, as from a terminal: one report, status 130, whole files, no traceback."""
    command = [*DOWNLOAD, "-a", "-v", "-x", kind, *([] if kind == "serial" else ["-m", "3"])]
    with FlagServer(Behaviour(delay_s=(0.1, 0.1))) as server:
        process = subprocess.Popen(
            [*command, "--base-url", server.base_url],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        workers = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    report = "".join(lines) + out
    done = re.findall(r"^[A-Z]{2} OK$", report, re.MULTILINE)
    counts = re.findall(
        r"\n-{20}\n(\d+) flags? downloaded\.\nElapsed.*\nInterrupted: (\d+) of 194 codes were done\.\n$", report
    )
    assert len(counts) == 1
    assert len(done) <= int(counts[0][0]) == int(counts[0][1]) < 194
    assert len(saved(tmp_path / "downloads")) >= int(counts[0][0])
    assert left_running(workers) == []


@posix
def test_ctrl_c_does_not_wait_for_a_server_that_does_not_answer(tmp_path: Path) -> None:
    """Threads that hang in a request are left behind."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        command = [
            *DOWNLOAD,
            "br",
            "--base-url",
            f"http://127.0.0.1:{silent.getsockname()[1]}/flags",
            "--timeout",
            "600",
        ]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with closing(silent.accept()[0]) as connection:
            connection.recv(100)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert out.endswith("Interrupted: 0 of 1 codes were done.\n")


@pytest.mark.parametrize("module", ["flagkit.flags", "flagkit.flags.many", "requests"])
def test_ctrl_c_before_the_run_is_no_traceback(module: str, tmp_path: Path) -> None:
    """The imports take most of the time until the first line: there is nothing to report yet, only the status."""
    program = (
        "import sys\n"
        "from flagkit.cli import main\n"
        "class CtrlC:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, CtrlC())\n"
        "sys.exit(main(['download', 'br', '--base-url', 'http://127.0.0.1:1/flags']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_before_the_first_code_has_a_report_too(
    server: FlagServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was announced is answered for, even when no worker had begun."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flagkit.flags.many.DownloadPool", interrupt)
    # A thread that another test's library keeps, as distributed does, is none of the program's: it would end us
    monkeypatch.setattr("flagkit.cli.threading.enumerate", lambda: [threading.main_thread()])
    assert main(["download", "br", "--base-url", server.base_url, "-d", str(tmp_path)]) == 130
    assert capsys.readouterr().out.splitlines()[3:] == [
        "--------------------",
        "0 flags downloaded.",
        "Elapsed time: 0.00s",
        "Interrupted: 0 of 1 codes were done.",
    ]


@posix
def test_a_killed_worker_process_costs_no_code(tmp_path: Path) -> None:
    """Kill -9 from outside: its codes are tried once more, and the run says what happened."""
    with FlagServer(Behaviour(delay_s=(0.06, 0.06))) as server:
        command = [*DOWNLOAD, "-e", "-l", "150", "-v", "-x", "process-fork", "-m", "3", "--base-url", server.base_url]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        psutil.Process(process.pid).children()[0].kill()
        out, err = process.communicate(timeout=60)
    found = sum(code < "FU" for code in countries())
    report = "".join(lines) + out
    assert f"{found} flags downloaded.\n{150 - found} not found.\nElapsed" in report
    assert err == "A worker died and its pool was replaced: 1 in all.\n"
    assert process.returncode == 0


@pytest.mark.skipif("process-fork" not in available(), reason="this platform does not fork")
@pytest.mark.parametrize("error", ["BlockingIOError(11, 'no more')", "BrokenPipeError(32, 'no more')"])
def test_a_system_that_forks_no_more_is_a_usage_error(error: str, server: FlagServer, tmp_path: Path) -> None:
    """One line that says what to do, and status 2; none of the workers that were forked is left."""
    program = (
        "import os, sys\n"
        "from flagkit.cli import main\n"
        "fork, left = os.fork, [1, 2]\n"
        "def limited():\n"
        f"    if not left: raise {error}\n"
        "    left.pop()\n"
        "    return fork()\n"
        "os.fork = limited\n"
        f"sys.exit(main(['download', '-e', '-x', 'process-fork', '-m', '4', '--base-url', {server.base_url!r}]))\n"
    )
    command = [sys.executable, "-c", program]
    # What is captured ends when the last process that could write has ended
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: flagkit download")
    assert done.stderr.endswith("no further worker can be started (no more): ask for fewer with --max_req\n")
    assert "Traceback" not in done.stderr


@posix
@pytest.mark.parametrize("kind", ["process-fork", "process-spawn"])
def test_no_process_outlives_a_downloader_that_is_killed(kind: str, tmp_path: Path, free_port: int) -> None:
    """Workers and embedded server end by themselves."""
    environment = os.environ | {"FLAGKIT_DELAY_URL": f"http://localhost:{free_port}/flags"}
    command = [*DOWNLOAD, "-e", "-v", "-x", kind, "-m", "2", "-s", "DELAY"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(6):
            process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3
        process.kill()
    assert left_running(children) == []


@posix
def test_a_reader_that_leaves_ends_the_run_without_a_traceback(tmp_path: Path) -> None:
    """As for `flagkit download -v | head -1`."""
    with FlagServer(Behaviour(delay_s=(0.2, 0.2))) as server:
        command = [*DOWNLOAD, "-e", "-v", "--base-url", server.base_url]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(30) == 141
