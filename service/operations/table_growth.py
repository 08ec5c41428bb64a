"""Tables and filters take in rows that are written right under them, as they do in Excel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import cache

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange, counted
from service.workbook import cells
from service.workbook.areas import Area, parse_cell
from service.workbook.book import Book
from service.workbook.references.changes import InsertCells
from service.workbook.references.text import areas_of, translated
from service.workbook.structure import restructure
from service.workbook.tables.formulas import quoted, stored
from service.workbook.tables.view import View, tables_of


@dataclass(frozen=True)
class Calculated:
    """A cell of a new row that gets the formula of its table's calculated column.

    :param model: the cell of the same column in the row above the new ones
    """

    row: int
    model: Cell
    table: str
    name: str

    @property
    def column(self) -> int:
        return int(self.model.column)


def calculated_cells(
    sheet: Worksheet, lines: list[list[cells.Scalar]], area: Area
) -> list[Calculated]:
    """The cells of calculated columns that a write into ``area`` leaves without a value.

    They are those of rows under a table, and of rows for which room was made above its totals.
    """
    found: list[Calculated] = []
    if not lines:
        return found
    for table in sheet.tables.values():
        before = areas_of(str(table.ref))[0]
        after = areas_of(grown_reference(str(table.ref), area))[0]
        room = bool(table.totalsRowCount) and is_room(sheet, before, area)
        if room:
            before = Area(*_corner(before), area.first_row - 1, before.last_column)
            after = Area(*_corner(before), area.last_row, before.last_column)
        elif table.totalsRowCount or after == before:
            continue
        for name, model in _models(sheet, table, before):
            for row in range(before.last_row + 1, after.last_row + 1):
                line, at = lines[row - area.first_row], model.column - area.first_column
                given = 0 <= at < len(line) and line[at] not in (None, "")
                cell = sheet._cells.get((row, model.column))
                if not given and (room or cell is None or cell.value is None):
                    found.append(Calculated(row, model, table.displayName, name))
    return found


def _corner(area: Area) -> tuple[int, int]:
    return area.first_row, area.first_column


def is_room(sheet: Worksheet, table: Area, area: Area) -> bool:
    """Whether an area is the blank rows at the end of a table's data, formulas aside."""
    if area.last_row != table.last_row - 1 or area.first_row <= table.first_row + 1:
        return False
    rows = range(area.first_row, area.last_row + 1)
    places = ((r, c) for r in rows for c in range(table.first_column, table.last_column + 1))
    there = (sheet._cells.get(place) for place in places)
    return all(c is None or c.value is None or c.data_type == "f" for c in there)


def _models(sheet: Worksheet, table: Table, area: Area) -> Iterator[tuple[str, Cell]]:
    """(name, cell in the table's last row) of the columns with a formula of their own."""
    for number, column in enumerate(table.tableColumns, area.first_column):
        cell = sheet._cells.get((area.last_row, number))
        plain = cell is not None and cell.data_type == "f" and isinstance(cell.value, str)
        if column.calculatedColumnFormula is not None and plain:
            yield str(column.name), cell


def fill(sheet: Worksheet, calculated: list[Calculated]) -> None:
    """Give these cells their formulas, in the format of the rows above."""
    for item in calculated:
        cell = sheet.cell(item.row, item.column)
        text = str(item.model.value)
        cell.value = "=" + translated(text[1:], item.row - item.model.row, 0)
        cell._style = copy(item.model._style)


def around(area: Area, calculated: list[Calculated]) -> Area:
    """The area with these cells."""
    for item in calculated:
        area = area.joined(Area(item.row, item.column, item.row, item.column))
    return area


def notes_of(calculated: list[Calculated]) -> list[str]:
    """What a person should know of it, a sentence for each column."""
    rows: dict[tuple[int, str, str], list[int]] = {}
    for item in calculated:
        rows.setdefault((item.column, item.table, item.name), []).append(item.row)
    return [
        f"{Area(min(found), column, max(found), column)} got the formula of the column "
        f"{name} of the table {table}."
        for (column, table, name), found in rows.items()
    ]


