"""The costs of the kinds, kept from one call to the next."""

from pathlib import Path

import pytest

from flagkit.advise import cache
from tests.advise.made import costs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a cache of one's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_what_is_kept_comes_back() -> None:
    """Costs and the times that did not suffice, in one file that leaves no other behind."""
    kept = cache.Stored({"thread": costs("thread")}, {"dask": 3.0})
    cache.store(kept)
    assert cache.load() == kept
    assert len(list(cache.folder().iterdir())) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"costs": {"thread": {}}, "not_within_s": {}}', '{"costs": 3}'])
def test_what_cannot_be_read_is_not_there(text: str) -> None:
    """It is measured again, and no call fails for it."""
    cache.store(cache.Stored({"thread": costs("thread")}))
    (path,) = cache.folder().iterdir()
    path.write_text(text)
    assert cache.load() == cache.Stored()


def test_another_version_or_machine_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the costs depend on is in the name of the file."""
    cache.store(cache.Stored({"thread": costs("thread")}))
    changed = {**cache.identity(), "numpy": "0.1"}
    monkeypatch.setattr(cache, "identity", lambda: changed)
    assert cache.load() == cache.Stored()


def test_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept, and nothing fails, where there is no home to have a cache in."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("XDG_CACHE_HOME")
    cache.store(cache.Stored({"thread": costs("thread")}))
    assert cache.load() == cache.Stored()


def test_a_full_disk_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be kept is taken away, and what was kept before is still there."""
    before = cache.Stored({"thread": costs("thread")})
    cache.store(before)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache.store(cache.Stored({"thread": costs("thread")}, {"dask": 3.0}))
    assert len(list(cache.folder().iterdir())) == 1
    assert cache.load() == before


def test_a_folder_that_cannot_be_written_to(home: Path) -> None:
    """Nothing is kept, and nothing fails."""
    (home / "flagkit").write_text("no folder")
    cache.store(cache.Stored({"thread": costs("thread")}))
    assert cache.load() == cache.Stored()
