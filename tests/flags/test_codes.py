"""Country codes, and the codes that a command line asks for."""

from string import ascii_letters, ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagkit.flags.codes import MOST_POPULOUS, CodeError, check_code, countries, every_code, expand, select

letters = st.sampled_from(ascii_letters)
arguments = st.lists(st.text(letters, min_size=1, max_size=2))


def test_there_are_194_countries_sorted_by_code() -> None:
    """The table has the countries of the original, in order."""
    assert len(countries()) == 194
    assert list(countries()) == sorted(countries())


def test_a_country_has_its_codes_name_and_size() -> None:
    """A row of the table keeps its facts, letters beyond ASCII too."""
    country = countries()["CI"]
    assert (country.alpha_3, country.numeric, country.name, country.image_bytes) == (
        "CIV",
        "384",
        "Côte d'Ivoire",
        5384,
    )


def test_every_code_is_676_codes() -> None:
    """Two letters make 26 times 26 codes."""
    assert (len(set(every_code())), every_code()[0], every_code()[-1]) == (676, "AA", "ZZ")


@given(arguments)
def test_expansion_is_sorted_and_without_duplicates(given_arguments: list[str]) -> None:
    """Whatever is given, each code comes once, in order, as two capital letters."""
    codes = expand(given_arguments)
    assert codes == sorted(set(codes))
    assert set(codes) <= set(every_code())


@given(arguments)
def test_case_makes_no_difference(given_arguments: list[str]) -> None:
    """Small and capital letters ask for the same codes."""
    assert expand(given_arguments) == expand([argument.swapcase() for argument in given_arguments])


@given(st.sampled_from(ascii_uppercase))
def test_a_letter_means_its_26_codes(letter: str) -> None:
    """A letter stands for all codes that begin with it."""
    assert expand([letter]) == [letter + second for second in ascii_uppercase]


@given(st.text().filter(lambda text: not (text.isascii() and text.isalpha() and len(text) <= 2)))
def test_anything_else_is_an_error(text: str) -> None:
    """What is not one or two ASCII letters is refused by name: digits, words, other alphabets, nothing at all."""
    with pytest.raises(CodeError):
        expand(["BR", text])


@pytest.mark.parametrize("code", ["", "b", "bra", "ß", "b1", "..", "éa"])
def test_what_is_no_code_is_refused(code: str) -> None:
    """Only two ASCII letters may become part of a path."""
    with pytest.raises(CodeError, match="AA to ZZ"):
        check_code(code)


def test_nothing_named_means_the_most_populous() -> None:
    """Without arguments there are the twenty, sorted."""
    assert select() == sorted(MOST_POPULOUS)


def test_the_limit_holds_for_the_default_list_too() -> None:
    """The limit takes the first of whatever was chosen."""
    assert select(limit=3) == ["BD", "BR", "CD"]
    assert select(["b"], limit=2) == ["BA", "BB"]
    assert select(all_known=True, limit=1) == ["AD"]


def test_choices_add_up() -> None:
    """Codes beside -a are added to the countries; -e holds them all."""
    assert set(select(["ZZ"], all_known=True)) == {*countries(), "ZZ"}
    assert select(["br"], every=True) == every_code()
