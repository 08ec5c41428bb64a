"""What is exported: areas of sheets, and the values and texts of their cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange, listed
from service.operations.headed import range_of
from service.operations.layout import has_header_row
from service.workbook import cells
from service.workbook.areas import Area
from service.workbook.book import Book
from service.workbook.display import shown_text
from service.workbook.occupancy import is_empty

Value = str | int | float | bool | dt.date | dt.time | dt.timedelta | None


@dataclass(frozen=True)
class Part:
    """Cells of one sheet."""

    sheet: Worksheet
    area: Area


@dataclass
class Grid:
    """The values of a part, row by row.

    :param headers: names of the columns, different from each other; None without a header row
    :param rows: all rows, that of the headers too; None for a blank cell
    :param cells: the same as cells
    :param unknown: addresses of formulas whose values are not known; they are blank
    """

    book: Book
    part: Part
    headers: list[str] | None = None
    rows: list[list[Value]] = field(default_factory=list)
    cells: list[list[Cell | None]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @cached_property
    def shown(self) -> list[list[str]]:
        """The rows as a person sees them, "" for a blank cell: it takes longer than the values."""
        return [self.shown_line(line) for line in self.cells]

    def shown_line(self, line: list[Cell | None]) -> list[str]:
        """One of them."""
        return [_shown(self.book, cell) for cell in line]

    @property
    def numeric(self) -> list[bool]:
        """Whether a column holds numbers alone, below its header."""
        body = self.rows[1:] if self.headers else self.rows
        columns = zip(*body, strict=True) if body else [()] * len(self.rows[0])
        return [_numeric(column) for column in columns]


def _numeric(values: tuple[Value, ...]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given
    )


def parts_of(book: Book, sheet: str, text: str) -> list[Part]:
    """The used cells of a sheet or range; of all sheets that are not hidden, without either.

    :raises InvalidRange: if there is nothing in them
    :raises SheetRequired: for a range that names no sheet, where there are several
    """
    if sheet.strip() or text.strip() or len(book.sheet_names) == 1:
        return [_part(book, sheet, text)]
    seen = [book.sheet(name) for name in book.sheet_names]
    parts = [
        Part(found, book.used_area(found))
        for found in seen
        if found.sheet_state == "visible" and not is_empty(found)
    ]
    if not parts:
        raise InvalidRange(
            f"All visible sheets of {book.name} are empty: there is nothing to export.",
            f"Sheets: {listed(book.sheet_names)}.",
        )
    return parts


def _part(book: Book, sheet: str, text: str) -> Part:
    worksheet, area = range_of(book, sheet, text)
    used = book.used_area(worksheet)
    if not used.overlaps(area) or is_empty(worksheet):
        raise InvalidRange(
            f"{area} on {worksheet.title} is empty: there is nothing to export.",
            f"Used cells: {used}.",
        )
    last_row = min(area.last_row, used.last_row)
    last_column = min(area.last_column, used.last_column)
    return Part(worksheet, Area(area.first_row, area.first_column, last_row, last_column))


def grid_of(book: Book, part: Part, header: bool | None) -> Grid:
    """The values of a part.

    :param header: whether its first row names the columns; None to find out
    """
    area = part.area
    found = Grid(book, part)
    for row in range(area.first_row, area.last_row + 1):
        line = [
            _known(book, book.cell(part.sheet, row, column), found.unknown)
            for column in range(area.first_column, area.last_column + 1)
        ]
        found.rows.append([_value(book, cell) for cell in line])
        found.cells.append(line)
    if header is None:
        header = has_header_row(book, part.sheet, area)
    if header:
        found.headers = _headers(found.shown_line(found.cells[0]), area)
    return found


def _known(book: Book, cell: Cell | None, unknown: list[str]) -> Cell | None:
    """The cell, or None if its value is not known, which is noted."""
    if cell is not None and cell.data_type == "f" and book.computed(cell).unknown:
        unknown.append(cell.coordinate)
        return None
    return cell


def _value(book: Book, cell: Cell | None) -> Value:
    value = None if cell is None else book.value(cell)
    if cell is not None and isinstance(value, float):
        # A sum of cents is 18.099999999999998 inside; Excel shows 15 digits of it.
        value = float(f"{value:.15g}") if cell.data_type == "f" else value
        return cells.tidy_number(value)
    if value is None or isinstance(value, bool | int | dt.date | dt.time | dt.timedelta):
        return value
    return str(value)


def _shown(book: Book, cell: Cell | None) -> str:
    """What a person sees in a cell, by its number format."""
    value = None if cell is None else book.value(cell)
    if cell is None or value is None:
        return ""
    return shown_text(value, str(cell.number_format), book.xl.epoch).strip()


def as_text(value: Value) -> str:
    """A value in the form in which programs read it: 1234.5, 2026-01-31, TRUE."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, str | int | float) else str(cells.shown(value))


def _headers(texts: list[str], area: Area) -> list[str]:
    """Names of columns: a blank one has its letters, one that was there gets a number."""
    names: list[str] = []
    for number, text in enumerate(texts, start=area.first_column):
        name = base = " ".join(text.split()) or get_column_letter(number)
        again = 2
        while name in names:
            name, again = f"{base} ({again})", again + 1
        names.append(name)
    return names
