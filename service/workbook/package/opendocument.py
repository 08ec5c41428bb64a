"""OpenDocument spreadsheets, looked at before LibreOffice or calamine gets to see them.

One row may stand for a million equal ones, and one cell for thousands: a file of a kilobyte
can hold more cells than any sheet.
"""

from __future__ import annotations

import re

from service.errors import TooLarge
from service.workbook.package.archive import Archive, damaged

CONTENT = "content.xml"
_MAX_CONTENT = 400 << 20
_ROW = re.compile(rb"<[\w.-]+:table-row[\s>]")
_ROW_END = re.compile(rb"</[\w.-]+:table-row\s*>")
_ROWS = re.compile(rb"""number-rows-repeated\s*=\s*["'](\d{1,9})""")
_CELLS = re.compile(rb"""number-columns-repeated\s*=\s*["'](\d{1,9})""")
_CELL = re.compile(rb"<[\w.-]+:(?:covered-)?table-cell\b[^>]*>")
_FILLED = re.compile(rb"""[\w.-]+:(?:value|value-type|formula|string-value)\s*=""")
_FEW = 100


def check_cells(archive: Archive, max_cells: int) -> None:
    """Refuse more cells than ``max_cells``, those that only repeat others counted as well.

    :raises TooLarge: naming the limit
    :raises WorkbookDamaged: if there is no content
    """
    content = archive.read(CONTENT, _MAX_CONTENT)
    if not content:
        raise damaged("it has no content")
    count = content.count(b":table-cell")
    if b"-repeated" in content:
        count += _repeated(content)
    if count > max_cells * 2:  # formatted blanks among them
        raise TooLarge(
            f"The workbook holds about {count:,} cells; at most {max_cells:,} are opened.",
            "Split it, or ask the operator to raise EXCEL_TOOLS_MAX_CELLS.",
        )


def _repeated(content: bytes) -> int:
    """How many filled cells only repeat others."""
    count = 0
    for found in _CELLS.finditer(content):
        times = int(found[1])
        if times > _FEW and _is_filled(content, found.start()):
            count += times
    for found in _ROWS.finditer(content):
        times = int(found[1])
        if times > _FEW:
            end = _ROW_END.search(content, found.end())
            row = content[found.end() : end.start() if end else len(content)]
            count += times * sum(_times(tag[0]) for tag in _CELL.finditer(row))
    return count


def _is_filled(content: bytes, at: int) -> bool:
    """Whether the cell that says it is repeated, at ``at``, holds a value."""
    tag = content[content.rfind(b"<", 0, at) : content.find(b">", at) + 1]
    return bool(_FILLED.search(tag))


def _times(tag: bytes) -> int:
    if not _FILLED.search(tag):
        return 0
    found = _CELLS.search(tag)
    return int(found[1]) if found else 1


def has_macros(archive: Archive) -> bool:
    """Whether there are macros in the document."""
    return any(name.startswith(("Basic/", "Scripts/")) for name in archive.names)
