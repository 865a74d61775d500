"""What all tests share."""

import copyreg
import functools
import os
import signal
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

# A shell starts what it runs in the background with Ctrl-C ignored, as children then are too. Many tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Give examples no deadline: on a shared machine it would judge the machine, and the first one pays for imports.

    One Python tries many of them, and the others a few (--hypothesis-profile brief).
    """
    from hypothesis import settings  # noqa: PLC0415 - pytest-benchmark compare reads this file, where there is none

    settings.register_profile("flagkit", deadline=None)
    settings.register_profile("brief", deadline=None, max_examples=25)
    settings.load_profile(config.getoption("hypothesis_profile", None) or "flagkit")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run tests in two processes a core: half of the time they wait for what they start, a process or a server."""
    return 2 * (os.cpu_count() or 1)


SAME_ON_EVERY_PYTHON = (
    "gate/*",
    "report/*",
    "browser/*",
    "lockstep/test_[!p]*.py",  # an arm's process is what every Python has to be
    "lockstep/test_p[!r]*.py",
    "lockstep/test_proof_*.py",
    "advise/test_[!as]*.py",  # it measures on every one: the interface, and samples
    "advise/test_sandbox.py",
    "cli/test_serve.py",
    "test_suites.py",  # tox -e bench -- --quick runs them on any
    *(
        f"instrument/test_{name}.py"
        for name in (
            "comparability", "granularity", "leaks", "metrics", "order", "passes", "pilot", "plugin", "progress",
            "results", "scalability", "shares", "stability", "statistics", "visits", "writer",
        )
    ),
)  # fmt: skip
"""What has others run, judges and shows: one Python does so for all. What it runs is tested beside it, on every one."""
UNMEASURED = (
    "executors/test_contract_lifecycle.py",
    "executors/test_shared_ends.py",
    "executors/test_shared_soak.py",
    "executors/test_dask_network.py",
    "executors/test_dask_tls.py",
)
"""What starts many processes, in which coverage would take longer than the tests, of code that others measure."""
LONGEST = (
    "test_suites.py", "test_run.py", "test_procedure.py", "test_contract_lifecycle.py", "test_rates.py",
    "test_passes.py", "test_download_ends.py", "test_download.py", "test_plugin.py", "test_page.py",
    "test_dask_network.py", "test_many.py", "test_interruption.py", "test_contract.py", "test_traced.py",
    "test_judge.py", "test_size.py", "test_leaks.py",
)  # fmt: skip
"""Files that begin first, the longest before the others. Each is run by one of the processes that share the tests: a
long one that begins late keeps one busy, and no other, in the end."""
PEERS = frozenset({"loky", "joblib", "mpire"})
"""Executors of other libraries: held to the contract (tests/executors) on every Python, and to the rest on one."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what one Python is enough for where that is left out: it takes as long as many tests do."""
    is_left_out = "not once" in config.option.markexpr
    return True if is_left_out and collection_path.suffix == ".py" and _is_same(collection_path) else None


@functools.cache
def _is_same(path: Path) -> bool:
    return any(path.match(pattern) for pattern in SAME_ON_EVERY_PYTHON)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what one Python is enough for, Dask's clusters among it, which take seconds each to start."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        values = {value for value in callspec.params.values() if isinstance(value, str)} if callspec else set()
        is_of_peer = bool(values & PEERS) and not item.path.match("executors/*")
        if "dask" in values or is_of_peer or _is_same(item.path):
            item.add_marker(pytest.mark.once)
        if any(item.path.match(pattern) for pattern in UNMEASURED) or _has_interpreters(item, values):
            item.add_marker(pytest.mark.unmeasured)
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def _has_interpreters(item: pytest.Item, values: set[str]) -> bool:
    """Return whether a test starts subinterpreters itself, rather than in a process of its own or not at all."""
    is_of_others = item.path.match("report/*") or item.path.name == "test_suites.py"
    return not is_of_others and ("subinterpreter" in item.name or any("interpreter" in value for value in values))


@pytest.fixture(autouse=True, scope="session")
def plain_words() -> Iterator[None]:
    """Let what tests start speak without colours, whoever wants them of pytest: argparse heeds FORCE_COLOR too."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "PYTHON_COLORS"):
            patch.delenv(name, raising=False)
        yield


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


@pytest.fixture
def uninstall(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes a library look as if this Python lacked it, to the commands of `python -m bench`."""

    def forget(name: str) -> None:
        def version(asked: str) -> str:
            if asked == name:
                raise metadata.PackageNotFoundError(asked)
            return metadata.version(asked)

        monkeypatch.setattr("bench.instrument.command_line.version", version)

    return forget
