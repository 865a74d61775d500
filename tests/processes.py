"""Processes as tests look at them: any of them may end, or be a zombie that init has yet to reap, while one looks."""

import time
from collections.abc import Iterable

import psutil


def command_line(process: psutil.Process) -> str:
    """Return the words that a process was started with, joined by spaces; none of one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def runs(process: psutil.Process | int) -> bool:
    """Tell whether a process, or that of a number, has not ended; a zombie has, whoever may have to wait for it."""
    try:
        found = psutil.Process(process) if isinstance(process, int) else process
        return found.is_running() and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_running(processes: Iterable[psutil.Process | int], within_s: float = 20) -> list[psutil.Process | int]:
    """Wait until all have ended, at most so long; return those that have not."""
    deadline_s = time.monotonic() + within_s
    watched = list(processes)
    while (left := [process for process in watched if runs(process)]) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return left
