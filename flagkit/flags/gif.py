"""Whether some bytes are a whole GIF image."""

__all__ = ["is_whole_gif"]

SIGNATURES = (b"GIF87a", b"GIF89a")
HEADER_BYTES = 13
DESCRIPTOR_BYTES = 10
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
HAS_COLOUR_TABLE = 0x80


def is_whole_gif(data: bytes) -> bool:
    """Tell whether `data` is a GIF from signature to trailer with at least one image; pixels are not decoded.

    A body that was cut short, or is something else, is told without an imaging library.
    Source: CompuServe, Graphics Interchange Format 89a (1990), sections 17 to 27.
    """
    if not data.startswith(SIGNATURES):
        return False
    try:
        return _walk(data)
    except IndexError:  # the data ended before the image did
        return False


def _walk(data: bytes) -> bool:
    images = 0
    at = HEADER_BYTES + _colour_table_bytes(data[10])
    while data[at] != TRAILER:
        if data[at] == IMAGE:
            images += 1
            # the descriptor, a colour table of its own if there is one, and the byte of the code size
            at += DESCRIPTOR_BYTES + _colour_table_bytes(data[at + 9]) + 1
        elif data[at] == EXTENSION:
            at += 2
        else:
            return False
        at = _skip_blocks(data, at)
    return images > 0


def _colour_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & HAS_COLOUR_TABLE else 0


def _skip_blocks(data: bytes, at: int) -> int:
    """Return where the sub-blocks that begin at `at` end; a block of length 0 is the last."""
    while length := data[at]:
        at += length + 1
    return at + 1
