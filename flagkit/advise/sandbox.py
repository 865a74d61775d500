"""Run a measurement in a process of its own, so that whatever a user's function does ends in one clear line.

The process leads a process group, in which its pools' workers are too. When it is done, late or dead, the whole group
is killed, so nothing is left. It watches its parent, and kills its group when that is gone.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from flagkit.advise.memory import limit_memory
from flagkit.advise.records import AdviseError

__all__ = ["EndedError", "LateError", "Tell", "run_apart"]

P = ParamSpec("P")
T = TypeVar("T")
Tell = Callable[[str], None]
"""What a measurement calls with a few words on what it is about to do."""

POLL_S = 0.005
SHOWN_S = 0.2
"""How often to show that time goes on."""
END_S = 2.0
"""How long a process that has given its result may take to end by itself."""


class EndedError(AdviseError):
    """The measurement did not come to its end, for what the user's function did."""


class LateError(EndedError):
    """It took too long."""


def run_apart(
    work: Callable[Concatenate[Tell, P], T],
    limit_s: float,
    tell: Tell,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return `work(tell, *args, **kwargs)`, run in a fresh process within `limit_s` seconds.

    `work` and its result are pickled; where the arguments cannot be, or are of a `__main__` that no other process can
    import, the process is forked. An AdviseError of `work` is raised as it is; EndedError, one line, for any other
    exception, an exit, a kill, and what takes too long.
    """
    context: Any = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sender, work, args, kwargs))
    try:
        try:
            _check_main(work, args, kwargs)
            with _missing_main_left_out():
                _start(process)
        except Exception as error:  # noqa: BLE001 - what pickles the arguments may raise anything
            if "fork" not in multiprocessing.get_all_start_methods():
                raise AdviseError(
                    f"cannot be sent to another process ({describe(error)}): put it into a module"
                ) from None
            process = multiprocessing.get_context("fork").Process(target=_serve, args=(sender, work, args, kwargs))
            _start(process)
        sender.close()
        value: T = _receive(receiver, process, limit_s, tell)
    finally:
        _end(process)
        receiver.close()
        sender.close()
    return value


def describe(error: BaseException) -> str:
    """Return an exception in one line: its type and the first line of its message."""
    first, *_ = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {first}"[:200] if first else type(error).__name__


def _check_main(*sent: object) -> None:
    """Raise PicklingError where something of it is found by a `__main__` that a fresh process does not have.

    Its name in what is pickled tells. A string like it does too, and then the process is forked without need.
    """
    if not _is_main_found() and b"__main__" in pickle.dumps(sent):
        raise pickle.PicklingError("no other process can import this __main__")


def _is_main_found() -> bool:
    """Tell whether a fresh process can import `__main__`: not a REPL, a notebook, `-c`, stdin, or a package's.

    Source: multiprocessing/spawn.py, get_preparation_data and what `prepare` makes of it.
    """
    if hasattr(sys, "ps1"):  # it has a file at times, but what is typed is not in it
        return False
    main = sys.modules["__main__"]
    name = getattr(getattr(main, "__spec__", None), "name", None)
    if name is not None:
        return name != "__main__" and not name.endswith(".__main__")
    return _has_main_file()


def _has_main_file() -> bool:
    path = getattr(sys.modules["__main__"], "__file__", None)
    return path is not None and Path(path).exists()


@contextlib.contextmanager
def _missing_main_left_out() -> Iterator[None]:
    """Have a fresh process not look for a file like `<stdin>`, which is what the name of `__main__` is then."""
    names = vars(sys.modules["__main__"])
    if "__file__" not in names or _has_main_file():
        yield
        return
    path = names.pop("__file__")
    try:
        yield
    finally:
        names["__file__"] = path


def _start(process: Any) -> None:
    """Start the process, with SIGINT blocked until it has left this process group: Ctrl-C is for the parent."""
    if sys.platform == "win32":
        process.start()
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415 - not to be had on Windows

    resource_tracker.ensure_running()  # which would unblock SIGINT in between
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _receive(receiver: Connection, process: Any, limit_s: float, tell: Tell) -> Any:
    deadline = time.monotonic() + limit_s
    doing = "starts"
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise LateError(f"it was not done within {limit_s:.3g} s: it {doing}; a longer budget gives it more time")
        if not receiver.poll(min(left_s, SHOWN_S)):
            tell(doing)
            continue
        try:
            what, value = receiver.recv()
        except (EOFError, ConnectionResetError):
            process.join(END_S)
            raise EndedError(f"its process {_ending(process.exitcode)} while it {doing}") from None
        if what == "doing":
            doing = value
            tell(value)
        elif what == "error":
            raise value
        else:
            return value


def _ending(code: int | None) -> str:
    if code is None:
        return "closed its channel"
    if code >= 0:
        return f"ended with exit status {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"was killed by {name}" + (", as the system does when memory runs out," if name == "SIGKILL" else "")


def _end(process: Any) -> None:
    """Kill the process, reap it, and end its group.

    By SIGTERM first, which resource trackers ignore: they remove what the others have left in /dev/shm, and end when
    these have. What is still there after END_S is killed.
    """
    if process.pid is None:
        return
    process.kill()
    process.join()
    if sys.platform == "win32":
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left, or (macOS) zombies alone
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + END_S
        while time.monotonic() < deadline and _is_alive(process.pid):
            time.sleep(POLL_S)
        os.killpg(process.pid, signal.SIGKILL)


def _is_alive(group: int) -> bool:
    """Tell whether a process of the group runs; a zombie, which some container's init leaves for long, does not."""
    os.killpg(group, 0)
    stats = list(Path("/proc").glob("[0-9]*/stat"))
    for stat in stats:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, _, its_group, *_ = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(its_group) == group and state != "Z":
                return True
    return not stats


def _serve(sender: Connection, work: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    _stand_alone()
    limit_memory()
    try:
        value = work(lambda doing: sender.send(("doing", doing)), *args, **kwargs)
        sender.send(("value", value))
    except AdviseError as error:
        sender.send(("error", error))
    except MemoryError:
        sender.send(("error", EndedError("it ran out of memory")))
    except BaseException as error:  # noqa: BLE001 - SystemExit too: what ended the function is what the user is told
        sender.send(("error", EndedError(f"it raised {describe(error)}")))
    sender.close()
    os._exit(0)  # whatever threads the function has left: the parent ends what else is in the group


def _stand_alone() -> None:
    """Lead a group that ends with the parent, and keep what the function prints away from what is printed here."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # None, or closed
            stream.flush()
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    if sys.platform != "win32":
        _have_own_tracker()
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _have_own_tracker() -> None:
    """Have a resource tracker outside the group, which removes the semaphores of killed pools, and says nothing.

    The parent's would warn of them, where the user reads it. There is no public way to have another one.
    """
    from multiprocessing import resource_tracker  # noqa: PLC0415 - not to be had on Windows

    tracker: Any = resource_tracker._resource_tracker  # noqa: SLF001 - see above
    tracker._fd = tracker._pid = None  # noqa: SLF001
    resource_tracker.ensure_running()


def _end_with(parent: Any) -> None:
    parent.join()
    os.killpg(0, signal.SIGKILL)
