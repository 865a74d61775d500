"""`flagkit.advise.advise`, from Python."""

import time
from pathlib import Path

import pytest

from flagkit.advise import Advice, AdviseError, advise
from flagkit.executors import EXECUTORS
from tests.advise import subjects


@pytest.fixture(autouse=True)
def known_costs(cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the costs of the kinds known, and leave the user's cache alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))


def test_advice_is_a_record() -> None:
    """It has the choice, which is the first of the ranking, and all kinds are in it or ruled out."""
    advice = advise(subjects.one_more, iter(range(30)), n=60, budget=6.0)
    assert isinstance(advice, Advice)
    assert advice.choice is advice.ranking[0]
    assert advice.choice.candidate.kind == "serial"
    assert advice.measured.n == 60
    assert {one.candidate.kind for one in advice.ranking} | {one.kind for one in advice.ruled_out} == set(EXECUTORS)


@pytest.mark.once
def test_the_budget_is_kept() -> None:
    """Advising takes no longer than it was given, by and large, and most of the job is not run."""
    began = time.monotonic()
    advice = advise(subjects.wait, range(10_000), budget=6.0)
    assert time.monotonic() - began < 20  # a busy machine's; 200 s is what the job takes
    assert len(advice.measured.task_s) < 5_000


@pytest.mark.once
def test_a_function_of_the_moment() -> None:
    """What no other process can import is measured all the same, and serial or threads are advised."""
    offset = 3
    advice = advise(lambda item: item + offset, [1, 2, 3, 4], budget=6.0)
    assert {one.candidate.kind for one in advice.ranking} <= {"serial", "thread"}
    assert advice.snippet == "results = [function(item) for item in items]"


def test_a_failure_is_an_exception() -> None:
    """AdviseError, with the line that the command prints."""
    with pytest.raises(AdviseError, match=r"^tests\.advise\.subjects:fail: it raised ValueError: no good$"):
        advise(subjects.fail, [1, 2])


def test_items_without_end_need_n() -> None:
    """They are not taken for ever."""
    with pytest.raises(AdviseError, match="did not end"):
        advise(subjects.one_more, subjects.endless())


def test_no_items() -> None:
    """There is nothing to say."""
    with pytest.raises(AdviseError, match="no items"):
        advise(subjects.one_more, [])


def test_a_text_is_its_letters() -> None:
    """As items it is what a loop makes of it, and no name of something to look up."""
    with pytest.raises(AdviseError, match="no good"):
        advise(subjects.fail, "tests.advise.subjects:few")


@pytest.mark.parametrize("n", [0, -1])
def test_a_job_without_items(n: int) -> None:
    """There is no such real job."""
    with pytest.raises(AdviseError, match="at least 1"):
        advise(subjects.one_more, [1, 2], n=n)


@pytest.mark.once
def test_the_job_is_never_run_whole(tmp_path: Path) -> None:
    """At most half of the items are ever run."""
    paths = [str(tmp_path / str(number)) for number in range(10)]
    advise(touch, paths, budget=6.0)
    assert 1 <= len(list(tmp_path.iterdir())) <= 5


def touch(path: str) -> None:
    """Leave a trace."""
    Path(path).touch()
