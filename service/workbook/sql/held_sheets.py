"""The values of a sheet whose rows are texts in a database, read where they are asked for.

What people changed since stands beside the texts: cells of rows that were made. So a value is the
one that a cell was given, or else the one that the text means, as it is of the sheet in bulk.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

from openpyxl.cell.rich_text import CellRichText
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.book import Book
from service.workbook.column_types import Decision
from service.workbook.csv_table import typed
from service.workbook.found_tables.values import SheetValues
from service.workbook.keeping.cells import OpenedCell
from service.workbook.keeping.held_rows import HeldRows
from service.workbook.keeping.lazy import BLOCK, LazyCells
from service.workbook.occupancy import count_formulas
from service.workbook.row_bytes import TableRows
from service.workbook.text_table import TextTable

_AT_ONCE = 50_000  # values
_MOST_MADE = 100_000  # rows
_FLAGS = bytes.maketrans(b"01", b"\x00\x01")


@dataclass
class HeldSheet:
    """A sheet of which most rows are those of a table of texts.

    :param source: these rows
    :param given: values of cells, by column and row (both from 1), "" for a blank: of all rows
        above those of the source, and of the others where they aren't those of the texts
    """

    source: TableRows
    given: dict[int, dict[int, Any]]

    @property
    def table(self) -> TextTable:
        return self.source.table

    @property
    def top(self) -> int:
        """The first row that has no cells but those that were asked for."""
        return self.source.first_row

    @property
    def bottom(self) -> int:
        """The last row of the texts."""
        return self.top + self.source.count - 1

    @cached_property
    def height(self) -> int:
        """The last row of all."""
        return max(self.bottom, *(max(rows, default=0) for rows in self.given.values()), 0)

    def text_row(self, row: int) -> int:
        """The number that a row of the sheet has among the rows of texts; it may lie outside."""
        return row - self.top + self.source.start + self.table.first

    def decision(self, number: int) -> Decision | None:
        """How the texts of a column become values; None of a column that has none."""
        looks = self.source.looks
        return looks[number - 1].decision if number <= len(looks) else None

    # Values -----------------------------------------------------------------------

    def sheet_values(self) -> SheetValues:
        """All of them, none of which is read yet."""
        numbers = sorted({*range(1, self.table.width + 1), *self.given})
        flags = {number: self._flags(number) for number in numbers}
        flags = {number: found for number, found in flags.items() if any(found)}
        return SheetValues({number: HeldValues(self, number) for number in flags}, flags)

    def values(self, number: int, first: int, last: int) -> list[Any]:
        """The values of a column from one row to another, "" for a blank."""
        found: list[Any] = [""] * (last - first + 1)
        low, high = max(first, self.top), min(last, self.bottom)
        if low <= high:
            found[low - first : high - first + 1] = self.meant(number, low, high)
        given = self.given.get(number, {})
        for row in given if len(given) < len(found) else range(first, last + 1):
            if first <= row <= last and row in given:
                found[row - first] = given[row]
        return found

    def meant(self, number: int, first: int, last: int) -> list[Any]:
        """The values that the texts of some rows mean, whatever was changed since."""
        decision = self.decision(number)
        if decision is None:
            return [""] * (last - first + 1)
        found: list[Any] = []
        low, end = self.text_row(first), self.text_row(last) + 1
        for start in range(low, end, _AT_ONCE):
            rows = self.table.ask(
                f"SELECT c{number - 1} FROM held WHERE rowid >= {start} "
                f"AND rowid < {min(start + _AT_ONCE, end)} ORDER BY rowid"
            )
            values = typed([text for (text,) in rows], decision)
            found.extend(["" if value is None else value for value in values])
        return found

    def changed(self, number: int, first: int, last: int) -> dict[int, Any]:
        """The values, by row, that are others than those that the texts mean."""
        given = self.given.get(number, {})
        among = {row: value for row, value in given.items() if first <= row <= last}
        end = min(self.top - 1, last)
        if first <= end:
            meant = enumerate(self.meant(number, first, end), start=first)
            same = {row for row, value in meant if row in among and _same(value, among[row])}
            among = {row: value for row, value in among.items() if row not in same}
        return among

    # Which are filled ---------------------------------------------------------------

    @cached_property
    def _counts(self) -> tuple[int, ...]:
        counts = ", ".join(f"count({name})" for name in self.table.names)
        ((*found,),) = self.table.ask(f"SELECT {counts} FROM held WHERE rowid >= {self._low}")
        return tuple(found)

    @property
    def _low(self) -> int:
        return self.text_row(self.top)

    def _flags(self, number: int) -> bytes:
        """For each row, whether there is a value in a column."""
        flags = bytearray(self.height)
        if number <= self.table.width:
            flags[self.top - 1 : self.bottom] = self._text_flags(number - 1)
        for row, value in self.given.get(number, {}).items():
            flags[row - 1] = value != ""
        return bytes(flags)

    def _text_flags(self, index: int) -> bytes:
        if self._counts[index] in (0, self.source.count):
            return bytes([self._counts[index] > 0]) * self.source.count
        rows = self.table.ask(
            f"SELECT string_agg(CASE WHEN c{index} IS NULL THEN '0' ELSE '1' END, '' "
            f"ORDER BY rowid) FROM held WHERE rowid >= {self._low} "
            "GROUP BY rowid // 100000 ORDER BY min(rowid)"
        )
        return "".join(text for (text,) in rows).encode().translate(_FLAGS)


@dataclass
class HeldValues:
    """One column's values from row 1 on."""

    sheet: HeldSheet
    number: int

    def __len__(self) -> int:
        return self.sheet.height

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, int):
            return self.sheet.values(self.number, at + 1, at + 1)[0]
        start, stop, _ = at.indices(len(self))
        return self.sheet.values(self.number, start + 1, max(start, stop))


