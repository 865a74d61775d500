"""What the controller and an arm say to each other.

    controller             arm
                           Collected          once, when pytest has found its benchmarks
    Describe            -> Described          the machine and the commit, as this arm's pytest-benchmark sees them
    Run                 -> Reached            the benchmark is set up, and has come to its measured function
      Round             -> Timed              as often as the controller likes
      Finish            -> Ended              the test has ended and is torn down
    Run                 -> Ended              it was skipped, or failed, before it got there (or in a round)
    Stop                                      pytest ends

Messages are lines of JSON, which every Python reads.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Collected:
    """The benchmarks of an arm by node id, each with the workers that it declares, or None.

    ``uncollected`` has the reason for each file, or other node, that could not be looked into, and ``skipped`` for each
    that skips itself as a whole.
    """

    workers: dict[str, Any]
    uncollected: dict[str, str]
    skipped: dict[str, str]


@dataclass(frozen=True)
class Describe:
    """Ask for all that a file of pytest-benchmark holds beside the benchmarks."""


@dataclass(frozen=True)
class Described:
    """That file, without benchmarks."""

    content: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """Run a benchmark up to its measured function; ``following`` is next, so fixtures that both use stay."""

    nodeid: str
    following: Any = None


@dataclass(frozen=True)
class Reached:
    """The measured function is ready.

    A round takes at least ``iterations`` calls; exactly so many where ``is_fixed``, as with a set-up before each round.
    ``workers`` is what the benchmark has declared by now.
    """

    iterations: int
    is_fixed: bool
    warmup_rounds: int
    workers: Any = None


@dataclass(frozen=True)
class Round:
    """Run a round of so many calls."""

    iterations: int


@dataclass(frozen=True)
class Timed:
    """How long the round took, in seconds for all of its calls."""

    seconds: float


@dataclass(frozen=True)
class Finish:
    """Run no more rounds of this benchmark."""


@dataclass(frozen=True)
class Ended:
    """The benchmark is over: "passed", "skipped", "failed" or "unused", and why; ``benchmark`` describes it."""

    outcome: str
    reason: str = ""
    benchmark: Any = None


@dataclass(frozen=True)
class Stop:
    """End the session."""


Message: TypeAlias = Collected | Describe | Described | Run | Reached | Round | Timed | Finish | Ended | Stop
_TYPES = {
    kind.__name__: kind for kind in (Collected, Describe, Described, Run, Reached, Round, Timed, Finish, Ended, Stop)
}


@cache
def _order(iterations: int) -> bytes:
    return json.dumps([Round.__name__, {"iterations": iterations}]).encode() + b"\n"


def encode(message: Message) -> bytes:
    """Return a message as a line."""
    if type(message) is Round:  # the same again and again, and a round waits for it: it is looked up
        return _order(message.iterations)
    return json.dumps([type(message).__name__, vars(message)]).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line; raises ValueError, KeyError or TypeError for what is none."""
    return _ordered(line) if line.startswith(b'["Round"') else _read(line)


def _read(line: bytes) -> Message:
    name, values = json.loads(line.decode())
    message: Message = _TYPES[name](**values)
    return message


_ordered = cache(_read)
