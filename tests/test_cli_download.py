"""`flagkit download`, as a person or a script uses it: real processes, real servers."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from flagkit.cli import main
from flagkit.executors import EXECUTORS, available
from flagkit.flags import BEHAVIOURS, Behaviour, FlagServer, countries
from flagkit.flags.gif import is_whole_gif

FLAGKIT = [sys.executable, "-m", "flagkit", "download"]
Flagkit = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def server() -> Iterator[FlagServer]:
    """Serve flags at once."""
    with FlagServer() as running:
        yield running


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def flagkit(tmp_path: Path) -> Flagkit:
    """Return a function that runs the command in a folder of its own."""

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*FLAGKIT, *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    return run


def saved(folder: Path) -> list[str]:
    """Return the names of the files in a folder, each of which must be a whole GIF."""
    assert all(is_whole_gif(path.read_bytes()) for path in folder.iterdir())
    return sorted(path.name for path in folder.iterdir())


def test_the_default_is_twenty_flags_in_downloads(flagkit: Flagkit, server: FlagServer, tmp_path: Path) -> None:
    """The session reads as in the book, and stderr stays empty on a pipe."""
    done = flagkit("--base-url", server.base_url)
    assert re.sub(r"\d+\.\d\ds", "_s", done.stdout).splitlines() == [
        f"CUSTOM site: {server.base_url}",
        "Searching for 20 flags: from BD to VN",
        "20 concurrent connections will be used.",
        "--------------------",
        "20 flags downloaded.",
        "Elapsed time: _s",
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert len(saved(tmp_path / "downloads")) == 20


def test_letters_codes_and_options_mix(flagkit: Flagkit, server: FlagServer, tmp_path: Path) -> None:
    """Codes may stand on both sides of an option; they are merged, and -v tells each in a line."""
    done = flagkit("fr", "-v", "b", "BR", "--base-url", server.base_url, "-d", "here/flags", "-l", "4", "zz")
    lines = done.stdout.splitlines()
    assert lines[1:3] == ["Searching for 4 flags: BA, BB, BC, BD", "4 concurrent connections will be used."]
    assert sorted(lines[3:7]) == ["BA OK", "BB OK", "BC not found", "BD OK"]
    assert lines[7:10] == ["--------------------", "3 flags downloaded.", "1 not found."]
    assert done.returncode == 0
    assert saved(tmp_path / "here" / "flags") == ["ba.gif", "bb.gif", "bd.gif"]


@pytest.mark.parametrize("kind", available())
def test_every_kind_downloads(kind: str, flagkit: Flagkit, server: FlagServer, tmp_path: Path) -> None:
    """The words are the same by any kind, and serial has one connection."""
    done = flagkit("-x", kind, "a", "--base-url", server.base_url, *([] if kind == "serial" else ["-m", "2"]))
    assert done.stderr == ""
    assert "11 flags downloaded.\n15 not found.\n" in done.stdout
    count = "1 concurrent connection" if kind == "serial" else "2 concurrent connections"
    assert f"{count} will be used." in done.stdout
    assert saved(tmp_path / "downloads") == sorted(f"{code.lower()}.gif" for code in countries() if code[0] == "A")


def test_the_error_server_repeats_the_sample_run(flagkit: Flagkit, tmp_path: Path) -> None:
    """-e on ERROR gives the book's counts, from a server started for the run, and exit status 1."""
    errors = BEHAVIOURS["ERROR"]
    quick = Behaviour(delay_s=(0.0, 0.01), delay_rate=0.5, error_rate=errors.error_rate, seed=errors.seed)
    with FlagServer(quick, label="ERROR") as server:
        done = flagkit("-e", "--base-url", server.base_url)
    assert "150 flags downloaded.\n361 not found.\n165 errors.\n" in done.stdout
    assert re.fullmatch(r"Most frequent error \(\d+ of 165\): .*\. -v shows each\.\n", done.stderr)
    assert done.returncode == 1
    assert len(saved(tmp_path / "downloads")) == 150


def test_retries_are_asked_for(flagkit: Flagkit) -> None:
    """With enough attempts no error is left."""
    with FlagServer(Behaviour(error_rate=0.5, seed=1)) as server:
        done = flagkit("b", "--retries", "20", "--base-url", server.base_url)
    assert (done.returncode, "17 flags downloaded.\n9 not found." in done.stdout) == (0, True)


