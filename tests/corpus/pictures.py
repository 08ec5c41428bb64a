"""Small pictures and binary parts that the workbooks hold."""

from __future__ import annotations

import io
import struct

from PIL import Image

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<circle cx="20" cy="20" r="18" fill="#C00000"/></svg>"""


def picture(kind: str = "PNG", color: tuple[int, int, int] = (31, 78, 120)) -> bytes:
    """A picture of 40 x 30 pixels: PNG, JPEG, GIF, BMP or TIFF."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(out, kind)
    return out.getvalue()


def emf() -> bytes:
    """An enhanced metafile with no records but its header and its end (MS-EMF 2.3.4.2)."""
    bounds, frame = (0, 0, 100, 100), (0, 0, 2000, 2000)
    counts = (0x10000, 108, 2, 1, 0, 0, 0, 0)
    header = struct.pack("<2I4i4i4s3I2H3I", 1, 88, *bounds, *frame, b" EMF", *counts)
    return header + struct.pack("<4i", 1920, 1080, 508, 285) + struct.pack("<5I", 14, 20, 0, 16, 20)


_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE compound file (MS-CFB) with the streams in its root; at most some 60 kB."""
    # Streams below 4096 bytes would live in the mini stream; longer ones need none.
    blocks = [data.ljust(-(-max(len(data), 4096) // 512) * 512, b"\0") for data in streams.values()]
    starts = [sum(map(len, blocks[:index])) // 512 for index in range(len(blocks))]
    chain: list[int] = []
    for block in blocks:
        chain += [*range(len(chain) + 1, len(chain) + len(block) // 512), _END]
    first, slots = len(chain), -(-(len(blocks) + 1) // 4)
    chain += [*range(first + 1, first + slots), _END, _FAT]
    entries = _entry("Root Entry", 5, _FREE, 1, _END, 0)
    for index, (name, block) in enumerate(zip(streams, blocks, strict=True)):
        right = index + 2 if index + 1 < len(blocks) else _FREE
        entries += _entry(name, 2, right, _FREE, starts[index], len(block))
    sectors = (first, 0, 4096, _END, 0, _END, 0, first + slots)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<5H6x2I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1)
    header += struct.pack("<8I", *sectors) + struct.pack("<108I", *[_FREE] * 108)
    fat = struct.pack("<128I", *chain, *[_FREE] * (128 - len(chain)))
    return header + b"".join(blocks) + entries.ljust(slots * 512, b"\0") + fat


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    links = struct.pack("<HBB3I", len(text) + 2, kind, 1, _FREE, right, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def macros() -> bytes:
    """The bytes of a vbaProject.bin that holds no code that could run."""
    project = b'ID="{00000000-0000-0000-0000-000000000000}"\r\nName="VBAProject"\r\n'
    return compound({"PROJECT": project, "PROJECTwm": b"\0\0"})


def embedded() -> bytes:
    """The bytes of an embedded OLE object."""
    return compound({"\x01Ole": bytes(20), "CONTENTS": b"an embedded object" * 40})
