"""Shared memory as the system shows it."""

import os
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from bench.instrument import segments

pytestmark = pytest.mark.skipif(not segments.DIRECTORY.is_dir(), reason="this system does not show shared memory")


def test_a_segment_is_present_until_it_is_unlinked() -> None:
    """By its name; and removing it twice does no harm."""
    segment = SharedMemory(create=True, size=100)
    name = segment.name
    assert name in {present.name for present in segments.present()}
    assert segments.is_used(name, {os.getpid()})
    segments.unlink(name)
    assert name not in {present.name for present in segments.present()}
    assert not segments.is_used(name, {os.getpid()})
    segments.unlink(name)
    segment.close()


def test_a_file_that_is_no_segment_is_removed_too() -> None:
    """An empty file cannot be attached to; it goes all the same."""
    path = segments.DIRECTORY / f"empty-{os.getpid()}"
    path.touch()
    segments.unlink(path.name)
    assert not path.exists()


def test_nothing_is_present_where_the_system_shows_nothing(tmp_path: Path) -> None:
    """As on macOS and Windows."""
    assert segments.present(tmp_path / "missing") == []


def test_an_unused_segment_is_known_by_its_name_only() -> None:
    """Nobody uses either: the name that multiprocessing makes up is taken for ours, any other is not, nor one gone."""
    made_up, other = (segments.DIRECTORY / f"{prefix}{os.getpid()}" for prefix in ("psm_", "mine_"))
    made_up.touch()
    other.touch()
    try:
        assert segments.is_ours(made_up.name, {os.getpid()})
        assert not segments.is_ours(other.name, {os.getpid()})
    finally:
        made_up.unlink()
        other.unlink()
    assert not segments.is_ours(made_up.name, {os.getpid()})


def test_processes_that_may_not_be_looked_into_are_passed_over(tmp_path: Path) -> None:
    """A process that ends meanwhile, or another user's, has no maps to read."""
    (tmp_path / "123").mkdir()
    path = segments.DIRECTORY / f"psm_passed_{os.getpid()}"
    path.touch()
    try:
        assert segments.is_ours(path.name, {123}, proc=tmp_path)
        assert not segments.is_used(path.name, {123}, proc=tmp_path)
    finally:
        path.unlink()