def with_tables(
    book: Book, sheet: Worksheet, lines: list[list[cells.Scalar]], row: int, column: int
) -> list[list[cells.Scalar]]:
    """Rows with [@Qty] as the file has it, which knows no such short form.

    :raises InvalidValue: outside of all tables, or for a column that is not there
    """
    names = cache(lambda: [name for view in tables_of(book) for name in view.names])

    def one(value: cells.Scalar, place: tuple[int, int]) -> cells.Scalar:
        if not isinstance(value, str) or not value.startswith("=") or "[" not in value:
            return value
        if "[@" not in value:
            return quoted(value, names())
        views = (View(sheet, table) for table in sheet.tables.values())
        found = [view for view in views if _takes(view, *place)]
        return stored(book, found[0] if found else None, value, found[0].names if found else [])

    return [
        [one(value, (row + r, column + c)) for c, value in enumerate(line)]
        for r, line in enumerate(lines)
    ]


def _takes(view: View, row: int, column: int) -> bool:
    """Whether a cell is a table's, or would be as one of rows appended to it."""
    area = view.area
    return area.first_column <= column <= area.last_column and row >= area.first_row


def place_for(book: Book, sheet: Worksheet, area: Area) -> tuple[Area, int]:
    """Where rows go that are appended: into a table's last blank rows, and above its totals.

    Room is made above totals; the sheet is another one then.

    :param area: right under the data
    :return: (area, how many of its first rows are blank ones that the table had)
    :raises ExcelToolsError: if something stands in the way; nothing is changed then
    """
    for table in sheet.tables.values():
        view = View(sheet, table)
        whole, data = view.area, view.data
        beside = area.first_column <= whole.last_column and whole.first_column <= area.last_column
        if not beside or not data.first_row <= area.first_row <= whole.last_row + 1:
            continue
        blank = _blank_rows(sheet, view)
        first = data.last_row + 1 - blank
        place = Area(first, area.first_column, first + area.rows - 1, area.last_column)
        missing = area.rows - blank
        if missing > 0 and view.totals:
            last = whole.last_row + missing - 1
            room = Area(whole.last_row, whole.first_column, last, whole.last_column)
            restructure(book, InsertCells(sheet.title, room, "rows"))
            with book.changing():
                moved = View(book.sheet(sheet.title), _same(book.sheet(sheet.title), table))
                moved.set_area(moved.area)  # its filter takes the rows in, too
        elif missing > 0:
            _refuse_over_others(book, sheet, place.below(blank))
        return place, min(blank, area.rows)
    _refuse_over_others(book, sheet, area)
    return area, 0


def _blank_rows(sheet: Worksheet, view: View) -> int:
    """How many rows at the end of a table's data hold nothing but formulas of its columns."""
    data, count = view.data, 0
    for row in range(data.last_row, data.first_row - 1, -1):
        for number, column in enumerate(view.columns, data.first_column):
            cell = sheet._cells.get((row, number))
            if cell is None or cell.value is None:
                continue
            if column.calculatedColumnFormula is None or cell.data_type != "f":
                return count
        count += 1
    return count


def _refuse_over_others(book: Book, sheet: Worksheet, area: Area) -> None:
    """Rows that are appended overwrite nothing.

    :raises InvalidRange: naming what is in the way, and where there is room
    """
    for row in range(area.first_row, area.last_row + 1):
        for column in range(area.first_column, area.last_column + 1):
            cell = sheet._cells.get((row, column))
            if cell is not None and cell.value is not None:
                end = book.used_area(sheet).last_row + 1
                under = Area(end, area.first_column, end, area.first_column)
                raise InvalidRange(
                    f"The data ends above {area}, where the rows would go, and {cell.coordinate} "
                    f"below a blank row holds {str(cell.value)[:40]!r}.",
                    f"Insert rows in front of row {area.first_row} with edit_excel_sheet and "
                    f'append again, or write under everything with start="{under}".',
                )


def kept_formulas(
    sheet: Worksheet, lines: list[list[cells.Scalar]], area: Area, blank: int
) -> list[list[cells.Scalar]]:
    """Lines for blank rows of a table with the formulas that these have where none is given."""
    out = [list(line) for line in lines]
    for row, line in enumerate(out[:blank], area.first_row):
        for column, value in enumerate(line, area.first_column):
            cell = sheet._cells.get((row, column))
            if value is None and cell is not None and cell.data_type == "f":
                line[column - area.first_column] = str(cell.value)
    return out


