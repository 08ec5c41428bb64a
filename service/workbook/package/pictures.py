"""How large a picture is once it is unpacked, from its first bytes."""

from __future__ import annotations

import re
import struct

from service.errors import TooLarge

# Twice what Pillow warns of: it refuses more, too, but not in words for people.
MAX_PIXELS = 178_956_970
_JPEG_SIZE = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(....)", re.DOTALL)


def check(first: bytes, name: str) -> None:
    """Refuse a picture of a few kilobytes that needs gigabytes to be shown.

    :param first: the first chunk of a part; what is no picture passes
    :raises TooLarge: naming the part
    """
    width, height = _size(first[:100_000])
    if width * height > MAX_PIXELS:
        raise TooLarge(
            f"The picture {name[:100]} is {width:,} x {height:,} pixels large.",
            "Make it smaller, or remove it, and upload the workbook again.",
        )


def _size(head: bytes) -> tuple[int, int]:
    """(width, height) of a PNG, GIF, BMP or JPEG; zeros of anything else."""
    width = height = 0
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        width, height = struct.unpack_from(">II", head, 16)
    elif head[:4] == b"GIF8" and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
    elif head[:2] == b"BM" and len(head) >= 26:
        width, height = (abs(side) for side in struct.unpack_from("<ii", head, 18))
    elif head[:3] == b"\xff\xd8\xff":
        found = _JPEG_SIZE.search(head)
        height, width = struct.unpack(">HH", found[1]) if found else (0, 0)
    return width, height
