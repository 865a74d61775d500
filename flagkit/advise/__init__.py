"""Which executor kind, how many workers and which chunk size, for a function of your own.

target     the function and its items
sandbox    a process of its own for each measurement
sampling   what the function costs          threads, packing, side_effects, memory, pace: parts of it
costs      what each kind costs here        cache keeps it
runs       real runs: pilots and whole jobs
model      from these, the time of a job    draws, imbalance: its uncertainty, its uneven ends
ranking    of all candidates                reasons, snippet, rendering: in words
advising   the course of it all
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from flagkit.advise.measured import Measured
from flagkit.advise.records import Advice, AdviseError, Candidate, Interval, Prediction, RuledOut
from flagkit.advise.target import Target, first_items, named
from flagkit.executors import EXECUTORS

__all__ = ["Advice", "AdviseError", "Candidate", "Interval", "Measured", "Prediction", "RuledOut", "advise"]

T = TypeVar("T")


def advise(
    function: Callable[[T], object], items: Iterable[T], *, n: int | None = None, budget: float = 10.0
) -> Advice:
    """Return which executor is best for `[function(item) for item in items]`, measured for about `budget` seconds.

    `n` is the length of the real job where `items` is a sample of it. Items that are no sequence are taken first, up to
    100,000 of them, which is no part of the budget. The function runs in processes of its own; what can be pickled is
    sent there, as to a pool by spawn, so a script needs its `if __name__ == "__main__"`; a function of a session or a
    notebook is forked, where that is possible. AdviseError where the function fails, or takes longer than the budget.
    """
    from flagkit.advise.advising import Advising  # noqa: PLC0415 - which needs numpy, and no measuring process does

    if n is not None and n < 1:
        raise AdviseError(f"n is how many items the real job has: at least 1, not {n}")
    if isinstance(items, str):  # which would be taken for what names the items
        known: Sequence[Any] = list(items)
    elif isinstance(items, Sequence):
        known = items
    else:
        known, length = first_items(items)
        if length is None and n is None:
            raise AdviseError("the items did not end: give n, how many the real job has")
    return Advising(Target(named(function), known), n, budget, lambda _: None, tuple(EXECUTORS)).run()
