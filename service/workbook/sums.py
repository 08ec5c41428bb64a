"""Rows that sum up the rows above them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from openpyxl.worksheet.worksheet import Worksheet

from service.workbook.areas import Area
from service.workbook.contents import table_areas
from service.workbook.references.text import Operand, Range, replaced

_SUMMARY = re.compile(
    r"(?i)\b(SUM|SUBTOTAL|AGGREGATE|AVERAGE|COUNT|COUNTA|MIN|MAX|MEDIAN|PRODUCT)\("
)


def totals_row(sheet: Worksheet, body: Area) -> int:
    """The last row, if it sums up the rows above; 0 if it is a row like the others."""
    row = body.last_row
    for table, place in table_areas(sheet):
        if table.totalsRowCount and place.last_row == row and place.overlaps(body):
            return row
    for column in range(body.first_column, body.last_column + 1):
        cell = sheet._cells.get((row, column))
        if cell is None or cell.data_type != "f" or not _SUMMARY.search(str(cell.value)):
            continue
        if any(_sums_up(area, body, row, column) for area in _own_areas(str(cell.value))):
            return row
    return 0


def _sums_up(area: Area, body: Area, row: int, column: int) -> bool:
    here = area.first_column <= column <= area.last_column
    above = body.first_row <= area.last_row < row
    return here and above and area.rows > 1


def _own_areas(formula: str) -> Iterator[Area]:
    """The areas of the same sheet that a formula names."""
    found: list[Area] = []

    def visit(operand: Operand) -> None:
        if operand.area and not operand.sheet:
            found.append(Range.read(operand.area).area)

    replaced(formula, visit)
    yield from found
