"""Files of JSON lines, whatever stops the one that writes them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.instrument.json_lines import LineError, append, load

RECORDS = st.lists(
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=3), max_size=5
)


@given(records=RECORDS, data=st.data())
def test_cut_off_anywhere(tmp_path_factory: pytest.TempPathFactory, records: list[object], data: st.DataObject) -> None:
    """Wherever a file ends, its records up to there come back, and what is appended comes after them."""
    path = tmp_path_factory.mktemp("cut") / "records.jsonl"
    lines = [json.dumps(record).encode() for record in records]
    content = b"".join(line + b"\n" for line in lines)
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = [
        record for number, record in enumerate(records) if len(b"\n".join([*lines[:number], lines[number]])) <= cut
    ]

    assert load(path, "record") == whole
    for number in (1, 2):
        append(path, {"added": number})
    assert load(path, "record") == [*whole, {"added": 1}, {"added": 2}]
    assert path.read_bytes().count(b"\n") == len(whole) + 2


def test_no_file(tmp_path: Path) -> None:
    """It holds nothing, and the first record makes it."""
    path = tmp_path / "records.jsonl"
    assert load(path, "record") == []
    append(path, {"a": 1})
    assert path.read_text() == '{"a": 1}\n'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff\xfe\x00\n", "line 1 is no cell: it is not JSON"),
        (b"notes of mine", "line 1 is no cell: it is not JSON"),
        (b'{"a": 1}\n{"a":\n', "line 2 is no cell: it is not JSON"),
        (b'{"a": 1}\n\n{"a": 1}\n', "line 2 is no cell: it is not JSON"),
        (b'{"a": 1}\n[1]\n', "line 2 is no cell: it is no JSON object"),
        (b"null", "line 1 is no cell: it is no JSON object"),
    ],
    ids=["no text", "no line either", "half a line", "an empty line", "an array", "nothing"],
)
def test_what_is_no_record(tmp_path: Path, content: bytes, complaint: str) -> None:
    """The line is named, and why it is none."""
    path = tmp_path / "records.jsonl"
    path.write_bytes(content)
    with pytest.raises(LineError) as raised:
        load(path, "cell")
    assert str(raised.value) == f"{path}: {complaint}"


def test_what_is_no_record_stays(tmp_path: Path) -> None:
    """Nothing but the beginning of a record is taken away by the next one."""
    path = tmp_path / "notes.txt"
    path.write_text("notes of mine")
    append(path, {"a": 1})
    assert path.read_text() == 'notes of mine\n{"a": 1}\n'
