"""The file that the proof appends to, and measuring into it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.lockstep.proof.filling import fill
from bench.lockstep.proof.records import Records, RecordsError

OPENING = {"kind": "test", "settings": {"seed": 1}}


def test_pieces_are_there_again(tmp_path: Path) -> None:
    """What was appended is what the next one to open the file finds."""
    path = tmp_path / "folder" / "proof.jsonl"
    Records(path, OPENING).append({"run": 0})
    Records(path, OPENING).append({"run": 1})

    assert Records(path, OPENING).pieces == [{"run": 0}, {"run": 1}]


@given(cut=st.integers(min_value=1, max_value=30))
def test_killed_while_writing(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """A last line that is not whole is dropped, and the next piece stands where it was."""
    path = tmp_path_factory.mktemp("killed") / "proof.jsonl"
    records = Records(path, OPENING)
    records.append({"run": 0})
    before = len(path.read_bytes())
    records.append({"run": 1, "what": "something longer than the cut"})
    path.write_bytes(path.read_bytes()[: before + cut])

    resumed = Records(path, OPENING)
    resumed.append({"run": 1})

    assert Records(path, OPENING).pieces == [{"run": 0}, {"run": 1}]


def test_killed_before_anything(tmp_path: Path) -> None:
    """A file whose first line is not whole begins anew."""
    path = tmp_path / "proof.jsonl"
    path.write_text('{"kind": "te')

    Records(path, OPENING).append({"run": 0})

    assert Records(path, OPENING).pieces == [{"run": 0}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"kind": "test", "settings": {"seed": 2}}\n', "measured with another settings; give another file"),
        ('{"kind": "other"}\n', "measured with another kind, another settings; give another file"),
        ("notes of mine\n", "line 1 is no record: it is not JSON; give another file"),
        ('{"kind": "other"}', "measured with another kind, another settings; give another file"),
        ('{"kind": "test", "settings": {"seed": 1}}\n[1]\n', "line 2 is no record"),
    ],
)
def test_files_that_cannot_go_on(tmp_path: Path, content: str, message: str) -> None:
    """Another measurement's file, or somebody's notes, are refused and left as they are."""
    path = tmp_path / "proof.jsonl"
    path.write_text(content)

    with pytest.raises(RecordsError, match=message):
        Records(path, OPENING)
    assert path.read_text() == content


def test_notes_without_a_line_break(tmp_path: Path) -> None:
    """A text that is no record and has no line break is not taken for a torn line of ours."""
    path = tmp_path / "notes.txt"
    path.write_text("notes of mine")

    with pytest.raises(RecordsError, match="line 1 is no record"):
        Records(path, OPENING)
    assert path.read_text() == "notes of mine"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A place that cannot be is refused in one line."""
    (tmp_path / "file").touch()

    with pytest.raises(RecordsError, match=r"cannot be written: .*; give another file"):
        Records(tmp_path / "file" / "proof.jsonl", OPENING)


def test_fill_goes_on(tmp_path: Path) -> None:
    """Pieces are numbered over all calls, the first of a call is measured however little the time, and each is kept."""
    path = tmp_path / "proof.jsonl"
    for _ in range(2):
        fill(Records(path, OPENING), 1e-3, lambda number: {"run": number, "at": len(path.read_text().splitlines())})

    pieces = Records(path, OPENING).pieces
    assert [piece["run"] for piece in pieces] == list(range(len(pieces)))
    assert len(pieces) >= 2
    assert all(set(piece["load"]) == {"start", "end"} for piece in pieces)
    assert [piece["at"] for piece in pieces] == [number + 1 for number in range(len(pieces))]


def test_fill_without_time(tmp_path: Path) -> None:
    """No minutes, no pieces."""
    records = Records(tmp_path / "proof.jsonl", OPENING)

    fill(records, 0, lambda number: {"run": number})

    assert records.pieces == []
    assert json.loads(records.path.read_text()) == OPENING
