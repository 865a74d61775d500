"""Work in pure Python, which holds the GIL from the first bytecode to the last."""

import math
import time

__all__ = ["gcd", "loop", "wait_and_loop"]


def gcd(pair: tuple[int, int]) -> int:
    """Return the greatest common divisor of two positive integers, by trying every candidate from the smaller down.

    Slow on purpose: a loop of pure Python whose length is the smaller number less the answer.
    Source of the idea and of the four pairs: Brett Slatkin, Effective Python, the item on concurrent.futures.
    """
    a, b = pair
    candidate = min(a, b)
    while a % candidate or b % candidate:
        candidate -= 1
    return candidate


def loop(turns: int) -> int:
    """Return the sum of the integers below `turns`, by adding them one by one: a task as long as one likes."""
    total = 0
    for number in range(turns):
        total += number
    return total


def wait_and_loop(item: tuple[float, int]) -> int:
    """Wait so many seconds, as for an answer from elsewhere, then loop: I/O and CPU; waiting releases the GIL."""
    wait_s, turns = item
    time.sleep(wait_s)
    return loop(turns)


def greatest_divisor(pair: tuple[int, int]) -> int:
    """Return what `gcd` has to find."""
    return math.gcd(*pair)


def triangular(turns: int) -> int:
    """Return what `loop` has to find, by its formula."""
    return turns * (turns - 1) // 2
