"""What all tests share."""

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
