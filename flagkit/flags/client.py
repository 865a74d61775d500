"""Download one flag: ask for it, make sure that it is one, save it whole, and say what became of it."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Self

from flagkit.flags.codes import check_code
from flagkit.flags.gif import is_whole_gif
from flagkit.flags.reasons import reason
from flagkit.flags.results import Result, Status
from flagkit.flags.sessions import worker_session

if TYPE_CHECKING:
    import requests

__all__ = [
    "FlagError",
    "FlagNotFoundError",
    "Job",
    "StoppedError",
    "download_one",
    "get_flag",
    "remove_temporary_files",
    "save_flag",
]

TIMEOUT_S = 30.0
CHUNK_BYTES = 65_536
MOST_BYTES = 16 * 2**20
"""No flag is larger; an endless body must not fill the memory."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
HTTP_OK, HTTP_NOT_FOUND = 200, 404


class FlagError(Exception):
    """The server did not give the flag; the message says why."""


class FlagNotFoundError(FlagError):
    """The server has no flag for the code."""


class StoppedError(Exception):
    """The run was interrupted before this flag was saved."""


class Stop:
    """Tells the workers of this process to begin nothing more; a copy in another process stays silent."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.set = self._event.set
        self.wait = self._event.wait

    def check(self) -> None:
        """Raise StoppedError when the run has been stopped."""
        if self._event.is_set():
            raise StoppedError

    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        return type(self), ()


@dataclass(frozen=True, slots=True)
class Job:
    """What all codes of a run have in common; small, because it is pickled with each code for a process."""

    base_url: str
    dest: Path
    timeout_s: float = TIMEOUT_S
    retries: int = 0
    run: str = field(default_factory=lambda: token_hex(4))
    """Marks this run's temporary files."""
    stop: Stop = field(default_factory=Stop)


def get_flag(code: str, base_url: str, *, timeout_s: float = TIMEOUT_S, attempt: int = 1) -> bytes:
    """Return the GIF image of `code` from `base_url`, over this worker's session.

    FlagNotFoundError when the server has none; FlagError for another answer and for anything but a whole GIF;
    requests.RequestException and urllib3's HTTPError when the server cannot be reached or the body is cut short.
    `timeout_s` is for connecting, for each silence, and for the whole body.
    """
    name = check_code(code).lower()
    deadline = time.monotonic() + timeout_s
    session = worker_session(base_url)
    with session.get(f"{name}/{name}.gif", timeout_s=timeout_s, attempt=attempt) as response:
        image = _read(response, deadline)
    if response.status_code == HTTP_NOT_FOUND:
        raise FlagNotFoundError("not found")
    if response.status_code != HTTP_OK:
        raise FlagError(f"HTTP {response.status_code} - {response.reason}".rstrip(" -"))
    if not is_whole_gif(image):
        raise FlagError("the answer is not a whole GIF image")
    return image


def _read(response: "requests.Response", deadline: float) -> bytes:
    """Read the body, each piece as it comes, so that neither a trickle nor an endless one holds the worker."""
    pieces = []
    size_bytes = 0
    while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes > MOST_BYTES:
            raise FlagError(f"the answer is larger than {MOST_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise FlagError("timed out while the body came")
    return b"".join(pieces)


def save_flag(image: bytes, code: str, dest: Path, *, run: str = "") -> Path:
    """Write `image` as `cc.gif` in `dest` and return its path; `dest` is created when missing.

    The bytes go to a temporary name first, which is then renamed: a reader, or a crash, never meets half a flag.
    Raises OSError, and then leaves nothing behind.
    """
    name = f"{check_code(code).lower()}.gif"
    target = dest / name
    temporary = dest / f".{name}.{run}-{os.getpid()}-{threading.get_native_id()}.part"
    try:
        try:
            _write(temporary, image)
        except FileNotFoundError:
            dest.mkdir(parents=True, exist_ok=True)
            _write(temporary, image)
        temporary.replace(target)
    except BaseException as error:
        with suppress(OSError):  # what went wrong first is what is told
            temporary.unlink()
        if isinstance(error, OSError) and error.filename is not None:
            # The temporary name means nothing to a person, and would make of one error as many as there are codes.
            raise OSError(error.errno, error.strerror, str(error.filename2 or dest)) from error
        raise
    return target


def _write(path: Path, content: bytes) -> None:
    """Write a file; without a buffer it takes half the system calls, at each of which a thread lets go of the GIL."""
    with path.open("wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]


def remove_temporary_files(job: Job) -> None:
    """Remove what workers that were ended in the midst of a write have left."""
    for left in job.dest.glob(f".*.{job.run}-*.part"):
        left.unlink(missing_ok=True)


def download_one(code: str, job: Job) -> Result:
    """Download and save the flag of `code`, and return what became of it.

    Every failure of the network, the server or the disk is a result, not an exception; StoppedError alone is raised,
    when the run was interrupted. Asks `1 + job.retries` times at most, with a pause that doubles.
    """
    attempt = 0
    pause_s = FIRST_PAUSE_S
    try:
        while True:
            attempt += 1
            job.stop.check()
            try:
                image = get_flag(code, job.base_url, timeout_s=job.timeout_s, attempt=attempt)
                break
            except FlagNotFoundError as error:
                return Result(code, Status.NOT_FOUND, str(error), attempts=attempt)
            except Exception:
                if attempt > job.retries:
                    raise
            job.stop.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        job.stop.check()
        save_flag(image, code, job.dest, run=job.run)
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever happens, the code ends in a result
        return Result.failed(code, reason(error), attempt)
    return Result(code, Status.OK, size_bytes=len(image), attempts=attempt)
