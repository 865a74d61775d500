"""Where results go, and that they arrive whole or not at all."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.instrument import writer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def refuse_constant(name: str) -> None:
    """Fail where a JSON text holds what JSON does not know."""
    raise AssertionError(name)


def test_a_directory_gets_a_file_named_by_the_tag(tmp_path: Path) -> None:
    """--results reports means reports/<tag>.json, whether or not reports is there."""
    assert writer.destination(str(tmp_path), "cp311-linux-x86_64") == tmp_path / "cp311-linux-x86_64.json"
    assert writer.destination(f"{tmp_path}/new", "cp311") == tmp_path / "new/cp311.json"


def test_a_name_that_ends_in_json_is_the_file(tmp_path: Path) -> None:
    """--results a.json is that file, unless it is a directory."""
    assert writer.destination(f"{tmp_path}/a.json", "tag") == tmp_path / "a.json"
    (tmp_path / "b.json").mkdir()
    assert writer.destination(f"{tmp_path}/b.json", "tag") == tmp_path / "b.json/tag.json"


def test_a_file_of_another_kind_is_not_taken_for_a_directory(tmp_path: Path) -> None:
    """--results notes.txt, where that is a file, says what to give instead."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(writer.DestinationError, match=r"notes\.txt is a file; give a directory"):
        writer.destination(f"{tmp_path}/notes.txt", "tag")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    """A pipe or a device at that name would be replaced by a file: it is refused."""
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(writer.DestinationError, match="not a regular file"):
        writer.destination(f"{tmp_path}/pipe.json", "tag")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system makes no files that are not regular")
def test_a_text_takes_the_place_of_no_device(tmp_path: Path) -> None:
    """A verdict, say, may be asked for at /dev/stdout: it says no, and leaves what is there."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        writer.write_text(pipe, "a text")
    assert pipe.is_fifo()


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    """Preparing makes the directory and leaves nothing in it."""
    writer.prepare(tmp_path / "a/b/c.json")
    assert list((tmp_path / "a/b").iterdir()) == []


def test_a_directory_that_cannot_be_is_found_at_once(tmp_path: Path) -> None:
    """A file where the directory should be is one line that says what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(writer.DestinationError, match=r"cannot write in .*give another directory"):
        writer.prepare(tmp_path / "file/reports/c.json")


def test_a_folder_in_place_of_the_file_is_found_at_once(tmp_path: Path) -> None:
    """Before anything is measured; it is named, in the words of whoever asked."""
    with pytest.raises(writer.DestinationError, match=f"^{tmp_path}: is a folder; give a file$"):
        writer.prepare(tmp_path)


def test_an_interrupted_run_has_a_name_of_its_own() -> None:
    """It lies beside the complete one."""
    assert writer.interrupted(Path("reports/cp311.json")) == Path("reports/cp311-interrupted.json")


@settings(max_examples=20)  # each is forced to the disk
@given(content=st.dictionaries(st.text(), JSON))
def test_whatever_is_written_is_strict_json(
    content: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """NaN and infinities become null; everything else is read back as it was."""
    path = tmp_path_factory.getbasetemp() / "strict.json"

    writer.write(path, content)

    assert json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_constant) == writer.finite(content)


def test_numbers_that_are_not_finite_become_null() -> None:
    """At any depth, and nothing else is touched."""
    inf, nan = float("inf"), float("nan")
    assert writer.finite({"a": [nan, 1.5, (inf, -inf)], "b": {"c": nan, "d": "nan"}}) == {
        "a": [None, 1.5, [None, None]],
        "b": {"c": None, "d": "nan"},
    }


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full half-way: what was there is there, and nothing else."""
    path = tmp_path / "run.json"
    writer.write(path, {"run": 1})

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        writer.write(path, {"run": 2})

    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]
    assert json.loads(path.read_text()) == {"run": 1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes of this kind")
def test_the_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    """Its mode is that of files made in the ordinary way, not the private one of temporary files."""
    ordinary = tmp_path / "ordinary"
    ordinary.touch()

    writer.write(tmp_path / "run.json", {})

    assert (tmp_path / "run.json").stat().st_mode == ordinary.stat().st_mode
