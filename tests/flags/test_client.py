"""The download of one flag, with HTTP answers made up by `responses`."""

import sys
from pathlib import Path

import pytest
import requests
import responses

from flagkit.flags import FlagError, FlagNotFoundError, Job, Result, Status, download_one, get_flag, save_flag
from flagkit.flags import client as client_module
from flagkit.flags.client import Stop, StoppedError
from flagkit.flags.codes import CodeError

BASE = "http://flags.example/flags"
URL = f"{BASE}/br/br.gif"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(client_module, "FIRST_PAUSE_S", 0.0)


@responses.activate
def test_a_flag_is_fetched_by_its_small_code(gif: bytes) -> None:
    """The URL has the code twice, in small letters, and the body comes back as it is."""
    responses.get(URL, gif)
    assert get_flag("BR", BASE) == gif
    assert responses.calls[0].request.url == URL


@responses.activate
def test_a_missing_flag_is_told_from_an_error() -> None:
    """HTTP 404 has an exception of its own."""
    responses.get(URL, "no", status=404)
    with pytest.raises(FlagNotFoundError):
        get_flag("br", BASE)


@responses.activate
@pytest.mark.parametrize("status", [204, 304, 400, 403, 410, 418, 500, 503])
def test_any_other_answer_is_an_error(status: int) -> None:
    """The message has the status."""
    responses.get(URL, b"", status=status)
    with pytest.raises(FlagError, match=str(status)):
        get_flag("BR", BASE)


@responses.activate
@pytest.mark.parametrize("body", [b"", b"<html>", b"GIF89a"])
def test_a_body_that_is_no_gif_is_an_error(body: bytes) -> None:
    """HTTP 200 is not enough."""
    responses.get(URL, body)
    with pytest.raises(FlagError, match="not a whole GIF"):
        get_flag("BR", BASE)


@responses.activate
def test_a_body_beyond_reason_is_an_error(gif: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large is not read to its end."""
    monkeypatch.setattr(client_module, "MOST_BYTES", len(gif) - 1)
    responses.get(URL, gif)
    with pytest.raises(FlagError, match="larger"):
        get_flag("BR", BASE)


@responses.activate
def test_redirects_are_followed(gif: bytes) -> None:
    """A flag may have moved."""
    responses.get(URL, status=302, headers={"Location": "http://elsewhere.example/brazil.gif"})
    responses.get("http://elsewhere.example/brazil.gif", gif)
    assert get_flag("BR", BASE) == gif


@responses.activate
def test_a_redirect_loop_ends_in_an_error(tmp_path: Path) -> None:
    """Redirects that lead nowhere are given up."""
    responses.get(URL, status=302, headers={"Location": URL})
    result = download_one("BR", Job(BASE, tmp_path))
    assert (result.status, result.detail) == (Status.ERROR, "redirected too often")


@responses.activate
def test_retries_tell_the_server_which_attempt_it_is(gif: bytes, tmp_path: Path) -> None:
    """Each attempt is numbered, and the result says how many there were."""
    responses.get(URL, status=503)
    responses.get(URL, body=requests.ConnectionError("reset"))
    responses.get(URL, gif)
    result = download_one("BR", Job(BASE, tmp_path, retries=2))
    assert result == Result("BR", Status.OK, size_bytes=len(gif), attempts=3)
    assert [call.request.headers["Flagkit-Attempt"] for call in responses.calls] == ["1", "2", "3"]


@responses.activate
def test_retries_come_to_an_end(tmp_path: Path) -> None:
    """N retries are N + 1 attempts, and the last error is the one that is told."""
    responses.get(URL, status=500)
    responses.get(URL, status=503)
    result = download_one("BR", Job(BASE, tmp_path, retries=1))
    assert result == Result("BR", Status.ERROR, "HTTP 503 - Service Unavailable", attempts=2)


def test_any_number_of_attempts_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause that doubles has a longest, so that a thousand failures are followed by further attempts."""

    def fail(*_: object, **__: object) -> bytes:
        raise FlagError("not yet")

    monkeypatch.setattr(client_module, "get_flag", fail)
    result = download_one("BR", Job(BASE, tmp_path, retries=1100))
    assert result == Result("BR", Status.ERROR, "not yet", attempts=1101)


@responses.activate
def test_what_is_not_found_is_not_asked_for_again(tmp_path: Path) -> None:
    """A missing flag stays missing."""
    responses.get(URL, status=404)
    assert download_one("BR", Job(BASE, tmp_path, retries=5)).attempts == 1
    assert len(responses.calls) == 1


@responses.activate
def test_without_a_flag_nothing_is_saved(tmp_path: Path) -> None:
    """Neither a 404 nor an error leaves a file."""
    responses.get(URL, status=404)
    responses.get(f"{BASE}/fr/fr.gif", b"junk")
    for code in ("BR", "FR"):
        download_one(code, Job(BASE, tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["../../etc/passwd", "..", "", "BRA"])
def test_what_is_no_code_is_an_error_and_no_request(code: str, tmp_path: Path) -> None:
    """Nothing but a code becomes part of a URL or of a path."""
    result = download_one(code, Job(BASE, tmp_path))
    assert (result.status, result.code) == (Status.ERROR, code)
    with pytest.raises(CodeError):
        save_flag(b"", code, tmp_path)


def test_a_flag_is_saved_whole_under_its_name(gif: bytes, tmp_path: Path) -> None:
    """The folder is made, the file is complete, and no temporary file is left."""
    dest = tmp_path / "new" / "folder"
    assert save_flag(gif, "BR", dest) == dest / "br.gif"
    assert (dest / "br.gif").read_bytes() == gif
    assert [path.name for path in dest.iterdir()] == ["br.gif"]


def test_a_flag_that_cannot_be_renamed_leaves_nothing_and_spoils_nothing(gif: bytes, tmp_path: Path) -> None:
    """Where a folder has the file's name, that stays, the error is told, and the temporary file goes."""
    (tmp_path / "br.gif").mkdir()
    with pytest.raises(OSError, match=f"'{tmp_path / 'br.gif'}'$"):
        save_flag(gif, "BR", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["br.gif"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_flag_that_cannot_be_written_names_the_folder() -> None:
    """The temporary name means nothing to a person, and all codes have the same error."""
    with pytest.raises(FileNotFoundError, match=r": '/proc'$"):
        save_flag(b"GIF", "BR", Path("/proc"))


def test_a_stopped_run_begins_nothing(tmp_path: Path) -> None:
    """After Ctrl-C a worker neither asks nor saves."""
    stop = Stop()
    stop.set()
    with pytest.raises(StoppedError):
        download_one("BR", Job("http://127.0.0.1:1", tmp_path, stop=stop))
