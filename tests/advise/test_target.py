"""What is asked about, by name: functions, items and set-ups."""

import json
from functools import partial
from pathlib import Path

import pytest

from flagkit.advise import AdviseError
from flagkit.advise.target import LOOKED_AT, Target, first_items, named
from tests.advise import subjects

HERE = "tests.advise.subjects"


def test_items_are_made_after_the_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A factory may need it; what either took is told."""
    monkeypatch.delenv("JOB_IS_SET_UP", raising=False)
    said: list[str] = []
    job = Target(f"{HERE}:needs_set_up", f"{HERE}:needs_set_up_items", f"{HERE}:set_up").load(said.append)
    assert job.items == [1] * 4
    assert said == ["runs the set-up", "looks up the items"]
    assert job.setup_s > 0
    assert job.items_s > 0


def test_function_items_and_set_up_by_name() -> None:
    """They are imported; an iterable is taken as it is."""
    job = Target(f"{HERE}:one_more", f"{HERE}:numbers", f"{HERE}:set_up").load()
    assert [job.function(item) for item in job.items] == list(range(1, 41))
    assert (job.length, job.is_factory) == (40, False)
    assert job.setup is not None


def test_a_factory_is_called() -> None:
    """What makes items is called for them."""
    job = Target(f"{HERE}:one_more", f"{HERE}:few").load()
    assert (list(job.items), job.length, job.is_factory) == ([1, 2, 3, 4], 4, True)


def test_items_without_end_are_a_sample() -> None:
    """So many are taken, and the length is unknown."""
    job = Target(f"{HERE}:one_more", f"{HERE}:endless").load()
    assert (len(job.items), job.length) == (LOOKED_AT, None)
    assert first_items(iter("abc")) == (["a", "b", "c"], 3)


def test_items_of_a_file(tmp_path: Path) -> None:
    """A list in JSON is read as such."""
    path = tmp_path / "items.json"
    path.write_text(json.dumps([[1, 2], "x"]))
    assert Target(f"{HERE}:one_more", f"@{path}").load().items == [[1, 2], "x"]


def test_attributes_of_attributes() -> None:
    """A name with dots goes on from one to the next."""
    assert Target("pathlib:Path.exists", f"{HERE}:numbers").load().function is Path.exists


@pytest.mark.parametrize(
    ("function", "items", "message"),
    [
        ("one_more", f"{HERE}:numbers", r"^'one_more' does not name a function: give module:name$"),
        (":one_more", f"{HERE}:numbers", r"^':one_more' does not name a function: give module:name$"),
        ("nothing_here:f", f"{HERE}:numbers", r"^nothing_here cannot be imported: ModuleNotFoundError: .*$"),
        (f"{HERE}:nothing", f"{HERE}:numbers", rf"^{HERE} has no nothing$"),
        (f"{HERE}:not_called", f"{HERE}:numbers", rf"^{HERE}:not_called is int, which cannot be called$"),
        (f"{HERE}:one_more", f"{HERE}:not_called", rf"^{HERE}:not_called gives int, which is no iterable$"),
        (f"{HERE}:one_more", f"{HERE}:no_items", r"^there are no items to run on$"),
        (f"{HERE}:one_more", "numbers", r"^'numbers' does not name items: give module:name$"),
        (f"{HERE}:one_more", "@absent.json", r"^absent.json: No such file or directory$"),
    ],
)
def test_what_is_not_there_is_one_line(function: str, items: str, message: str) -> None:
    """Each error says what is wrong with which name."""
    with pytest.raises(AdviseError, match=message):
        Target(function, items).load()


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON: JSONDecodeError"), ("{}", "holds no list")])
def test_a_file_of_something_else(tmp_path: Path, text: str, message: str) -> None:
    """It is refused with its name."""
    path = tmp_path / "items.json"
    path.write_text(text)
    with pytest.raises(AdviseError, match=message):
        Target(f"{HERE}:one_more", f"@{path}").load()


def test_names_of_objects() -> None:
    """A function that was given itself has its own name in messages."""
    assert Target(len, [1]).name == "builtins:len"
    assert Target(lambda item: item, [1]).name.endswith("<lambda>")


def test_functions_that_can_be_found_go_by_name() -> None:
    """So that importing their module takes its time where that is measured; what has no name stays what it is."""
    assert named(subjects.gcd) == "tests.advise.subjects:gcd"
    assert named(Target.load) == "flagkit.advise.target:Target.load"
    for function in (subjects.square, partial(subjects.gcd), subjects.locks[0].acquire):
        assert named(function) is function
