"""Workbooks in the strict form of Office Open XML, made ones in the usual form.

The two say the same in other words (ISO/IEC 29500-1 and -4): the names of the XML
namespaces differ, and a percentage of a drawing is "75%" in one and 75000 in the other.
"""

from __future__ import annotations

import re
from pathlib import Path

from service.workbook.package import encodings
from service.workbook.package.opc import Draft, Package

STRICT = "http://purl.oclc.org/ooxml/"
USUAL = "http://schemas.openxmlformats.org/"
# Words behind the addresses that are not the same in both.
_OTHER = {
    "officeDocument/relationships/extendedProperties": (
        "officeDocument/2006/relationships/extended-properties"
    ),
    "officeDocument/relationships/customProperties": (
        "officeDocument/2006/relationships/custom-properties"
    ),
    "officeDocument/extendedProperties": "officeDocument/2006/extended-properties",
    "officeDocument/customProperties": "officeDocument/2006/custom-properties",
}
_ADDRESS = re.compile(rf"{re.escape(STRICT)}([A-Za-z]+)/([A-Za-z/]+)".encode())
_CONFORMANCE = re.compile(rb"""\sconformance\s*=\s*["']strict["']""")
_PERCENT = re.compile(rb"""=(["'])(-?\d{1,9}(?:\.\d{1,9})?)%\1""")
_DRAWN = re.compile(r"(^|/)(charts|drawings|theme|diagrams)/")


def as_usual(source: Path, target: Path) -> None:
    """Write the strict workbook at ``source`` in the usual form."""
    package = Package(source)
    draft = Draft(package)
    for name in package.names:
        if not name.lower().endswith((".xml", ".rels", ".vml")):
            continue
        data = b"".join(encodings.as_utf8(package.read(name), iter(()), name))
        found = translated(data, drawn=bool(_DRAWN.search(name)))
        if found != data:
            draft.write(name, found)
    draft.save(target)


def translated(data: bytes, *, drawn: bool) -> bytes:
    """A part of XML, in UTF-8, in the usual form.

    :param drawn: whether it is of a drawing, where percentages are written in another way
    """
    data = _ADDRESS.sub(_usual_address, data)
    data = _CONFORMANCE.sub(b"", data)
    return _PERCENT.sub(_thousandths, data) if drawn else data


def _usual_address(found: re.Match[bytes]) -> bytes:
    family, rest = found[1].decode(), found[2].decode()
    known = _OTHER.get(f"{family}/{rest}", f"{family}/2006/{rest}")
    return f"{USUAL}{known}".encode()


def _thousandths(found: re.Match[bytes]) -> bytes:
    return b"=%s%d%s" % (found[1], round(float(found[2]) * 1000), found[1])
