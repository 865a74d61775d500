"""Another program's semaphores: never taken for ours, since removing them would break that program's pools."""

import multiprocessing
import os
import subprocess
import sys

import pytest

from bench.instrument import segments

OTHER = """
import multiprocessing, sys
lock = multiprocessing.get_context("spawn").Lock()
print("ready", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(not segments.DIRECTORY.is_dir(), reason="this system does not show shared memory")


def test_a_semaphore_belongs_to_those_who_use_it() -> None:
    """Of two semaphores with names that multiprocessing made up, the one that another process uses is not ours."""
    before = set(segments.present())
    with subprocess.Popen([sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        lock = multiprocessing.get_context("spawn").Lock()
        new = [segment.name for segment in set(segments.present()) - before]
        ours = {name for name in new if segments.is_ours(name, {os.getpid()})}
        theirs = {name for name in new if segments.is_ours(name, {other.pid})}
        other.communicate()
    assert ours == {f"sem.{lock._semlock.name.removeprefix('/')}"}  # type: ignore[attr-defined]  # multiprocessing's own
    assert len(theirs) == 1
    assert ours.isdisjoint(theirs)
