"""A GIF image for each country, drawn from `designs.txt` at its first use."""

import re
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw

from flagkit.flags.codes import countries
from flagkit.flags.layers import COLOURS, LAYERS, Canvas, stripes

__all__ = ["draw_flag"]

WIDTH = 300
TRAILER = b";"
COMMENT_EXTENSION, END_OF_BLOCKS = b"!\xfe", b"\0"
MOST_BLOCK_BYTES = 255
REMARK = "Drawn by flagkit; this comment makes the file as large as the original image. "
NUMBER = re.compile(r"-?\d*\.?\d+")


@cache
def draw_flag(code: str) -> bytes:
    """Return the flag of a country as a GIF image, 300 pixels wide and of exactly the original's size in bytes.

    The same code gives the same bytes. KeyError for a code without a flag.
    """
    image = _plain_gif(code)
    comment = _comment(f"Flag of {code}. {REMARK}".encode(), countries()[code].image_bytes - len(image))
    return image.removesuffix(TRAILER) + comment + TRAILER


@cache
def _designs() -> dict[str, list[str]]:
    """Return each country's words: its proportions, then its layers."""
    text = (files("flagkit.flags") / "designs.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line[:2]: re.split(r"; | ", line[3:], maxsplit=1) for line in lines}


def _plain_gif(code: str) -> bytes:
    proportions, layers = _designs()[code]
    high, wide = (int(side) for side in proportions.split(":"))
    height = round(WIDTH * high / wide)
    image = Image.new("P", (WIDTH, height))
    palette: dict[str, int] = {}
    canvas = Canvas(
        draw=ImageDraw.Draw(image),
        width=WIDTH,
        height=height,
        colour=lambda name: palette.setdefault(COLOURS.get(name, name), len(palette)),
        code=code,
    )
    for layer in layers.split("; "):
        kind, *words = layer.split(" ")
        if kind in ("h", "v"):
            stripes(canvas, words, across=kind == "v")
        else:
            LAYERS[kind](canvas, *(float(word) if NUMBER.fullmatch(word) else word for word in words))
    image.putpalette(b"".join(bytes.fromhex(colour.removeprefix("#")) for colour in palette))
    out = BytesIO()
    image.save(out, "GIF", optimize=False)
    return out.getvalue()


def _comment(remark: bytes, size_bytes: int) -> bytes:
    """Return a GIF comment extension of `size_bytes`, its remark repeated to fill it.

    Source: CompuServe, Graphics Interchange Format 89a (1990), section 24.
    """
    room = size_bytes - len(COMMENT_EXTENSION) - len(END_OF_BLOCKS)
    text = remark * (room // len(remark) + 1)
    blocks = []
    while room > 0:
        # each block begins with its length, and none may be left with room for nothing but that
        length = min(room - 1, MOST_BLOCK_BYTES)
        if room - 1 - length == 1:
            length -= 1
        blocks.append(bytes([length]) + text[:length])
        text = text[length:]
        room -= length + 1
    return COMMENT_EXTENSION + b"".join(blocks) + END_OF_BLOCKS
