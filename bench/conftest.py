"""What holds for all suites: workers are those of a small program, not of a test runner."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest


@pytest.fixture(scope="session", autouse=True)
def small_main() -> Iterator[None]:
    """Have an empty main module while benchmarks run.

    Workers that are spawned, or forked by a forkserver, import the main module of their parent before anything else.
    Of a benchmark that is pytest, and every start would measure its import.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    yield
    sys.modules["__main__"] = main
