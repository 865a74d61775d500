"""Whether bytes are a whole GIF image."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from flagkit.flags.gif import is_whole_gif


def make(**options: object) -> bytes:
    """Return a small GIF image by Pillow."""
    out = BytesIO()
    Image.new("P", (7, 5)).save(out, "GIF", **options)
    return out.getvalue()


def animated() -> bytes:
    """Return a GIF of two images, the second with colours of its own."""
    return make(save_all=True, append_images=[Image.new("RGB", (7, 5), "red")])


WHOLE = {"plain": make(), "with a comment": make(comment=b"x" * 600), "animated": animated()}


@pytest.mark.parametrize("image", WHOLE.values(), ids=WHOLE)
def test_what_pillow_writes_is_whole(image: bytes) -> None:
    """Images, comments and animations are walked to their end."""
    assert is_whole_gif(image)


@pytest.mark.parametrize("image", WHOLE.values(), ids=WHOLE)
def test_every_shorter_part_is_not_whole(image: bytes) -> None:
    """An image that was cut anywhere is told."""
    assert not any(is_whole_gif(image[:end]) for end in range(len(image)))


def test_bytes_after_the_trailer_do_not_matter() -> None:
    """Some programs append to a GIF; it is still one."""
    assert is_whole_gif(make() + b"\0\0")


@pytest.mark.parametrize(
    "data",
    [b"<html>", b"\x89PNG\r\n", b"GIF89a" + bytes(7) + b";", b"GIF89a" + bytes(7) + b"\x99\0;"],
    ids=["html", "png", "no image", "unknown block"],
)
def test_other_things_are_no_gif(data: bytes) -> None:
    """Text, other formats, and a GIF without an image or with an unknown block are refused."""
    assert not is_whole_gif(data)


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever follows a GIF's signature, the answer is yes or no."""
    assert is_whole_gif(b"GIF89a" + data) in {True, False}
