"""A process of its own for each measurement: whatever happens in it ends in one line, and nothing is left."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest

from flagkit.advise import AdviseError, sandbox
from flagkit.advise.memory import available_bytes, limit_memory
from flagkit.advise.sandbox import EndedError, LateError, Tell, run_apart
from flagkit.executors import EXECUTORS
from tests.advise import subjects
from tests.processes import command_line, left_running

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no process groups")


def apart(
    function: Callable[[Any], Any], item: Any = 1, *, limit_s: float = 20.0, told: list[str] | None = None
) -> Any:
    """Call the function in a process of its own."""
    return run_apart(call, limit_s, (told if told is not None else []).append, function, item)


def call(tell: Tell, function: Callable[[Any], Any], item: Any) -> Any:
    """Say what is done, and do it."""
    tell("does it")
    return function(item)


def limited(tell: Tell, function: Callable[[Any], Any], limit_bytes: int) -> Any:
    """Call the function where less memory can be had than the machine has."""
    import resource  # noqa: PLC0415 - Windows has none

    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
    return call(tell, function, 1)


def test_the_result_and_what_is_said_come_back() -> None:
    """The function runs elsewhere, and its result and progress are here."""
    told: list[str] = []
    assert apart(subjects.one_more, 2, told=told) == 3
    assert "does it" in told
    assert run_apart(get_pid, 20.0, told.append) != os.getpid()


def get_pid(_: Tell) -> int:
    """Return the process in which this runs."""
    return os.getpid()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (subjects.fail, "it raised ValueError: no good"),
        (subjects.leave, "it raised SystemExit: 3"),
        (subjects.vanish, "its process ended with exit status 4 while it does it"),
    ],
)
def test_failures_are_one_line(function: Callable[[Any], Any], message: str) -> None:
    """An exception, an exit and a sudden end are told in one line each."""
    with pytest.raises(EndedError) as caught:
        apart(function)
    assert str(caught.value) == message


@pytest.mark.once
def test_what_hangs_is_ended() -> None:
    """It ends when its time is over, not much later, and the line says what it was doing."""
    began = time.monotonic()
    with pytest.raises(
        LateError, match=r"^it was not done within 5 s: it does it; a longer budget gives it more time$"
    ):
        apart(subjects.hang, limit_s=5.0)
    assert time.monotonic() - began < 30
    assert left_running(one for one in psutil.Process().children() if is_ours(one)) == []


def is_ours(process: psutil.Process) -> bool:
    """Tell whether a child is a spawned one, and not multiprocessing's tracker."""
    return "spawn_main" in command_line(process)


@POSIX
def test_memory_is_limited() -> None:
    """What takes memory without end is stopped by its limit, before the machine has none."""
    with pytest.raises(EndedError, match=r"^it ran out of memory$"):
        run_apart(limited, 60.0, lambda _: None, subjects.eat, 1 << 28)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what can be had, and obeys the limit")
def test_a_process_gets_half_of_what_is_there() -> None:
    """So that other programs go on whatever the function takes."""
    available = available_bytes()
    assert available is not None
    limit = run_apart(memory_limit, 20.0, lambda _: None)
    assert 0 < limit <= available * 0.75


def memory_limit(_: Tell) -> int:
    """Return the limit that a measurement has."""
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrlimit(resource.RLIMIT_DATA)[0]


@pytest.mark.once
@POSIX
def test_a_lower_limit_stays() -> None:
    """What the user has limited already is not raised."""
    assert run_apart(limit_again, 20.0, lambda _: None) == 1 << 29


def limit_again(_: Tell) -> int:
    """Limit a process twice."""
    import resource  # noqa: PLC0415 - Windows has none

    resource.setrlimit(resource.RLIMIT_DATA, (1 << 29, 1 << 29))
    limit_memory()
    return resource.getrlimit(resource.RLIMIT_DATA)[0]


@POSIX
@pytest.mark.parametrize("limit_s", [20.0, pytest.param(5.0, marks=pytest.mark.once)])
def test_children_are_ended(tmp_path: Path, limit_s: float) -> None:
    """What the function has forked ends with it, when it returns and when it hangs."""
    if limit_s < 20:
        with pytest.raises(LateError):
            apart(subjects.have_children_and_hang, str(tmp_path), limit_s=limit_s)
    else:
        apart(subjects.have_children, str(tmp_path))
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert pids
    assert left_running(pids) == []


def test_what_the_function_prints_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither of its streams reaches ours."""
    assert apart(subjects.chatter) == 1
    assert capfd.readouterr() == ("", "")


@POSIX
def test_what_cannot_be_pickled_is_forked() -> None:
    """A function of the caller's that no other process could import runs all the same."""
    inside = [3]
    assert apart(lambda item: item + inside[0], 1) == 4


