"""What all tests share."""

import copyreg
import os
import signal
from collections.abc import Iterator

import pytest

# A shell starts what it runs in the background with Ctrl-C ignored, as children then are too. Many tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    """Give examples no deadline: on a shared machine it would judge the machine, and the first one pays for imports."""
    from hypothesis import settings  # noqa: PLC0415 - pytest-benchmark compare reads this file, where there is none

    settings.register_profile("flagkit", deadline=None)
    settings.load_profile("flagkit")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run tests in two processes a core: half of the time they wait for what they start, a process or a server."""
    return 2 * (os.cpu_count() or 1)


SAME_ON_EVERY_PYTHON = (
    "gate/*",
    "report/*",
    "lockstep/test_[!gp]*.py",  # processes and generations are what every Python has to do
    "lockstep/test_proof_*.py",
    "instrument/test_order.py",
    "instrument/test_passes.py",
    "instrument/test_plugin.py",
    "instrument/test_progress.py",
    "instrument/test_shares.py",
)
"""What has others run, judges and shows: one Python does so for all. What it runs is tested beside it, on every one."""
PEERS = frozenset({"loky", "joblib", "mpire"})
"""Executors of other libraries: held to the contract (tests/executors) on every Python, and to the rest on one."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what one Python is enough for, Dask's clusters among it, which take seconds each to start."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        values = {value for value in callspec.params.values() if isinstance(value, str)} if callspec else set()
        is_of_peer = bool(values & PEERS) and not item.path.match("executors/*")
        is_same = any(item.path.match(pattern) for pattern in SAME_ON_EVERY_PYTHON)
        if "dask" in values or is_of_peer or is_same:
            item.add_marker(pytest.mark.once)
    # The file that takes longest begins first, or one of the processes that share the tests waits for it in the end
    items.sort(key=lambda item: item.path.name != "test_suites.py")


@pytest.fixture(autouse=True)
def usual_exceptions() -> Iterator[None]:
    """Let exceptions be pickled as ever after a test that has imported distributed, which has tblib change that.

    It does so for the whole process. What is forked later inherits it, and an exception that holds what cannot be
    pickled then ends a worker of ProcessPoolExecutor, which expects no failure of the exception that tells of it.
    """
    yield
    for kind, reduce in list(copyreg.dispatch_table.items()):
        if reduce.__module__.startswith("tblib"):
            del copyreg.dispatch_table[kind]
