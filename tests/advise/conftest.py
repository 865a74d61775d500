"""A cache in which the costs of all kinds are known, so that a test does not have to measure them."""

from pathlib import Path

import pytest

from flagkit.advise import cache
from flagkit.executors import EXECUTORS
from tests.advise.made import costs

PEERS = ("loky", "joblib", "mpire", "dask")


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a cache that knows the kinds; those of other libraries take too long to be worth a try."""
    home = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(home))
        known = {kind: costs(kind, start_s=30.0 if kind in PEERS else 0.1) for kind in EXECUTORS if kind != "serial"}
        cache.store(cache.Stored(known))
        assert cache.load().costs == known
    return home
