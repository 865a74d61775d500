"""The flags that are drawn."""

from hashlib import blake2b
from io import BytesIO

import pytest
from PIL import Image

from flagkit.flags.codes import countries
from flagkit.flags.gif import is_whole_gif
from flagkit.flags.images import draw_flag


def pixels(code: str) -> Image.Image:
    """Decode a flag."""
    with Image.open(BytesIO(draw_flag(code))) as image:
        return image.convert("RGB")


def test_each_is_a_gif_of_exactly_its_originals_size() -> None:
    """All 194 are whole GIF images and weigh what the table says."""
    for country in countries().values():
        image = draw_flag(country.code)
        assert is_whole_gif(image), country
        assert len(image) == country.image_bytes, country


def test_no_two_look_the_same() -> None:
    """The pixels alone tell each country from every other."""
    seen = {(image.size, image.tobytes()) for image in map(pixels, countries())}
    assert len(seen) == 194


def test_the_same_code_gives_the_same_bytes() -> None:
    """Drawn again, a flag is the same, one with an emblem too."""
    before = {code: blake2b(draw_flag(code)).digest() for code in ("BR", "MX", "AF")}
    draw_flag.cache_clear()
    assert {code: blake2b(draw_flag(code)).digest() for code in before} == before


@pytest.mark.parametrize(
    ("code", "place", "colour"),
    [
        ("FR", (0.1, 0.5), (0, 35, 149)),
        ("FR", (0.9, 0.5), (237, 41, 57)),
        ("JP", (0.5, 0.5), (188, 0, 45)),
        ("JP", (0.1, 0.1), (255, 255, 255)),
        ("SE", (0.375, 0.1), (254, 204, 0)),
        ("CZ", (0.1, 0.5), (17, 69, 126)),
        ("TR", (0.2, 0.5), (255, 255, 255)),
        ("GB", (0.5, 0.5), (200, 16, 46)),
    ],
)
def test_designs_are_the_countries_own(code: str, place: tuple[float, float], colour: tuple[int, int, int]) -> None:
    """Stripes, discs, crosses, triangles, crescents and the union are where they belong."""
    image = pixels(code)
    assert image.getpixel((round(place[0] * image.width), round(place[1] * image.height))) == colour


def test_a_code_without_a_flag_has_none() -> None:
    """Nothing is drawn for a country that does not exist."""
    with pytest.raises(KeyError):
        draw_flag("ZZ")
