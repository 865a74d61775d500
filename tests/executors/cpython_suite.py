"""Run CPython's own tests of process pools on SharedMemoryExecutor and print, as JSON, how many ran and passed.

    python tests/executors/cpython_suite.py [START_METHOD ...]

They come with the Python that runs this, as `test.test_concurrent_futures`; where that is missing, the JSON says why.
"""

import concurrent.futures
import faulthandler
import importlib
import json
import multiprocessing
import platform
import sys
import unittest
from types import ModuleType
from typing import Any

from flagkit.executors import SharedMemoryExecutor

PACKAGE = "test.test_concurrent_futures"
MODULES = (
    "util",
    "executor",
    "test_as_completed",
    "test_deadlock",
    "test_init",
    "test_process_pool",
    "test_shutdown",
    "test_wait",
)
GENERIC = ("ExecutorTest", "WaitTests", "AsCompletedTests", "ExecutorShutdownTest", "ExecutorDeadlockTest")
FOR_PROCESSES = {"ExecutorTest": "ProcessPoolExecutorTest", "ExecutorShutdownTest": "ProcessPoolShutdownTest"}
"""What CPython's tests for process pools add to the generic ones, as subclasses of them."""
HANGS_AFTER = 200
"""Seconds, of which the tests take a quarter: what they wait for then is told on stderr."""
OTHERWISE = {
    f"test_{what}": "what cannot be unpickled fails alone here, and its pool goes on"
    for what in (
        "error_at_task_unpickle",
        "exit_at_task_unpickle",
        "error_during_result_unpickle_in_result_handler",
        "exit_during_result_unpickle_in_result_handler",
    )
}
"""The tests of a pool that breaks where this one does not, and why."""
MIXINS = {"fork": "ProcessPoolForkMixin", "forkserver": "ProcessPoolForkserverMixin", "spawn": "ProcessPoolSpawnMixin"}


def modules() -> list[ModuleType]:
    """Import the tests: one module up to Python 3.11, a package of several since; ImportError without them."""
    whole = importlib.import_module(PACKAGE)
    return [importlib.import_module(f"{PACKAGE}.{name}") for name in MODULES] if hasattr(whole, "__path__") else [whole]


def bind(sources: list[ModuleType]) -> dict[str, list[str]]:
    """Bind the tests to our executor, as classes of this module, where workers find them; return names by method."""
    names = {name: value for source in sources for name, value in vars(source).items()}
    bound: dict[str, list[str]] = {}
    for method, mixin_name in MIXINS.items():
        mixin = type(f"{method}Mixin", (names[mixin_name],), {"executor_type": SharedMemoryExecutor})
        for generic in GENERIC:
            case = names.get(FOR_PROCESSES.get(generic, generic), names[generic])
            name = f"{method}_{case.__name__}"
            globals()[name] = type(name, (case, mixin, names["BaseTestCase"]), {"__module__": __name__})
            for test, reason in OTHERWISE.items():
                if hasattr(case, test):
                    setattr(globals()[name], test, unittest.skip(reason)(getattr(case, test)))
            bound.setdefault(method, []).append(name)
    return bound


def take_the_place_of_process_pools(sources: list[ModuleType]) -> None:
    """Let the tests that name ProcessPoolExecutor, here and in the programs that they run, find ours."""
    concurrent.futures.ProcessPoolExecutor = SharedMemoryExecutor  # type: ignore[misc]
    ours, line = f"import {SharedMemoryExecutor.__name__}", "from concurrent.futures "
    for source in sources:
        original = getattr(source, "assert_python_ok", None)
        if original is not None:

            def assert_python_ok(*args: str, original: Any = original, **options: Any) -> Any:
                return original(
                    *(arg.replace(line + ours, "from flagkit.executors " + ours) for arg in args), **options
                )

            vars(source)["assert_python_ok"] = assert_python_ok


class Result(unittest.TextTestResult):
    """What unittest notes, and which tests passed."""

    passed = 0

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        """Count it."""
        super().addSuccess(test)
        self.passed += 1


def main(methods: list[str]) -> int:
    """Run the tests by these start methods; return the exit status."""
    report: dict[str, Any] = {"python": platform.python_version(), "methods": methods}
    if MISSING is not None:
        print(json.dumps(report | {"run": 0, "passed": 0, "failed": [], "missing": MISSING}))  # noqa: T201
        return 0
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
    take_the_place_of_process_pools(SOURCES)
    vars(importlib.import_module("test.support"))["verbose"] = 0  # they print their times where the JSON goes
    load = unittest.TestLoader().loadTestsFromTestCase
    tests = unittest.TestSuite(load(globals()[name]) for method in methods for name in BOUND[method])
    runner: Any = unittest.TextTestRunner(stream=sys.stderr, verbosity=2, resultclass=Result)  # type: ignore[arg-type]
    result = runner.run(tests)
    skipped = {f"{type(test).__name__}.{test._testMethodName}": reason for test, reason in result.skipped}
    failed = [str(test) for test, _ in (*result.failures, *result.errors)]
    report |= {"run": result.testsRun, "passed": result.passed, "failed": failed, "not applicable": skipped}
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(report))  # noqa: T201 - a command talks
    return 1 if failed else 0


try:
    SOURCES, MISSING = modules(), None
except ImportError as error:
    SOURCES, MISSING = [], str(error)
BOUND = bind(SOURCES) if SOURCES else {}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or multiprocessing.get_all_start_methods()))
