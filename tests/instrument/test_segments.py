"""Shared memory as the system shows it."""

import os
from collections.abc import Callable, Iterator
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


@pytest.fixture
def no_processes(tmp_path: Path) -> Path:
    """Return what /proc would be if nothing ran: the workers of this very test run have resource trackers."""
    (tmp_path / "proc").mkdir()
    return tmp_path / "proc"


@pytest.fixture
def make_unused() -> Iterator[Callable[[str], str]]:
    """Return a function that makes a segment that nobody uses, of a name that begins as it is told."""
    made: list[Path] = []

    def make(prefix: str) -> str:
        made.append(segments.DIRECTORY / f"{prefix}{os.getpid()}")
        made[-1].touch()
        return made[-1].name

    yield make
    for path in made:
        path.unlink(missing_ok=True)


def test_an_unused_segment_is_known_by_its_name_only(make_unused: Callable[[str], str], no_processes: Path) -> None:
    """Nobody uses either: the name that multiprocessing makes up is taken for ours, any other is not, nor one gone."""
    made_up, other = make_unused("psm_"), make_unused("mine_")
    assert segments.is_ours(made_up, {123}, no_processes)
    assert not segments.is_ours(other, {123}, no_processes)
    (segments.DIRECTORY / made_up).unlink()
    assert not segments.is_ours(made_up, {123}, no_processes)


def test_an_unused_segment_may_be_another_programs(make_unused: Callable[[str], str], no_processes: Path) -> None:
    """Where one has a resource tracker, which may be about to remove it, no alarm is raised; our own does not count."""
    name = make_unused("sem.mp-")
    (no_processes / "77").mkdir()
    (no_processes / "77" / "cmdline").write_bytes(b"python\0-c\0from multiprocessing.resource_tracker import main;")
    assert not segments.is_ours(name, {123}, no_processes)
    assert segments.is_ours(name, {123, 77}, no_processes)


def test_a_segment_that_this_process_makes_is_ours_by_any_name() -> None:
    """Unused, and while others run; one that is only attached to is not, nor one made when nothing is noted."""
    name = f"mine_{os.getpid()}"
    segment = SharedMemory(name, create=True, size=100)
    end = segments.note_creations()
    SharedMemory(name).close()
    segment.close()
    assert not segments.is_ours(name, {os.getpid()})
    segments.unlink(name)

    SharedMemory(name, create=True, size=100).close()
    assert segments.is_ours(name, {os.getpid()})
    end()
    assert not segments.is_ours(name, {os.getpid()})
    segments.unlink(name)


def test_processes_that_may_not_be_looked_into_are_passed_over(tmp_path: Path) -> None:
    """A process that ends meanwhile, or another user's, has no maps to read, nor a command line."""
    (tmp_path / "123").mkdir()
    (tmp_path / "124").mkdir()
    path = segments.DIRECTORY / f"psm_passed_{os.getpid()}"
    path.touch()
    try:
        assert segments.is_ours(path.name, {123}, proc=tmp_path)
        assert not segments.is_used(path.name, {123}, proc=tmp_path)
    finally:
        path.unlink()
