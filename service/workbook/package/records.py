"""The records of binary workbooks (.xls, .xlsb), walked to count what they hold.

Nothing is understood here but lengths, cells and a few marks: enough to know whether a
parser can be let near the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from service.errors import TooLarge
from service.workbook.package.archive import damaged

_HEAD = struct.Struct("<HH")
_PLACE = struct.Struct("<HH")
_BOF, _FILE_PASS, _SST = 0x809, 0x2F, 0xFC
_SHEET = 0x85
_ONE_CELL = frozenset((0x06, 0x201, 0x203, 0x204, 0x205, 0x27E, 0xBD, 0xBE, 0xFD, 0xD6))
_MANY = frozenset((0xBD, 0xBE))  # several numbers, or blanks, of one row
_FORMULA = 0x06
_CHART_SHEET = 2

_ROW_BINARY, _LAST_CELL_BINARY, _SST_BINARY = 0, 11, 159
_FORMULAS_BINARY = frozenset((8, 9, 10, 11))


@dataclass
class Facts:
    """What binary sheets hold. ``area`` is the largest rectangle that has all cells of one."""

    cells: int = 0
    area: int = 0
    formulas: int = 0
    encrypted: bool = False
    chart_sheets: int = 0

    def spread(self, rows: int, columns: int) -> None:
        self.area = max(self.area, rows * columns)


def walk_xls(stream: bytes, max_cells: int) -> Facts:
    """What the workbook stream of an .xls holds.

    :raises WorkbookDamaged: if its records don't fit together
    :raises TooLarge: if it holds too many cells
    """
    facts = Facts()
    at, end = 0, len(stream)
    rows = columns = 0
    while at + 4 <= end:
        kind, length = _HEAD.unpack_from(stream, at)
        body = at + 4
        at = body + length
        if at > end:
            raise damaged("one of its records is longer than the file")
        if kind in _ONE_CELL and length >= 6:
            row, column = _PLACE.unpack_from(stream, body)
            many = (length - 6) // (6 if kind == 0xBD else 2) if kind in _MANY else 1
            facts.cells += many
            rows, columns = max(rows, row + 1), max(columns, column + many)
            facts.formulas += kind == _FORMULA
        elif kind == _BOF:
            facts.spread(rows, columns)
            rows = columns = 0
        elif kind == 0 and length == 0:
            break  # the rest of the stream is padding
        elif not facts.encrypted:
            _take_mark(facts, kind, stream[body:at])
    facts.spread(rows, columns)
    _check_cells(facts, max_cells)
    return facts


def _take_mark(facts: Facts, kind: int, body: bytes) -> None:
    if kind == _FILE_PASS:
        facts.encrypted = True
    elif kind == _SHEET and len(body) > 5:
        facts.chart_sheets += body[5] == _CHART_SHEET


def walk_xlsb(part: bytes, facts: Facts, max_cells: int) -> None:
    """Add what a binary part of an .xlsb holds to ``facts``.

    :raises WorkbookDamaged: if its records don't fit together
    :raises TooLarge: if it holds too many cells
    """
    at, end = 0, len(part)
    rows = columns = 0
    while at < end:
        kind, at = _number(part, at, 2)
        length, at = _number(part, at, 4)
        if at + length > end:
            raise damaged("one of its records is longer than its part")
        if kind == _ROW_BINARY and length >= 4:
            rows = max(rows, int.from_bytes(part[at : at + 4], "little") + 1)
        elif kind <= _LAST_CELL_BINARY and length >= 4:
            facts.cells += 1
            facts.formulas += kind in _FORMULAS_BINARY
            columns = max(columns, int.from_bytes(part[at : at + 4], "little") + 1)
        elif kind == _SST_BINARY and length >= 8:
            _check_strings(int.from_bytes(part[at + 4 : at + 8], "little"), end)
        at += length
    if rows > 1 << 20 or columns > 1 << 14:
        raise damaged("it has cells outside the grid of a sheet")
    facts.spread(rows, columns)
    _check_cells(facts, max_cells)


def _number(part: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it."""
    value = 0
    for shift in range(most):
        if at >= len(part):
            raise damaged("one of its parts ends too early")
        byte = part[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            break
    return value, at


def _check_strings(count: int, size: int) -> None:
    if count > size:
        raise damaged(f"it says it has {count:,} strings, in {size:,} bytes")


def _check_cells(facts: Facts, max_cells: int) -> None:
    if facts.cells > max_cells:
        raise TooLarge(
            f"The workbook holds more than {max_cells:,} cells.",
            "Split it, or ask the operator to raise EXCEL_TOOLS_MAX_CELLS.",
        )
