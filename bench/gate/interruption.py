"""Ctrl-C and SIGTERM stop a gate run where nothing gets lost: never between starting a process and knowing it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """What is held back at present; signals are one process's, and so is this."""

    depth = 0
    is_pending = False


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    if _State.depth:
        _State.is_pending = True
    else:
        raise KeyboardInterrupt


@contextmanager
def heeded() -> Iterator[None]:
    """Let either signal raise KeyboardInterrupt while the block runs, save where it is held back."""
    before = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Put an interruption off until the block has ended; what it does must be short."""
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
        if _State.is_pending and not _State.depth:
            _State.is_pending = False
            raise KeyboardInterrupt