def _same(sheet: Worksheet, table: Table) -> Table:
    """The table as it is in a sheet that was read again."""
    return next(t for t in sheet.tables.values() if t.displayName == table.displayName)


def under_totals(sheet: Worksheet, area: Area) -> list[str]:
    """That rows right under the totals of a table are not the table's, for each such table."""
    notes = []
    for table in sheet.tables.values():
        whole = areas_of(str(table.ref))[0]
        beside = area.first_column <= whole.last_column and whole.first_column <= area.last_column
        if table.totalsRowCount and beside and area.first_row == whole.last_row + 1:
            notes.append(
                f"{area} stands under the totals of the table {table.displayName} and does not "
                f"count in them; to add to its data, insert rows in front of row {whole.last_row} "
                "with edit_excel_sheet and write there."
            )
    return notes


def grow(sheet: Worksheet, area: Area) -> None:
    """A filter over the data, and a table, go on over rows written right under it."""
    if sheet.auto_filter.ref:
        sheet.auto_filter.ref = grown_reference(str(sheet.auto_filter.ref), area)
    for table in sheet.tables.values():
        if table.totalsRowCount:
            continue  # what is under the totals is not the table's
        table.ref = grown_reference(str(table.ref), area)
        if table.autoFilter is not None:
            table.autoFilter.ref = table.ref


def grown_reference(reference: str, area: Area) -> str:
    """The reference of a table with the rows of ``area``, where they begin right under it."""
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = parse_cell(first), parse_cell(last or first)
    touches = area.first_column <= right and area.last_column >= left
    if touches and area.first_row <= bottom + 1 < area.last_row + 1:
        return str(Area(top, left, area.last_row, right))
    return reference


_SUM = re.compile(r"=\s*(SUM|SUBTOTAL)\(", re.I)


def under_sums(sheet: Worksheet, area: Area, start: str) -> list[str]:
    """That appended rows stand under a row of plain sums, which don't count them."""
    if start.strip().lower() != "append":
        return []
    above = area.first_row - 1
    columns = range(area.first_column, area.last_column + 2)
    found = [sheet._cells.get((above, column)) for column in columns]
    sums = [cell for cell in found if cell is not None and _SUM.match(str(cell.value))]
    labelled = found[0] is not None and isinstance(found[0].value, str)
    if not sums or not labelled or above < 3:
        return []
    note = (
        f"Row {above} looks like a row of totals ({sums[0].coordinate} is {sums[0].value}): the "
        "new rows stand under it and don't count in it. To have them above: undo, insert rows in "
        f"front of row {above} with edit_excel_sheet, write there, and write its sums again."
    )
    return [note]


_TOTAL_OF = re.compile(
    r"(=\s*\w+\((?:\d+\s*,\s*)?)\$?([A-Z]{1,3})(\$?)(\d+):\$?\2(\$?)(\d+)\)", re.I
)


def left_out(sheet: Worksheet, area: Area) -> list[str]:
    """That totals right under the written rows end above them, with the formula that does not."""
    row, above, found = area.last_row + 1, area.first_row - 1, []
    for column in range(area.first_column, area.last_column + 1):
        cell, new = sheet._cells.get((row, column)), sheet._cells.get((area.last_row, column))
        match = _TOTAL_OF.fullmatch(str(cell.value)) if cell is not None else None
        if cell is None or match is None or new is None or new.value is None:
            continue
        if int(match[6]) == above and match[2].upper() == cell.column_letter:
            head, letter, fixed, first, mark, _ = match.groups()
            longer = f"{head}{letter}{fixed}{first}:{letter}{mark}{area.last_row})"
            found.append((cell.coordinate, str(cell.value), longer))
    if not found:
        return []
    at, formula, longer = found[0]
    more = f" So {counted(len(found), 'cell')} of row {row}." if len(found) > 1 else ""
    note = f"{at} is {formula} and does not count what was written above it; {longer} would: write "
    return [f"{note}that to {at}.{more}"]
