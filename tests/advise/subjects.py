"""What users' functions do, good and bad; the tests of the command line give it the name `job`."""

import functools
import itertools
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

numbers = [*range(40)]
two_pairs = [(1_963_309, 2_265_973), (2_030_677, 3_814_172)] * 2
locks = [threading.Lock() for _ in range(4)]
seen: list[int] = []
calls = itertools.count()
no_items: list[int] = []
not_called = 3
square = lambda number: number * number  # noqa: E731 - what cannot be pickled


def few() -> list[int]:
    """Make items."""
    return [1, 2, 3, 4]


def endless() -> Iterator[int]:
    """Make items without end."""
    number = 0
    while True:
        yield number
        number += 1


def one_more(number: int) -> int:
    """Do next to nothing."""
    return number + 1


def gcd(pair: tuple[int, int]) -> int:
    """Hold the GIL for some hundredths of a second."""
    return max(one for one in range(1, min(pair) // 4) if pair[0] % one == 0 and pair[1] % one == 0)


def wait(number: int) -> int:
    """Wait for 20 ms."""
    time.sleep(0.02)
    return number


def interrupted(number: int) -> int:
    """Do next to nothing, but be away for 20 ms at the eighth call, and be long for one of the numbers."""
    if next(calls) == 7:
        time.sleep(0.02)
    if number == 39:
        time.sleep(0.005)
    return number


@functools.cache
def recall(number: int) -> int:
    """Wait for 20 ms once for each number."""
    return wait(number)


def enlarge(number: int) -> bytes:
    """Return four megabytes, of which the system has to give each page."""
    return b"%d" % (number % 10) * (1 << 22)


class NotLoadedError(Exception):
    """One that is pickled, but cannot be made of what that keeps."""

    def __init__(self, one: str, other: str) -> None:
        """Say both."""
        super().__init__(f"{one}, {other}")


class Result:
    """One of those that are counted while somebody has them."""

    alive: ClassVar[weakref.WeakSet["Result"]] = weakref.WeakSet()

    def __init__(self) -> None:
        """Count it."""
        self.alive.add(self)


def count_alive(_: int) -> Result:
    """Note how many results there are, and return one more."""
    seen.append(len(Result.alive))
    return Result()


def only_in_main(number: int) -> int:
    """Refuse threads, as what keeps to the thread that made it does."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("main thread only")
    return number


def locked(lock: Any) -> bool:
    """Take what cannot be sent."""
    return bool(lock.locked())


def remember(number: int) -> int:
    """Change what the module holds."""
    seen.append(number)
    return number


def chatter(number: int) -> int:
    """Print, which is no part of the advice."""
    print("chatter", file=sys.stderr)  # noqa: T201 - as users do
    print("chatter")  # noqa: T201 - likewise
    return number


def hang(_: object) -> None:
    """Never end."""
    while True:
        time.sleep(60)


def fail(_: object) -> None:
    """Raise, with a message of two lines."""
    raise ValueError("no good\nat all")


def leave(_: object) -> None:
    """Exit as a program does."""
    sys.exit(3)


def vanish(_: object) -> None:
    """Exit at once."""
    os._exit(4)


def eat(_: object) -> None:
    """Take memory without end."""
    taken = []
    while True:
        taken.append(bytes(b"x" * (1 << 24)))


def have_children(folder: str) -> None:
    """Leave a child that would outlive its parent, and tell its number."""
    pid = os.fork()
    if pid == 0:
        time.sleep(120)
        os._exit(0)
    (Path(folder) / str(pid)).touch()


def have_children_and_hang(folder: str) -> None:
    """Leave a child and never end."""
    have_children(folder)
    hang(folder)


def set_up() -> None:
    """Make what `needs_set_up` needs."""
    os.environ["JOB_IS_SET_UP"] = "1"


def needs_set_up_items() -> list[int]:
    """Make items, which takes what `set_up` makes."""
    return [int(os.environ["JOB_IS_SET_UP"])] * 4


def needs_set_up(number: int) -> int:
    """Fail where nobody has called `set_up`."""
    return number + int(os.environ["JOB_IS_SET_UP"])
