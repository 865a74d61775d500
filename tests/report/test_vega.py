"""The script of the live charts is the same whichever process makes it, and nobody waits for what is not used."""

import pytest

from bench.report import vega

SENTINEL = "made here"


def test_another_process_makes_the_same_script() -> None:
    """The process gives what this one would make, and nothing beside it."""
    pytest.importorskip("vl_convert", reason="drawing needs vl-convert, which has no wheel for free-threaded builds")
    with vega.bundling() as made:
        assert made() == vega.bundle()


def test_it_is_made_here_where_the_process_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be used costs time alone."""
    monkeypatch.setattr(vega, "_PROGRAM", "raise SystemExit(1)")
    monkeypatch.setattr(vega, "bundle", lambda: SENTINEL)
    with vega.bundling() as made:
        assert made() == SENTINEL


def test_what_nobody_asks_for_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is told at once, and leaves no process."""
    monkeypatch.setattr(vega, "_PROGRAM", "import time; time.sleep(600)")
    with pytest.raises(LookupError, match="an input is not whole"), vega.bundling():
        raise LookupError("an input is not whole")
