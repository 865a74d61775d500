"""Peak memory of a command and its children, in a process of its own: nothing that is timed runs meanwhile.

What counts is PSS, the proportional set size: pages that several processes share are counted once, split among them.
Resident sizes, summed, would count a forked worker's untouched copy of its parent again for each worker.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench.instrument import leaks

SAMPLE_S = 0.005
PATIENCE_S = 60.0
_SAID = 500
"""Letters of what a command has said that an error ends with."""


class PeakError(RuntimeError):
    """The command failed, so that what it took is of no interest; the message has what it said."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest sum that was seen, over the command and its descendants, and how many processes these were then."""

    pss_bytes: int
    processes: int


def unavailable() -> str | None:
    """Return why there is no PSS here, or None."""
    return None if sys.platform == "linux" else "PSS is known on Linux alone"


def peak(command: Sequence[str]) -> Peak:
    """Run a command to its end and return its peak; what lasts less than SAMPLE_S may be missed.

    Raises PeakError for an exit status other than 0, and for one that has not ended after PATIENCE_S: that is killed,
    with all that it has started.
    """
    highest = Peak(0, 0)
    nowhere = subprocess.DEVNULL
    with (
        tempfile.TemporaryFile() as errors,  # which takes whatever is said, and whose end nobody has to wait for
        subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=errors) as child,  # noqa: S603
    ):
        deadline = time.monotonic() + PATIENCE_S
        while (is_late := child.poll() is None) and time.monotonic() < deadline:
            found = _now(child.pid)
            highest = max(highest, found, key=lambda one: one.pss_bytes)
            time.sleep(SAMPLE_S)
        if is_late:
            leaks.kill(_tree(child.pid))
        status = child.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()[-_SAID:]
    if is_late:
        raise PeakError(f"had not ended after {PATIENCE_S:g} s: {said}")
    if status:
        raise PeakError(f"exit status {status}: {said}")
    return highest


def _tree(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _now(pid: int) -> Peak:
    total_bytes = processes = 0
    for process in _tree(pid):
        try:
            total_bytes += int(process.memory_full_info().pss)
            processes += 1
        except psutil.Error:
            continue  # it has ended
    return Peak(total_bytes, processes)
