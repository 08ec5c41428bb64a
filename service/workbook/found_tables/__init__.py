"""The tables of a sheet: Excel's own, and blocks of cells with a row of headers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.found_tables.blocks import Flags, blocks
from service.workbook.found_tables.headers import Head, find_head, named
from service.workbook.found_tables.names import clean, clean_all
from service.workbook.found_tables.values import SheetValues, read_values
from service.workbook.tables.view import View

MOST_TABLES = 50
_DIGIT = re.compile(r"\d")
_GAP = 2  # blank rows within a table, at most
_TOTALS = {
    "total", "totals", "grand total", "sum", "subtotal", "gesamt", "summe", "gesamtsumme",
    "insgesamt", "gesamtergebnis", "total general", "totale",
}  # fmt: skip


@dataclass
class FoundTable:
    """A table of a sheet.

    :param name: for SQL; ``native`` is Excel's own name, "" of a block of cells
    :param area: with its headers, without a row of totals
    :param header_row: None where there is none
    :param headers: as they stand there, or letters of columns; ``columns`` are names for SQL
    :param totals: the row of totals under it that is left out, 0 for none
    """

    name: str
    sheet: str
    area: Area
    header_row: int | None
    first_row: int
    headers: list[str]
    columns: list[str]
    native: str = ""
    totals: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return max(self.area.last_row - self.first_row + 1, 0)

    @property
    def numbers(self) -> range:
        """The numbers of its columns on the sheet."""
        return range(self.area.first_column, self.area.last_column + 1)


def tables_on(book: Book, sheet: Worksheet, values: SheetValues | None = None) -> list[FoundTable]:
    """The tables of a sheet, the main one first: it takes the sheet's name."""
    values = values or read_values(book, sheet)
    native = [_native(view) for view in (View(sheet, t) for t in sheet.tables.values())]
    taken = [table.area for table in native]
    taken += [View(sheet, table).area for table in sheet.tables.values()]
    flags = Flags(values.filled()).without(taken)
    merged = [Area(m.min_row, m.min_col, m.max_row, m.max_col) for m in sheet.merged_cells.ranges]
    found = _joined([_Block(area, find_head(values, area, merged)) for area in blocks(flags)])
    held = [block for block in found if _holds_data(block)]
    if not held and not native:
        held = [block for block in found if block.area.rows > 1][:1]
    usual = [_table(sheet, values, block) for block in held]
    usual.sort(key=lambda table: -table.area.cells)
    main = [table for table in usual if table.rows] or usual
    ordered = [*main, *(table for table in usual if table not in main)][:MOST_TABLES]
    for table, name in zip(ordered, _names(sheet, ordered, native), strict=True):
        table.name = name
    return [*ordered, *native]


def _names(sheet: Worksheet, usual: list[FoundTable], native: list[FoundTable]) -> list[str]:
    return clean_all([sheet.title] * len(usual), {table.name for table in native})


def _native(view: View) -> FoundTable:
    data = view.data
    headers = named(view.names, view.area)
    area = Area(view.area.first_row, data.first_column, data.last_row, data.last_column)
    row = view.area.first_row if view.headers else None
    columns = clean_all(headers)
    totals = view.area.last_row if view.totals else 0
    name = view.name
    return FoundTable(
        clean(name), view.sheet.title, area, row, data.first_row, headers, columns, name, totals
    )


@dataclass
class _Block:
    area: Area
    head: Head
    notes: list[str] = field(default_factory=list)


def _holds_data(block: _Block) -> bool:
    """Whether a block is a table, and not a title or a note beside tables."""
    if block.area.columns == 1:
        return block.area.rows > 2
    return block.area.rows > 1 or block.head.row is not None


def _joined(found: list[_Block]) -> list[_Block]:
    """Blocks without headers right under a table, of its columns, are the rest of it."""
    joined: list[_Block] = []
    for block in found:
        above = next((b for b in reversed(joined) if _goes_on(b, block)), None)
        if above is None:
            joined.append(block)
        else:
            above.area = above.area.joined(block.area)
            note = "blank rows within it are left out"
            above.notes = [note]
    return joined


def _goes_on(above: _Block, below: _Block) -> bool:
    a, b = above.area, below.area
    inside = a.first_column <= b.first_column and b.last_column <= a.last_column
    near = 0 < b.first_row - a.last_row <= _GAP + 1
    alike = b.columns * 2 >= a.columns and (b.columns > 1 or a.columns == 1)
    return inside and near and alike and below.head.row is None and above.head.row is not None


def _table(sheet: Worksheet, values: SheetValues, block: _Block) -> FoundTable:
    area, head = block.area, block.head
    totals = _totals_row(values, area, head)
    if totals:
        area = Area(area.first_row, area.first_column, area.last_row - 1, area.last_column)
        block.notes.append(f"row {totals} holds totals and is left out")
    top = head.row or head.first_data_row
    area = Area(top, area.first_column, max(area.last_row, top), area.last_column)
    headers = named(head.names, area)
    missing = [
        get_column_letter(number)
        for number, name in enumerate(head.names, area.first_column)
        if head.row is not None and not name
    ]
    if missing:
        block.notes.append(f"without a header: {', '.join(missing[:5])}")
    if head.row is None:
        block.notes.append("no row of headers was found; columns are named by their letters")
    return FoundTable(
        "", sheet.title, area, head.row, head.first_data_row, headers, clean_all(headers),
        totals=totals, notes=block.notes,
    )  # fmt: skip


def _totals_row(values: SheetValues, area: Area, head: Head) -> int:
    """The last row of a block if it sums the others up, else 0."""
    last = area.last_row
    if last <= head.first_data_row:
        return 0
    line = [value for value in values.row(last, area) if value != ""]
    first = str(line[0]).strip().rstrip(":").lower() if line else ""
    numbers = any(not isinstance(value, str) or _DIGIT.search(value) for value in line[1:])
    return last if first in _TOTALS and numbers else 0