def test_where_nothing_answers_a_server_is_started_for_the_run(flagkit: Flagkit, free_port: int) -> None:
    """The report says so in one line, and nothing is left listening."""
    url = f"http://localhost:{free_port}/flags"
    done = flagkit("br", "zz", FLAGKIT_LOCAL_URL=url)
    assert done.stdout.splitlines()[:3] == [
        f"LOCAL site: {url}",
        "Nothing answers there: a server was started for this run alone.",
        "Searching for 2 flags: BR, ZZ",
    ]
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port))


def test_another_runs_server_is_not_relied_on(flagkit: Flagkit) -> None:
    """It may end at any time, so one more is started, elsewhere."""
    with FlagServer() as theirs:
        done = flagkit("br", FLAGKIT_LOCAL_URL=theirs.base_url)
    assert f"Another run's server is at port {theirs.port}" in done.stdout
    assert f":{theirs.port}/" not in done.stdout
    assert done.returncode == 0


def test_something_foreign_on_the_port_is_a_usage_error(flagkit: Flagkit) -> None:
    """Nothing is downloaded from it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as foreign:
        port = foreign.getsockname()[1]
        foreign.close()
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_for(lambda: is_listening(port))
            done = flagkit("br", FLAGKIT_LOCAL_URL=f"http://127.0.0.1:{port}/flags")
            process.kill()
    assert_usage_error(done, f"something else uses port {port}")


def test_a_port_that_is_taken_on_the_other_loopback_address_is_a_usage_error(flagkit: Flagkit, free_port: int) -> None:
    """Nothing answers where the downloader looks, yet its server cannot be there: the advice is a downloader's."""
    try:
        taken = socket.create_server(("::1", free_port), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"no ::1 here: {error}")
    with closing(taken):
        done = flagkit("br", FLAGKIT_LOCAL_URL=f"http://127.0.0.1:{free_port}/flags")
    assert_usage_error(done, "is in use: end what is there, or say with FLAGKIT_LOCAL_URL or --base-url where")


