"""`flagkit download`, as a person or a script uses it: real processes, real servers."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from flagkit.cli import main
from flagkit.executors import EXECUTORS, available
from flagkit.flags import BEHAVIOURS, Behaviour, FlagServer, countries
from tests.cli.command import DOWNLOAD, Flagkit, posix, saved, wait_for


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


def assert_usage_error(done: "subprocess.CompletedProcess[str]", message: str) -> None:
    """Check a usage error of a process: status 2, and what is said."""
    assert done.returncode == 2, done
    assert_usage(done.stdout, done.stderr, message)


def assert_usage(out: str, err: str, message: str) -> None:
    """Check what a usage error says: a usage line, one line that says what is wrong, and nothing else."""
    assert out == ""
    assert err.startswith("usage: flagkit")
    assert "Traceback" not in err
    assert message in err.splitlines()[-1]


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
    arguments: Sequence[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 2, and not even the folder is made."""
    monkeypatch.setenv("FLAGKIT_LOCAL_URL", "http://localhost:1/flags")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["download", *arguments])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert_usage(said.out, said.err, message)
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


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """Run the command on a terminal of its own and return all that appears there."""
    import pty  # noqa: PLC0415 - not on Windows
    import termios  # noqa: PLC0415

    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    process = subprocess.Popen([*DOWNLOAD, *arguments], cwd=cwd, stdin=end, stdout=end, stderr=end)
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
