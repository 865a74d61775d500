"""The words on the screen."""

import pytest

from flagkit.flags.report import closing, complaint, line_of, opening
from flagkit.flags.results import Result, Status, Tally
from flagkit.flags.sites import Site

LOCAL = Site("LOCAL", "http://localhost:8001/flags")


def tally(ok: int, not_found: int, *errors: str) -> Tally:
    """Return a tally with so many of each."""
    ends = [Result("BR", Status.OK)] * ok + [Result("ZZ", Status.NOT_FOUND)] * not_found
    return Tally((*ends, *(Result.failed("FR", error) for error in errors)), workers=1, elapsed_s=0.1251)


def test_the_opening_names_the_server_the_flags_and_the_connections() -> None:
    """More than ten codes are told by the first and the last."""
    codes = [f"A{letter}" for letter in "ABCDEFGHIJK"]
    assert opening(LOCAL, codes, 30).splitlines() == [
        "LOCAL site: http://localhost:8001/flags",
        "Searching for 11 flags: from AA to AK",
        "30 concurrent connections will be used.",
    ]


def test_up_to_ten_codes_are_listed() -> None:
    """Few codes are told each."""
    codes = [f"A{letter}" for letter in "ABCDEFGHIJ"]
    assert "Searching for 10 flags: AA, AB, AC, AD, AE, AF, AG, AH, AI, AJ" in opening(LOCAL, codes, 2)


def test_one_is_singular() -> None:
    """One flag, one connection, one error."""
    assert opening(LOCAL, ["BR"], 1, "A remark.").splitlines()[1:] == [
        "A remark.",
        "Searching for 1 flag: BR",
        "1 concurrent connection will be used.",
    ]
    assert closing(tally(1, 1, "x")).splitlines() == [
        "--------------------",
        "1 flag downloaded.",
        "1 not found.",
        "1 error.",
        "Elapsed time: 0.13s",
    ]


def test_what_did_not_happen_is_not_told_except_for_the_flags() -> None:
    """No flags are told, no errors are not."""
    assert closing(tally(0, 0)).splitlines()[1:] == ["0 flags downloaded.", "Elapsed time: 0.13s"]
    assert closing(tally(2, 0, "x", "y")).splitlines()[1:3] == ["2 flags downloaded.", "2 errors."]


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (Result("BR", Status.OK), "BR OK"),
        (Result("ZZ", Status.NOT_FOUND, "not found"), "ZZ not found"),
        (Result.failed("FR", OSError("no\nroom")), "*** Error for FR: no room"),
        (Result.failed("FR", MemoryError()), "*** Error for FR: MemoryError"),
    ],
)
def test_a_verbose_line_tells_a_codes_end(result: Result, line: str) -> None:
    """One line each, whatever the error's own words."""
    assert line_of(result) == line


def test_the_complaint_tells_what_went_wrong_most() -> None:
    """A run with errors says why, even without -v."""
    assert complaint(tally(1, 1)) == ""
    assert complaint(tally(0, 0, "refused", "refused")) == "Error: refused. -v shows each."
    assert complaint(tally(0, 0, "refused.")) == "Error: refused. -v shows each."
    assert complaint(tally(0, 0, "a", "b", "b")) == "Most frequent error (2 of 3): b. -v shows each."
