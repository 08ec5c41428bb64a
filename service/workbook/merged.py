"""Merged cells: merge and part them; what they show, and how they look, stays."""

from __future__ import annotations

from copy import copy

from openpyxl.cell.cell import Cell
from openpyxl.styles import Border, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from service.errors import InvalidRange
from service.workbook.areas import Area, parse_area

_NOWHERE = Area(1, 1, 1, 1)


def merged_areas(sheet: Worksheet) -> list[Area]:
    """All merged cells of a sheet."""
    return [
        Area(item.min_row, item.min_col, item.max_row, item.max_col)
        for item in sheet.merged_cells.ranges
    ]


def check_merge(sheet: Worksheet, area: Area) -> None:
    """Refuse a merge that Excel does not know, or that would lose values.

    :raises InvalidRange: saying what is in the way
    """
    if area.cells == 1:
        raise InvalidRange(
            f"{area} is one cell: there is nothing to merge.", 'Name several, such as "A1:D1".'
        )
    for table in sheet.tables.values():
        if parse_area(table.ref, _NOWHERE).overlaps(area):
            raise InvalidRange(
                f"{area} reaches into the table {table.displayName} ({table.ref}), which can't "
                "hold merged cells.",
                "Merge cells outside of the table.",
            )
    for other in merged_areas(sheet):
        if other.overlaps(area) and other.joined(area) != area:
            raise InvalidRange(
                f"{area} cuts through the merged cells {other}.",
                f"Part these first, or merge {other.joined(area)}.",
            )
    hidden = [
        f"{get_column_letter(column)}{row}"
        for row in range(area.first_row, area.last_row + 1)
        for column in range(area.first_column, area.last_column + 1)
        if (row, column) != (area.first_row, area.first_column)
        and (cell := sheet._cells.get((row, column))) is not None
        and (cell.value is not None or getattr(cell, "comment", None) is not None)
    ]
    if hidden:
        more = f" and {len(hidden) - 3} more" if len(hidden) > 3 else ""
        raise InvalidRange(
            f"Merging {area} would delete what is in {', '.join(hidden[:3])}{more}: merged cells "
            "keep the first one's value only.",
            "Move or clear these cells first, or merge fewer.",
        )


def merge(sheet: Worksheet, area: Area) -> None:
    """Merge cells that ``check_merge`` let through; all look as the first one.

    Each keeps its borders, which make those of the whole.
    """
    for other in merged_areas(sheet):
        if other.overlaps(area):
            unmerge(sheet, other)
    first = sheet.cell(area.first_row, area.first_column)
    style = copy(first._style)
    there = ((place, sheet._cells.get(place)) for place in _places(area))
    borders = {
        place: copy(cell.border) if cell is not None and cell.has_style else Border()
        for place, cell in there
    }
    sheet.merge_cells(str(area))
    for place in _places(area):
        cell = sheet._cells[place]
        cell._style = copy(style)
        cell.border = borders[place]


def unmerge(sheet: Worksheet, area: Area) -> None:
    """Part merged cells; all look as the first one did, each with its own borders."""
    first = sheet.cell(area.first_row, area.first_column)
    there = ((place, sheet._cells.get(place)) for place in _places(area))
    borders = {
        place: copy(cell.border) if cell is not None and cell.has_style else Border()
        for place, cell in there
    }
    sheet.unmerge_cells(str(area))
    if not first.has_style:
        return
    for place, border in borders.items():
        cell = sheet.cell(*place)
        cell._style = copy(first._style)
        cell.border = border
    _trim(first, area)


def _trim(first: Cell, area: Area) -> None:
    """The editor gives the first cell the borders of the last one, which it has inside."""
    border = copy(first.border)
    if area.columns > 1:
        border.right = Side()
    if area.rows > 1:
        border.bottom = Side()
    first.border = border


def _places(area: Area) -> list[tuple[int, int]]:
    return [
        (row, column)
        for row in range(area.first_row, area.last_row + 1)
        for column in range(area.first_column, area.last_column + 1)
    ]