def _same(meant: Any, given: Any) -> bool:
    """Whether a cell has the value of its text. Cells hold days as midnights."""
    if type(meant) is dt.date and type(given) is dt.datetime:
        return given == dt.datetime.combine(meant, dt.time())
    if {type(meant), type(given)} <= {int, float}:
        return repr(float(meant)) == repr(float(given))
    return type(meant) is type(given) and bool(meant == given)


# Which sheets ---------------------------------------------------------------------------


def source_of(sheet: Worksheet) -> TableRows | None:
    """The rows of texts that a sheet has."""
    cells = sheet._cells
    if isinstance(cells, LazyCells) and isinstance(cells.rows, HeldRows):
        return cells.rows.source if isinstance(cells.rows.source, TableRows) else None
    return None


def held_sheet(book: Book, sheet: Worksheet) -> HeldSheet | None:
    """A sheet of rows of texts; None of another one, and where its values aren't all known so.

    That is so where there are formulas, and where very many of its cells were asked for.
    """
    source, cells = source_of(sheet), sheet._cells
    if source is None or book.fact(sheet, "formulas", count_formulas):
        return None
    for place in range(0, cells.rows.front, BLOCK):
        cells.get((cells.rows.numbers[place], 1))  # makes the cells of the rows around it
    made = [cells.rows.numbers[place] for place in cells.made_places()]
    if len(made) > _MOST_MADE:
        return None
    return HeldSheet(source, _given(source, cells, made))


def _given(source: TableRows, cells: LazyCells, made: list[int]) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = {}
    for (row, column), cell in cells.loaded():
        if not isinstance(cell, OpenedCell) or cell.rewritten or cell.moved:
            value = str(cell.value) if isinstance(cell.value, CellRichText) else cell.value
        elif row < source.first_row:
            value = cell._value
        else:
            continue
        found.setdefault(column, {})[row] = "" if value is None else value
    for column in range(1, source.table.width + 1):
        gone = {row: "" for row in made if (row, column) not in cells}
        if gone:
            found.setdefault(column, {}).update(gone)
    return found
