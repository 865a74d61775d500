"""Country codes: which there are, and which of them a command line asks for."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from string import ascii_uppercase

__all__ = ["MOST_POPULOUS", "CodeError", "Country", "check_code", "countries", "every_code", "expand", "select"]

MOST_POPULOUS = (
    *("CN", "IN", "US", "ID", "BR", "PK", "NG", "BD", "RU", "JP"),
    *("MX", "PH", "VN", "ET", "EG", "DE", "IR", "TR", "CD", "FR"),
)
"""The twenty countries with the most people, the largest first."""


class CodeError(ValueError):
    """Something is neither a country code nor a first letter of one; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country with a flag: ISO 3166-1 codes, a name, and the size of its original image."""

    code: str
    """Alpha-2, upper case."""
    alpha_3: str
    numeric: str
    name: str
    image_bytes: int


@cache
def countries() -> dict[str, Country]:
    """Return the 194 countries that have a flag, by code, sorted.

    Source: `countries.csv`. Codes are ISO 3166-1; names and image sizes are those of the flags at
    http://flupy.org/data/flags, which the REMOTE server offers.
    """
    lines = (files("flagkit.flags") / "countries.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        Country(row["code"], row["alpha_3"], row["numeric"], row["country"], int(row["image_bytes"]))
        for row in csv.DictReader(lines)
    ]
    return {row.code: row for row in rows}


def every_code() -> list[str]:
    """Return AA ... ZZ, the 676 codes that two letters can make."""
    return [first + second for first, second in product(ascii_uppercase, repeat=2)]


def check_code(code: str) -> str:
    """Return `code` in upper case; CodeError unless it is two ASCII letters, so that it is safe in a path or URL."""
    if len(code) == 2 and _is_letters(code):  # noqa: PLR2004 - a code is two letters
        return code.upper()
    raise CodeError(f"{code!r} is not a country code: two letters, AA to ZZ")


def expand(arguments: Iterable[str]) -> list[str]:
    """Return the codes that `arguments` name, each a code or a first letter (B: BA ... BZ), sorted, each once.

    Upper and lower case are the same. CodeError names the first argument that is neither.
    """
    chosen: set[str] = set()
    for argument in arguments:
        if not _is_letters(argument) or len(argument) > 2:  # noqa: PLR2004 - a code is two letters
            raise CodeError(f"each CC must be A to Z or AA to ZZ, not {argument!r}")
        known = argument.upper()
        chosen.update([known] if len(known) == 2 else (known + second for second in ascii_uppercase))  # noqa: PLR2004
    return sorted(chosen)


def select(
    arguments: Iterable[str] = (),
    *,
    all_known: bool = False,
    every: bool = False,
    limit: int | None = None,
) -> list[str]:
    """Return the codes that a command line asks for: all that it names, sorted, then the first `limit` of them.

    `all_known` adds the 194 countries and `every` AA ... ZZ; with nothing named it is the twenty most populous.
    """
    chosen = set(expand(arguments))
    if all_known:
        chosen.update(countries())
    if every:
        chosen.update(every_code())
    return sorted(chosen or MOST_POPULOUS)[:limit]


def _is_letters(text: str) -> bool:
    """Tell ASCII letters alone: other alphabets have letters whose upper case is longer than they are."""
    return text.isascii() and text.isalpha()
