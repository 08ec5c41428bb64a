"""Tables and filters take in rows that are written right under them, as they do in Excel."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from service.workbook import cells
from service.workbook.areas import Area, parse_cell
from service.workbook.references.text import areas_of, translated


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
    """The cells of calculated columns that a write into ``area`` leaves without a value."""
    found = []
    for table in sheet.tables.values():
        before = areas_of(str(table.ref))[0]
        after = areas_of(_grown(str(table.ref), area))[0]
        if table.totalsRowCount or after == before:
            continue
        for name, model in _models(sheet, table, before):
            for row in range(before.last_row + 1, after.last_row + 1):
                line, at = lines[row - area.first_row], model.column - area.first_column
                given = 0 <= at < len(line) and line[at] not in (None, "")
                cell = sheet._cells.get((row, model.column))
                if not given and (cell is None or cell.value is None):
                    found.append(Calculated(row, model, table.displayName, name))
    return found


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
        sheet.auto_filter.ref = _grown(str(sheet.auto_filter.ref), area)
    for table in sheet.tables.values():
        if table.totalsRowCount:
            continue  # what is under the totals is not the table's
        table.ref = _grown(str(table.ref), area)
        if table.autoFilter is not None:
            table.autoFilter.ref = table.ref


def _grown(reference: str, area: Area) -> str:
    """The reference with the rows of ``area``, where they begin right under it."""
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = parse_cell(first), parse_cell(last or first)
    touches = area.first_column <= right and area.last_column >= left
    if touches and area.first_row <= bottom + 1 < area.last_row + 1:
        return str(Area(top, left, area.last_row, right))
    return reference
