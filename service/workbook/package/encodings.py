"""Which parts are XML, and how their bytes are read: as what they say, and never otherwise.

What is looked for in a part is looked for in UTF-8. A part in an encoding in which the same
bytes mean something else (UTF-7, EBCDIC) could hide from that.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain

from service.workbook.package.archive import damaged

_BLANK = b" \t\r\n"
_KNOWN = (".xml", ".rels", ".vml")
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UTF16_UNMARKED = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([^"']{0,60})["']""")
# In these the characters of markup have the bytes they have in ASCII.
_LIKE_ASCII = re.compile(r"^(utf-?8|(us-)?ascii|iso-?8859-\d+|windows-125\d|cp125\d|latin-?1)$")


def is_xml(first: bytes, name: str) -> bool:
    """Whether a part is XML, by its name or by how it begins."""
    if name.lower().endswith(_KNOWN):
        return True
    return _wide(first) != "" or first.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)[:1] == b"<"


def as_utf8(first: bytes, rest: Iterator[bytes], name: str) -> Iterator[bytes]:
    """A part of XML in bytes in which markup can be looked for.

    :param first: its first chunk, and ``rest`` the others
    :raises WorkbookDamaged: if it is in an encoding that no workbook is in
    """
    wide = _wide(first)
    if wide:
        decoder = codecs.getincrementaldecoder(wide)("replace")
        for chunk in chain([first], rest):
            yield decoder.decode(chunk).encode("utf-8", "replace")
        return
    head = first.removeprefix(codecs.BOM_UTF8)
    if head and head.lstrip(_BLANK)[:1] != b"<":
        raise damaged(f"its part {name[:100]} is no XML")
    declared = _DECLARED.match(head)
    encoding = declared[1].decode("ascii", "replace").lower() if declared else "utf-8"
    if not _LIKE_ASCII.match(encoding):
        raise damaged(f"its part {name[:100]} is in the encoding {encoding!r}")
    yield head
    yield from rest


def _wide(first: bytes) -> str:
    """The name of the UTF-16 that a part begins in, or ""."""
    if first[:2] in _UTF16 and first[2:4] != b"\0\0":
        return _UTF16[first[:2]]
    return _UTF16_UNMARKED.get(first[:2], "") if first[2:4] != b"\0\0" else ""
