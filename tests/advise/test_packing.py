"""What pickling arguments and results costs, and that it takes no longer than it may."""

import threading
import time
from typing import Any

import numpy as np
import pytest

from flagkit.advise.packing import UnpicklableError, packing


class Slow:
    """Takes long to pickle, and counts."""

    dumped = 0

    def __reduce__(self) -> tuple[Any, ...]:
        type(self).dumped += 1
        time.sleep(0.01)
        return Slow, ()


@pytest.fixture(autouse=True)
def none_dumped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count from none."""
    monkeypatch.setattr(Slow, "dumped", 0)


def test_no_more_is_packed_than_there_is_time_for() -> None:
    """One always; and what takes long is done once in each of the two ways."""
    packed = packing([Slow() for _ in range(16)], budget_s=0.0)
    assert Slow.dumped == 2
    assert packed.size_bytes > 0
    assert min(packed.dumps_s, packed.stream_dumps_s) >= 0.01
    assert min(packed.loads_s, packed.stream_loads_s) > 0


def test_everything_is_packed_where_there_is_time() -> None:
    """The mean is over all of it."""
    packed = packing([bytes(1000), bytes(3000)], budget_s=60.0)
    assert 2000 < packed.size_bytes < 2100
    packing([Slow(), Slow()], budget_s=60.0)
    assert Slow.dumped == 4


def test_short_ones_are_repeated() -> None:
    """The clock's own time does not count: the least of many is no more than a single one."""
    assert packing([None]).dumps_s < 0.001


def test_buffers_are_loaded_apart() -> None:
    """Without the copy that a stream takes."""
    packed = packing([np.zeros(4_000_000)])
    assert packed.buffers_bytes == 32_000_000
    assert packed.stream_loads_s < packed.loads_s


def test_what_cannot_be_packed_is_said() -> None:
    """In one line, whichever of them it is."""
    with pytest.raises(
        UnpicklableError, match=r"^the result cannot be pickled \(cannot pickle '_thread.lock' object\)$"
    ):
        packing([1, threading.Lock()], "result", budget_s=60.0)