def is_listening(port: int) -> bool:
    """Tell whether a connection is accepted."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def wait_for(condition: Callable[[], object], within_s: float = 20) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def assert_usage_error(done: "subprocess.CompletedProcess[str]", message: str) -> None:
    """Check a usage error: status 2, a usage line, one line that says what is wrong, and nothing else."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("usage: flagkit")
    assert "Traceback" not in done.stderr
    assert message in done.stderr.splitlines()[-1]


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["b1"], "each CC must be A to Z or AA to ZZ, not 'b1'"),
        (["bra"], "not 'bra'"),
        (["ñ"], "not 'ñ'"),
        ([""], "not ''"),
        (["-l", "0"], "must be a whole number, 1 or more, not '0'"),
        (["-m", "x"], "must be a whole number, 1 or more, not 'x'"),
        (["--max_req", "1001"], "thread has at most 1000, not 1001"),
        (["--max-req", "2", "-x", "serial"], "serial has at most 1, not 2"),
        (["-x", "fibre"], "invalid choice: 'fibre'"),
        (["-s", "MARS"], "invalid choice: 'MARS'"),
        (["--base-url", "nonsense"], "--base-url must be like"),
        (["--base-url", "http://h/", "-s", "LOCAL"], "not allowed with"),
        (["--timeout", "-1"], "must be a number of seconds"),
        (["--timeout", "nan"], "must be a number of seconds"),
        (["--timeout", "0"], "must be a number of seconds"),
        (["--retries", "-1"], "must be a whole number, 0 or more"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_a_usage_error_says_what_is_wrong_and_does_nothing(
    arguments: Sequence[str], message: str, flagkit: Flagkit, tmp_path: Path
) -> None:
    """Status 2, and not even the folder is made."""
    assert_usage_error(flagkit(*arguments, FLAGKIT_LOCAL_URL="http://localhost:1/flags"), message)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_usage_error(flagkit: Flagkit, server: FlagServer, tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").touch()
    done = flagkit("-d", "file", "--base-url", server.base_url)
    assert_usage_error(done, "cannot create file (File exists): choose another folder with --dest")


def test_a_kind_that_is_not_available_is_an_error_that_lists_those_that_are(flagkit: Flagkit) -> None:
    """The reason comes from the registry."""
    lacking = [kind for kind, spec in EXECUTORS.items() if spec.unavailable()]
    if not lacking:
        pytest.skip("every kind is available here")
    done = flagkit("-x", lacking[0])
    assert_usage_error(done, f"{EXECUTORS[lacking[0]].unavailable()}; available: {', '.join(available())}")


def test_help_teaches(flagkit: Flagkit) -> None:
    """Examples, kinds, servers, the environment and the exit status are all there."""
    told = flagkit("--help").stdout
    for word in ("examples:", "flagkit download br fr", "FLAGKIT_LOCAL_URL", "exit status:", "--max_req", "--max-req"):
        assert word in told
    for kind, spec in EXECUTORS.items():
        assert kind in told
        assert f"not available here: {spec.unavailable()}" in told or spec.unavailable() is None


def test_a_server_that_is_not_there_is_an_error_of_each_code(flagkit: Flagkit, free_port: int) -> None:
    """A URL that was named is asked, and its errors are told."""
    done = flagkit("br", "fr", "--base-url", f"http://127.0.0.1:{free_port}/flags", "--timeout", "2")
    assert "0 flags downloaded.\n2 errors.\n" in done.stdout
    assert (done.returncode, done.stderr) == (1, "Error: connection refused. -v shows each.\n")


posix = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")


@posix
@pytest.mark.parametrize("kind", [kind for kind in available() if kind not in {"loky", "mpire"}])  # as joblib is
def test_ctrl_c_prints_the_report_so_far(kind: str, tmp_path: Path) -> None:
    """The whole foreground gets the signal, as from a terminal: one report, status 130, whole files, no traceback."""
    command = [*FLAGKIT, "-a", "-v", "-x", kind, *([] if kind == "serial" else ["-m", "3"])]
    with FlagServer(Behaviour(delay_s=(0.05, 0.05))) as server:
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
    wait_for(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))


@posix
def test_ctrl_c_does_not_wait_for_a_server_that_does_not_answer(tmp_path: Path) -> None:
    """Threads that hang in a request are left behind."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        command = [
            *FLAGKIT,
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
    with FlagServer(Behaviour(delay_s=(0.02, 0.02))) as server:
        command = [*FLAGKIT, "-e", "-l", "150", "-v", "-x", "process-fork", "-m", "3", "--base-url", server.base_url]
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


@posix
@pytest.mark.parametrize("kind", ["process-fork", "process-spawn"])
def test_no_process_outlives_a_downloader_that_is_killed(kind: str, tmp_path: Path, free_port: int) -> None:
    """Workers and embedded server end by themselves."""
    environment = os.environ | {"FLAGKIT_DELAY_URL": f"http://localhost:{free_port}/flags"}
    command = [*FLAGKIT, "-e", "-v", "-x", kind, "-m", "2", "-s", "DELAY"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(6):
            process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3
        process.kill()
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children))


@posix
def test_a_reader_that_leaves_ends_the_run_without_a_traceback(server: FlagServer, tmp_path: Path) -> None:
    """As for `flagkit download -v | head -1`."""
    command = [*FLAGKIT, "-e", "-v", "--base-url", server.base_url]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 141


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """Run the command on a terminal of its own and return all that appears there."""
    import pty  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415

    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    process = subprocess.Popen([*FLAGKIT, *arguments], cwd=cwd, stdin=end, stdout=end, stderr=end)
    os.close(end)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the other end is closed
            piece = b""
        if not piece:
            break
        shown += piece
    os.close(terminal)
    assert process.wait(30) == 0
    return shown.decode()


@posix
def test_a_terminal_shows_a_progress_bar(server: FlagServer, tmp_path: Path) -> None:
    """Without -v there is a bar; with it there are lines instead."""
    bar = on_a_terminal("-a", "--base-url", server.base_url, cwd=tmp_path)
    assert re.search(r"\d+%\|.*/194", bar)
    assert "194 flags downloaded." in bar
    lines = on_a_terminal("b", "-v", "--base-url", server.base_url, cwd=tmp_path)
    assert "%|" not in lines
    assert "BR OK" in lines


def test_a_download_loads_no_server_no_images_and_no_numpy(server: FlagServer, tmp_path: Path) -> None:
    """The command starts quickly, and works in interpreters that cannot load numpy."""
    program = (
        "import sys; from flagkit.cli import main; status = main(); "
        "print(sorted({'numpy', 'uvicorn', 'PIL', 'tqdm'} & set(sys.modules)), status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "download", "br", "--base-url", server.base_url],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "[] 0"
