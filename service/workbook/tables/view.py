"""A table of the workbook, with its parts by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.worksheet.table import Table, TableColumn
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidParameters, listed
from service.workbook.areas import Area, parse_area
from service.workbook.book import Book

GRID = Area(1, 1, 1_048_576, 16_384)
_NAME = re.compile(r"^[^\W\d][\w.]*$|^\\[\w.]*$")
_CELL = re.compile(r"^([A-Za-z]{1,3}\d{1,7}|[RrCc]|[Rr]\d*[Cc]\d*)$")


@dataclass
class View:
    """A table, and the sheet it is on."""

    sheet: Worksheet
    table: Table

    @property
    def name(self) -> str:
        return str(self.table.displayName)

    @property
    def area(self) -> Area:
        return parse_area(str(self.table.ref), GRID)

    @property
    def headers(self) -> int:
        count = self.table.headerRowCount
        return 1 if count is None else int(count)

    @property
    def totals(self) -> int:
        return int(self.table.totalsRowCount or 0)

    @property
    def data(self) -> Area:
        """The rows between header and totals."""
        area = self.area
        last = area.last_row - self.totals
        return Area(area.first_row + self.headers, area.first_column, last, area.last_column)

    @property
    def columns(self) -> list[TableColumn]:
        if not self.table.tableColumns:
            self.table._initialise_columns()
            row = self.area.first_row
            for number, column in enumerate(self.table.tableColumns, self.area.first_column):
                cell = self.sheet._cells.get((row, number))
                if self.headers and cell is not None and cell.value is not None:
                    column.name = str(cell.value)
        return list(self.table.tableColumns)

    @property
    def names(self) -> list[str]:
        return [str(column.name) for column in self.columns]

    def place(self, name: str, what: str = "column") -> int:
        """The number of a column among the table's, from 0 on.

        :raises InvalidParameters: listing the columns there are
        """
        folded = [other.strip().lower() for other in self.names]
        if name.strip().lower() not in folded:
            raise InvalidParameters(
                f'{what}: {self.name} has no column "{name[:60]}". Columns: {listed(self.names)}.',
                "Use one of these.",
            )
        return folded.index(name.strip().lower())

    def set_area(self, area: Area) -> None:
        """Let the table, and its filter, be that area."""
        self.table.ref = str(area)
        if self.table.autoFilter is not None:
            rows = area.last_row - self.totals
            body = Area(area.first_row, area.first_column, rows, area.last_column)
            self.table.autoFilter.ref = str(body)


def tables_of(book: Book) -> Iterator[View]:
    """All tables of a workbook."""
    for sheet in book.xl.worksheets:
        for table in sheet.tables.values():
            yield View(sheet, table)


def find_table(book: Book, sheet: str, name: str, area: Area | None) -> View:
    """The table of that name, that overlaps the area, or the only one.

    :raises InvalidParameters: listing the tables there are
    """
    found = list(tables_of(book))
    if sheet:
        found = [view for view in found if view.sheet is book.sheet(sheet)]
    by_name = [view for view in found if view.name.lower() == name.strip().lower()]
    if name:
        chosen = by_name
    elif area is not None:
        chosen = [view for view in found if view.area.overlaps(area)]
    else:
        chosen = found
    if len(chosen) != 1:
        asked = f'No table "{name[:60]}"' if name else "It is not clear which table is meant"
        where = f"{book.name}" if not sheet else f"{sheet}"
        there = [f"{view.name} ({view.sheet.title}!{view.area})" for view in found]
        raise InvalidParameters(
            f"{asked} in {where}. Tables: {listed(there) or 'none'}.",
            "Send one of these names as name." if there else 'Make one with action "create".',
        )
    return chosen[0]


def checked_name(book: Book, name: str, old: str = "") -> str:
    """A name that Excel allows for a table; blanks become underscores.

    :raises InvalidParameters: saying what Excel does not allow
    """
    plain = re.sub(r"\s+", "_", name.strip())
    taken = {view.name.lower() for view in tables_of(book)} | {
        str(defined).lower()
        for names in (book.xl.defined_names, *(s.defined_names for s in book.xl.worksheets))
        for defined in names
    }
    taken.discard(old.lower())
    problem = ""
    if not _NAME.match(plain) or len(plain) > 255:
        problem = "is none that Excel allows: letters, digits and underscores, a letter first"
    elif _CELL.match(plain):
        problem = "looks like a cell, which Excel does not allow"
    elif plain.lower() in taken:
        problem = "is taken by another table or a name"
    if problem:
        raise InvalidParameters(f'The table name "{name[:60]}" {problem}.', "Choose another name.")
    return plain


def free_name(book: Book) -> str:
    """Table1, or the first number that is free."""
    number = 1
    taken = {view.name.lower() for view in tables_of(book)}
    taken |= {str(name).lower() for name in book.xl.defined_names}
    while f"table{number}" in taken:
        number += 1
    return f"Table{number}"
