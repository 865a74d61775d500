"""The process of one arm in one generation: started, spoken to, and ended with all that it has started."""

import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from bench.instrument import leaks
from bench.lockstep import pinning
from bench.lockstep.arms import Arm
from bench.lockstep.injected import start_arm
from bench.lockstep.injected.lockstep_arm.channel import Channel, ClosedError
from bench.lockstep.injected.lockstep_arm.messages import Message, Stop
from bench.lockstep.workplace import Place, variables

_SCRIPT = Path(start_arm.__file__).resolve()
_LOOK_S = 0.25
"""How often a process that says nothing is asked whether it still lives: a child of it may hold its socket open."""
_LEAVE_S = 15.0
"""How long an arm may take to end, its fixtures torn down, once it has been told to."""
_TRACKER = "resource_tracker import main"


class ArmDeadError(Exception):
    """An arm that can be asked nothing more; the message says how it ended."""


class ArmProcess:
    """A pytest process that measures when it is told to; started at once, in a session of its own."""

    def __init__(self, arm: Arm, place: Place, hash_seed: int, arguments: Sequence[str]) -> None:
        self.arm = arm
        self.doing = "starting"
        self.cores: tuple[int, ...] = ()
        self._log = place.log
        self._mark = str(place.temporary)
        self._is_over = False
        ours, theirs = socket.socketpair()
        ours.settimeout(_LOOK_S)
        self._channel = Channel(ours)
        with theirs, place.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - what the user has named
                [place.python, _SCRIPT, str(theirs.fileno()), *arguments],
                cwd=place.checkout,
                env=variables(arm, place, hash_seed),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._process.pid

    def pin(self, cores: tuple[int, ...]) -> None:
        """Let the process and all that it has started run on these cores only."""
        if cores != self.cores:
            pinning.pin(self._process.pid, cores)
            self.cores = cores

    def send(self, message: Message) -> None:
        """Say something; raises ArmDeadError."""
        try:
            self._channel.send(message)
        except ClosedError:
            raise self._death() from None

    def receive(self, *, before_s: float, limit: str = "in time") -> Message:
        """Wait for a message until a time of the monotonic clock; raises ArmDeadError for an arm that has none.

        One that is too late is killed; `limit` says what time it had.
        """
        while True:
            try:
                if (message := self._channel.received()) is not None:
                    return message
                if self._channel.fill():  # even if it is late by now: it may have waited to be heard
                    continue
                if self._process.poll() is not None:
                    raise self._death()
                if time.monotonic() >= before_s:
                    self.kill()
                    raise ArmDeadError(f"gave no answer {limit} while {self.doing}, and was killed")
            except ClosedError:
                raise self._death() from None
            except (ValueError, KeyError, TypeError) as error:
                self.kill()
                raise ArmDeadError(f"said what makes no sense while {self.doing}: {error}") from None

    def has_answered(self) -> bool:
        """Return whether something waits to be heard."""
        return bool(select.select([self._channel], [], [], 0)[0])

    def close(self) -> None:
        """Speak to the arm no more, which then ends by itself as soon as it listens."""
        self._channel.close()

    def stop(self, cores: tuple[int, ...]) -> None:
        """Ask the arm to end, on these cores; ``end`` waits for it."""
        self.pin(cores)
        with suppress(ClosedError):
            self._channel.send(Stop())

    def has_ended(self) -> bool:
        """Return whether the process has ended; what it has started may still be there."""
        return self._process.poll() is not None

    def end(self, patience_s: float = _LEAVE_S) -> None:
        """Wait until the arm has ended by itself, then end whatever of it is left."""
        self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        self.kill()

    def kill(self) -> None:
        """Kill the arm with all its descendants, and whoever else has its folder for temporary files."""
        self._channel.close()
        if self._is_over:  # to look through all processes of the system takes as long as some rounds
            return
        left = _family(self._process.pid if self._process.poll() is None else None, self._mark)
        trackers = [process for process in left if _is_tracker(process)]
        leaks.kill(process for process in left if process not in trackers)
        self._process.wait()
        # A resource tracker ends when those whose shared memory it watches have ended, and has then removed that.
        psutil.wait_procs(trackers, timeout=3)
        leaks.kill(trackers)
        self._is_over = True

    def last_words(self) -> str:
        """Return the last line of what the arm has printed that tells of an error, or its last line."""
        with suppress(OSError):
            lines = [line.strip() for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
            told = [line for line in lines if line.startswith(("E ", "ERROR", "INTERNALERROR>")) or "Error:" in line]
            return (told or lines or ["it printed nothing"])[-1].removeprefix("INTERNALERROR>").strip()
        return "it printed nothing"

    def _death(self) -> ArmDeadError:
        try:
            status = self._process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            how = "closed its channel and stayed"
        else:
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        self.kill()
        return ArmDeadError(f"{how} while {self.doing}")


def _family(pid: int | None, mark: str) -> list[psutil.Process]:
    """Return the process and its descendants, if it lives, and those that it left to themselves: TMPDIR tells them."""
    found: dict[int, psutil.Process] = {}
    if pid is not None:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            found = {member.pid: member for member in (process, *process.children(recursive=True))}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid not in found and process.environ().get("TMPDIR", "").startswith(mark):
                found[process.pid] = process
    return list(found.values())


def _is_tracker(process: psutil.Process) -> bool:
    try:
        return _TRACKER in " ".join(process.cmdline())
    except psutil.Error:
        return False
