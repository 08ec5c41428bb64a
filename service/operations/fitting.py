"""Columns grow with texts that are written, unless somebody gave them their width.

What would show as #### is the matter of ``room``.
"""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.operations.layout import MEASURED_ROWS, WIDEST, column_need
from service.workbook.areas import Area
from service.workbook.geometry import column_width, has_own_width, is_fitted, widen_column

_HARDLY = 0.05  # characters that nobody sees


def show_texts(sheet: Worksheet, area: Area) -> list[str]:
    """Widen columns in which a text that was written would be cut off; their letters.

    Call it inside ``book.changing()``, after the write. Texts in front of the area count, too:
    what now stands beside them may cut them off.
    """
    widened = []
    for column in range(max(area.first_column - 1, 1), area.last_column + 1):
        if has_own_width(sheet, column):
            continue
        needed = min(max(_needs(sheet, area, column), default=0.0), WIDEST)
        if column_width(sheet, column) < needed - _HARDLY:
            widen_column(sheet, column, needed)
            widened.append(get_column_letter(column))
    return widened


def _needs(sheet: Worksheet, area: Area, column: int) -> Iterator[float]:
    """What the texts of a column's part of an area, or right in front of it, need."""
    merged = {(m.min_row, m.min_col) for m in sheet.merged_cells.ranges}
    fitted = is_fitted(sheet, column)
    for row in range(area.first_row, area.top(MEASURED_ROWS).last_row + 1):
        cell = sheet._cells.get((row, column))
        if cell is None or cell.data_type != "s" or (row, column) in merged:
            continue
        if cell._value is not None and _in_list(sheet, cell, fitted=fitted):
            yield column_need(sheet, cell, None) + 2


def _in_list(sheet: Worksheet, cell: Cell, *, fitted: bool) -> bool:
    """Whether a text has a neighbour that cuts it off, or stands in a row of a fitted list.

    A text that stands alone in its row, such as a title, runs over into the blank cells.
    """
    right, left = (sheet._cells.get((cell.row, cell.column + step)) for step in (1, -1))
    return _holds(right) or (fitted and _holds(left))


def _holds(cell: Cell | None) -> bool:
    return cell is not None and cell._value is not None
