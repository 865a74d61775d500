"""What all tests share."""

import copyreg
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline an example: on a shared machine it would judge the machine, and the first example pays for imports.
settings.register_profile("flagkit", deadline=None)
settings.load_profile("flagkit")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take what is done once for each executor kind to be long where that kind is a Dask cluster."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "dask" in item.callspec.params.values():
            item.add_marker(pytest.mark.long)


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