ADVISE = """
from flagkit.advise import advise
def function(item): return item + sum(range(50_000))
print(advise(function, [1, 2, 3, 4, 5, 6, 7, 8], budget=5).choice.candidate.kind)
"""
"""What is typed in a session; a pool by spawn would not find the function."""


def typed(code: str, *, by: str, cache_home: Path) -> subprocess.CompletedProcess[str]:
    """Run the code as `python -c`, or from stdin."""
    command = [sys.executable, "-c", code] if by == "-c" else [sys.executable, "-"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache_home)}
    return subprocess.run(
        command, input=code, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


@POSIX
@pytest.mark.parametrize("by", ["-c", "stdin"])
def test_a_function_of_a_session_is_forked(by: str, cache_home: Path) -> None:
    """No other process can import it, and it is advised about all the same, without a word beside."""
    found = typed(ADVISE, by=by, cache_home=cache_home)
    assert (found.stderr, found.returncode) == ("", 0)
    assert found.stdout.strip() in EXECUTORS


@POSIX
@pytest.mark.parametrize(("by", "kind"), [("-c", "process-spawn"), ("stdin", "process-forkserver")])
def test_a_kind_that_cannot_find_the_function_fails_in_its_pilot(by: str, kind: str, cache_home: Path) -> None:
    """It ends in a line, and what its workers print goes nowhere."""
    code = f"""
from flagkit.advise import AdviseError, Candidate
from flagkit.advise.records import PilotPlan
from flagkit.advise.runs import pilot
from flagkit.advise.sandbox import LateError, run_apart
from flagkit.advise.target import Target
def function(item): return item
try:
    plan = PilotPlan(Candidate("{kind}", 2, 1), (0, 1), 1)
    run_apart(pilot, 30.0, lambda _: None, Target(function, [1, 2]), plan)
except LateError:
    raise
except AdviseError as error:
    print("ruled out:", error)
"""
    found = typed(code, by=by, cache_home=cache_home)
    assert (found.stderr, found.returncode) == ("", 0)
    assert found.stdout.startswith("ruled out: it raised ")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Have a `__main__` as one from stdin is, with a function."""
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec("def function(item): return item + 1", vars(main))  # noqa: S102 - what is typed is run so
    main.__file__ = "<stdin>"
    return main


@pytest.mark.parametrize(
    ("module", "file", "found"),
    [
        (None, __file__, True),
        (None, "<stdin>", False),
        (None, None, False),
        ("script", None, True),
        ("package.__main__", __file__, False),
        ("__main__", __file__, False),
    ],
    ids=["script", "stdin", "-c", "module", "package", "folder"],
)
def test_which_main_a_fresh_process_finds(session: Any, module: str | None, file: str | None, found: object) -> None:
    """A script's and a module's, but not that of a package or a folder, which multiprocessing does not import."""
    session.__spec__ = SimpleNamespace(name=module) if module else None
    session.__file__ = file
    assert sandbox._is_main_found() is found


def test_what_is_typed_is_in_no_file(session: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where there is one, as a script's from which the prompt has come."""
    session.__file__ = __file__
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert not sandbox._is_main_found()


def test_what_is_not_of_the_session_is_spawned(session: ModuleType) -> None:
    """A fresh process does not look for a file `<stdin>`, and the session keeps that name."""
    assert run_apart(is_forked, 20.0, lambda _: None) is False
    assert session.__file__ == "<stdin>"


@POSIX
def test_what_is_of_the_session_is_forked(session: ModuleType) -> None:
    """Wherever it is in what is sent."""
    assert run_apart(is_forked, 20.0, lambda _: None, [session.function]) is True


def is_forked(_: Tell, *_sent: object) -> bool:
    """Tell whether this process is its parent's copy."""
    return "spawn_main" not in command_line(psutil.Process())


def test_without_fork_a_function_of_a_session_is_refused(session: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, which says what to do."""
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(AdviseError) as caught:
        apart(session.function)
    assert str(caught.value) == (
        "cannot be sent to another process (PicklingError: no other process can import this __main__): "
        "put it into a module"
    )


def test_an_advise_error_comes_as_it_is() -> None:
    """What a measurement refuses by itself needs no further words."""
    with pytest.raises(AdviseError, match=r"^no$"):
        run_apart(refuse, 20.0, lambda _: None)


def refuse(_: Tell) -> None:
    """Refuse."""
    raise AdviseError("no")
